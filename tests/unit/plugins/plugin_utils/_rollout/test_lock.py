# SPDX-License-Identifier: GPL-3.0-or-later
"""One rollout at a time, and the lock of one that is gone counts no more."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.lock import (
    STALE_SECONDS,
    Holder,
    LockError,
    began,
    holder,
    release,
    runs,
    take,
)

OURS = Holder("here", 10, "1000", "anna")
NOW = 1_800_000_000.0


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "rollout.lock")


def gone(_holder):
    return False


def alive(_holder):
    return True


def test_the_second_one_is_told_who_was_first(path):
    take(path, OURS, NOW, alive)
    with pytest.raises(LockError, match="anna on here, process 10"):
        take(path, replace(OURS, process=11), NOW, alive)


def test_the_first_one_renews_it_and_gives_it_back(path):
    take(path, OURS, NOW, alive)
    take(path, OURS, NOW + 50, alive)
    assert os.stat(path).st_mtime == NOW + 50
    release(path, replace(OURS, process=11))
    assert os.path.exists(path)
    release(path, OURS)
    assert not os.path.exists(path)


def test_of_a_process_that_is_gone_it_is_taken_at_once(path):
    take(path, OURS, NOW, alive)
    take(path, replace(OURS, process=11), NOW, gone)
    with pytest.raises(LockError, match="process 11"):
        take(path, OURS, NOW, alive)


def test_of_another_machine_it_is_taken_after_hours_without_renewal(path):
    take(path, replace(OURS, machine="there"), NOW, alive)
    with pytest.raises(LockError, match="on there"):
        take(path, OURS, NOW + STALE_SECONDS - 1, gone)
    take(path, OURS, NOW + STALE_SECONDS, gone)


def test_a_lock_that_was_cut_off_counts_no_more(path):
    with open(path, "w") as file:
        file.write('{"machine":')
    take(path, OURS, NOW, alive)


def test_a_process_is_told_from_another_one_with_its_number():
    ours = holder(os.getpid(), "anna")
    assert runs(ours)
    assert not runs(replace(ours, began="1"))
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    assert not runs(Holder(ours.machine, ended.pid, "", "anna"))
    assert began(ended.pid) == ""
