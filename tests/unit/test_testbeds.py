# SPDX-License-Identifier: GPL-3.0-or-later
"""Testbeds beside each other: no two runs on a machine have the same number, and a run leaves none behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from testbed.engine import ROOT, EngineError
from testbed.number import FREE, held

HOLD = """
import sys
from testbed.number import held
with held(range(1, 4), sys.argv[1]) as number:
    print(number, flush=True)
    sys.stdin.read()
"""
PODMAN = '#!/bin/sh\necho "$@" >>"$PODMAN_LOG"\n'
HANGS = 60  # seconds, after which a command that goes on is a fault
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}


@pytest.fixture
def name() -> str:
    """What the locks are called: other than those of runs beside these tests."""
    return f"ses-unit-{uuid.uuid4()}-"


@pytest.fixture
def holder(name):
    """Another process that holds the first free number of three."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, name], env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_each_process_has_a_number_of_its_own(name, holder):
    assert holder.stdout.readline() == "1\n"
    with held(range(1, 4), name) as second, held(range(1, 4), name) as third:
        assert (second, third) == ("2", "3")
        with pytest.raises(EngineError, match="1 to 3 are in use"), held(range(1, 4), name):
            pass


def test_a_number_is_free_again_when_its_process_was_killed(name, holder):
    assert holder.stdout.readline() == "1\n"
    holder.kill()
    holder.wait()
    with held(range(1, 4), name) as number:
        assert number == "1"


def test_a_number_that_is_asked_for_is_taken_or_refused(name):
    with held([7], name) as number:
        assert number == "7"
        with pytest.raises(EngineError, match="TESTBED 7 is in use by another run"), held([7], name):
            pass
    with held([7], name) as number:
        assert number == "7"


@pytest.fixture
def own(tmp_path):
    """A run of a command with a testbed of its own, on a machine whose podman only writes down what it was asked."""
    (tmp_path / "podman").write_text(PODMAN)
    (tmp_path / "podman").chmod(0o755)

    def start(script: str, **environment: str) -> subprocess.Popen[str]:
        given = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PODMAN_LOG": str(tmp_path / "log"), **environment}
        command = [sys.executable, "-m", "testbed", "own", "sh", "-c", script]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env={**ENVIRONMENT, **given}, text=True, **streams)

    return start


def removed(tmp_path: Path) -> str:
    """The prefix of the containers that were looked for in order to remove them."""
    (listed,) = [line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("ps --all")]
    return listed.partition("name=^")[2].partition("- ")[0]


def test_runs_beside_each_other_have_testbeds_of_their_own(own, tmp_path):
    script = 'echo "$TESTBED $TESTBED_PREFIX"; read -r line'
    runs = [own(script, TESTBED="", PODMAN_LOG=str(tmp_path / f"log{at}")) for at in range(3)]
    said = [run.stdout.readline().split() for run in runs]
    for run in runs:
        run.communicate("\n", timeout=HANGS)
    numbers = {int(number) for number, _prefix in said}
    assert len(numbers) == 3
    assert numbers <= set(FREE)
    assert [prefix for _number, prefix in said] == [f"ses-testbed{number}" for number, _prefix in said]


@pytest.mark.parametrize("status", [0, 3])
def test_the_testbed_is_removed_at_the_end_and_the_status_is_the_commands(own, tmp_path, status):
    run = own(f'echo "$TESTBED_PREFIX"; exit {status}', TESTBED="")
    printed, _ = run.communicate(timeout=HANGS)
    assert run.returncode == status
    assert removed(tmp_path) == printed.strip()


def test_a_run_that_is_terminated_ends_its_command_and_removes_its_testbed(own, tmp_path):
    run = own('trap "echo ended; exit" TERM; echo "$TESTBED_PREFIX"; while :; do sleep 0.1; done', TESTBED="")
    prefix = run.stdout.readline().strip()
    run.terminate()
    printed, _ = run.communicate(timeout=HANGS)
    assert run.returncode == 128 + signal.SIGTERM
    assert printed == "ended\n"
    assert removed(tmp_path) == prefix


def test_no_other_runs_testbed_is_removed(own, tmp_path):
    """The one whose number is refused is somebody else's."""
    first = own('echo "$TESTBED"; read -r line', TESTBED="")
    number = first.stdout.readline().strip()
    second = own("echo ran", TESTBED=number, PODMAN_LOG=str(tmp_path / "second"))
    printed, told = second.communicate(timeout=HANGS)
    first.communicate("\n", timeout=HANGS)
    assert (second.returncode, printed) == (1, "")
    assert told == (
        f"testbed: TESTBED {number} is in use by another run: wait for it, or give TESTBED another number, 1 to 178\n"
    )
    assert not (tmp_path / "second").exists()
