# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests themselves stand on."""

from __future__ import annotations

import subprocess
from pathlib import Path


def test_tests_enter_a_host_the_quick_way(layout):
    """By podman itself they would pass as well, in twice the time."""
    command = ["podman", "exec", "-i", "--user", "root", layout.container("debian12"), "cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.write("hello\n")
        process.stdin.flush()
        assert process.stdout.readline() == "hello\n"
        assert Path(f"/proc/{process.pid}/comm").read_text() == "nsenter\n"
        process.stdin.close()
    assert process.returncode == 0


def test_a_command_on_a_host_has_no_more_capabilities_than_the_host(layout):
    command = [
        "podman",
        "exec",
        layout.container("debian12"),
        "grep",
        "-h",
        "CapBnd",
        "/proc/1/status",
        "/proc/self/status",
    ]
    first, own = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert first == own
