# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit tests by each ansible-core of the controller, and the modules' by each Python of managed hosts."""

from __future__ import annotations

import os
import re
import subprocess

from conftest import TABLE, bin_of
from testbed.engine import ROOT

DEADLINE = 900.0  # seconds; either takes one or two minutes


def passed(*command, **settings):
    """What the command printed, which has to succeed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout + done.stderr


def test_by_ansible_core(core):
    path = f"{bin_of(core)}:{os.environ['PATH']}"
    assert f"core {core}." in passed("ansible", "--version", PATH=path)
    assert re.search(r"\d{4} passed", passed("pytest", "-q", PATH=path))


def test_by_python():
    pythons = [host["python"] for host in TABLE["hosts"].values()]
    printed = passed(ROOT / "tests" / "ansible_test", "units", PYTHONS=" ".join(pythons))
    assert set(re.findall(r"with Python (\d\.\d+)$", printed, re.M)) == set(pythons)
    assert len(re.findall(r"\d{4} passed", printed)) == len(pythons)
