# SPDX-License-Identifier: GPL-3.0-or-later
"""Queue directories that come and go, and the mail in them."""

from __future__ import annotations

import fcntl

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import queue_directories
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.queue_directories import (
    _move_up,
    made,
    make_queue,
    with_queues_gone,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError


def test_a_queue_is_like_the_one_that_it_is_in(tmp_path):
    tmp_path.chmod(0o2750)
    make_queue(str(tmp_path / "bursts"))
    assert (tmp_path / "bursts").stat().st_mode == tmp_path.stat().st_mode


def fail_with(path, *names):
    """Make a queue, have mail come into it, and fail."""
    with made([str(path)]):
        for name in names:
            (path / name).write_text(name)
        raise RuntimeError("late")


def test_mail_of_a_queue_that_goes_again_goes_on_in_the_one_above(tmp_path):
    with pytest.raises(RuntimeError, match="late"):
        fail_with(tmp_path / "bursts", "qfA1", "dfA1", "xfA1", "qfB2", "dfB2")
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {name: name for name in ("qfA1", "dfA1", "xfA1", "qfB2", "dfB2")}


def test_mail_of_a_queue_that_the_way_back_forgets_goes_on_in_the_one_above(tmp_path):
    queue = tmp_path / "bursts"
    queue.mkdir()
    (queue / "qfA1").write_text("x")
    after = f"O QueueDirectory={tmp_path}\n"
    before = f"{after}Qmqueue, P={tmp_path}, R=1\nQbursts, P={queue}, R=1\n"
    assert not list(with_queues_gone(before, before))
    assert queue.exists()
    assert not list(with_queues_gone(before, after))
    assert [path.name for path in tmp_path.iterdir()] == ["qfA1"]


def test_mail_that_is_being_sent_is_left_and_named(tmp_path, monkeypatch):
    monkeypatch.setattr(queue_directories, "EMPTYING_SECONDS", 0.3)
    queue = tmp_path / "bursts"

    with open(tmp_path / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def fail():
            with made([str(queue)]):
                (tmp_path / "lock").rename(queue / "qfA1")
                raise OSError(5, "late", "x")

        with pytest.raises(SendmailError, match=f"late; mail is left in {queue}"):
            fail()
    assert [path.name for path in queue.iterdir()] == ["qfA1"]


def test_mail_that_is_written_anew_at_this_moment_stays(tmp_path, monkeypatch):
    """Sendmail writes an envelope beside the old one, which it replaces: the old one's lock says nothing of the new."""
    queue = tmp_path / "bursts"
    queue.mkdir()
    for name in ("qfA1", "dfA1"):
        (queue / name).write_text("old")

    def lock(_file, _operation):
        (queue / "tfA1").write_text("new")
        (queue / "tfA1").rename(queue / "qfA1")

    monkeypatch.setattr(fcntl, "flock", lock)
    _move_up(str(queue), "qfA1")
    assert sorted(path.name for path in queue.iterdir()) == ["dfA1", "qfA1"]
    monkeypatch.setattr(fcntl, "flock", lambda _file, _operation: None)
    _move_up(str(queue), "qfA1")
    assert (tmp_path / "qfA1").read_text() == "new"
