# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of a directory's programs, by a /proc of the test's own, and what is done for a process that is killed."""

from __future__ import annotations

import os
import signal
import time

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.command import if_killed, runs_from


@pytest.fixture
def places(tmp_path):
    """Two directories of programs of one name, and a /proc."""
    for name in ("host", "container", "proc/7", "proc/self"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("host", "container"):
        (tmp_path / name / "smtp").touch()
    return tmp_path


@pytest.mark.parametrize(("runs", "found"), [("host", True), ("container", False)])
def test_a_program_is_known_by_its_file(places, runs, found):
    (places / "proc/7/exe").symlink_to(places / runs / "smtp")
    assert runs_from(str(places / "host"), str(places / "proc")) is found


def test_a_process_that_ended_meanwhile_is_none(places):
    (places / "proc/7/exe").symlink_to(places / "gone")
    assert not runs_from(str(places / "host"), str(places / "proc"))


def test_a_command_runs_for_who_is_killed_inside_and_for_nobody_else(tmp_path):
    with if_killed("touch", str(tmp_path / "a b")):
        pass
    # One is the shell's own: a small host has no program `kill`.
    for command in (("touch", str(tmp_path / "c d")), ("eval", f"touch '{tmp_path}/e'")):
        run = os.fork()
        if not run:
            with if_killed(*command):
                os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(run, 0)
    end = time.monotonic() + 60
    while len(os.listdir(tmp_path)) < 2 and time.monotonic() < end:
        time.sleep(0.02)  # the interval of a bounded poll
    assert sorted(os.listdir(tmp_path)) == ["c d", "e"]
