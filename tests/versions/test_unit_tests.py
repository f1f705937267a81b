# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit tests by each ansible-core of the controller, the newest one by the newest Python; and the modules' by each
Python of managed hosts."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from conftest import CORES, HERE, OURS, TABLE, bin_of
from testbed.engine import ROOT

DEADLINE = 1600.0  # seconds; each takes four minutes of a core, beside what else `make versions` runs


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


@pytest.mark.parametrize("older", [core for core in CORES[:-1] if core != OURS])  # by which `make test` runs them
def test_by_older_cores(older):
    path = f"{bin_of(older)}:{os.environ['PATH']}"
    assert f"core {older}." in passed("ansible", "--version", PATH=path)
    assert re.search(r"\d{4} passed", passed("pytest", "-q", PATH=path))


def test_by_the_newest_ansible_core_and_the_newest_python_of_a_controller():
    printed = passed(HERE / "newest_python", "-q")
    assert f"core {CORES[-1]}." in printed
    assert f"python version = {TABLE['controller']}." in printed
    assert re.search(r"\d{4} passed", printed)


def test_by_pythons_of_hosts():
    pythons = [host["python"] for host in TABLE["hosts"].values()]
    printed = passed(ROOT / "tests" / "ansible_test", "units", PYTHONS=" ".join(pythons))
    assert set(re.findall(r"with Python (\d\.\d+)$", printed, re.M)) == set(pythons)
    assert len(re.findall(r"\d{4} passed", printed)) == len(pythons)
