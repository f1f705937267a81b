# SPDX-License-Identifier: GPL-3.0-or-later
"""An MTA goes with an empty queue, or stays as it was."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import Message, QueueError
from ansible_collections.mailops.ses.plugins.module_utils._replace.drain import drain_all, preview_all, resume_all
from ansible_collections.mailops.ses.plugins.module_utils._replace.mtas import DrainError

TIMEOUT = 60.0
THROTTLED = "454 Throttling failure: Maximum sending rate exceeded."


class Old:
    """An MTA in memory. Each second it runs it delivers a message, if it can, and takes what comes."""

    def __init__(self, queue=(), runs=True, delivers=True, reaches=True, incoming=0, late=(), package=True):
        self.queue = dict.fromkeys(queue, "deferred") if not isinstance(queue, dict) else dict(queue)
        self.runs, self.delivers, self.reaches, self.package = runs, delivers, reaches, package
        self.incoming = incoming  # messages that users still hand over, one a second
        self.late = list(late)  # names that come in while it stops
        self.door = True
        self.flushes = self.started = 0
        self.now = 0.0
        self.starts = True

    def second(self):
        self.now += 1
        if self.incoming and self.door:
            self.incoming -= 1
            self.queue[f"new{self.incoming}"] = "incoming"
        movable = [name for name, state in self.queue.items() if state != "hold"]
        if self.runs and self.reaches and movable:
            del self.queue[movable[0]]

    def installed(self):
        return self.package

    def waiting(self):
        return dict(self.queue)

    def running(self):
        return self.runs

    def processes(self):
        return [42] if self.runs else []

    def start(self):
        if not self.starts:
            raise DrainError("it does not start: no")
        assert self.door, "a closed program cannot start"
        self.runs = True
        self.started += 1

    def stop(self):
        self.runs = False
        for name in self.late[:1]:
            self.queue[name] = "incoming"
        self.late = self.late[1:]

    def flush(self):
        assert self.runs
        self.flushes += 1

    def open(self):
        self.door = True

    def close(self):
        self.door = False

    def opened(self):
        return self.door

    def closed(self):
        return not self.door

    def messages(self):
        return iter([Message("deferred", 0.0, reasons=(THROTTLED,)) for _ in self.queue])

    def state(self):
        return self.queue, self.runs, self.door


def drained(old, **others):
    return drain_all({"sendmail": old, **others}, ["sendmail", *others], deadline(old), old.second, 0.0)


def deadline(old):
    return Deadline(lambda: old.now, TIMEOUT)


@pytest.mark.parametrize(
    "old",
    [
        Old(["a", "b"]),
        Old(["a", "b"], runs=False),
        Old({"a": "maildrop"}, runs=False),
        Old(),
        Old(["a"], incoming=20),
        Old(incoming=200),
        Old(["a"], late=["b", "c"]),
        Old(late=["b"], runs=True),
    ],
    ids=["running", "stopped", "maildrop", "empty", "mail comes", "a stream", "late", "late to an empty one"],
)
def test_it_goes_with_an_empty_queue(old):
    ran = old.running()
    result = drained(old)
    assert old.state() == ({}, False, False)
    assert result["changed"] is True
    assert result["stopped"] == (["sendmail"] if ran else [])
    assert drained(old)["changed"] is False


def test_what_came_last_leaves_before_it_stops():
    old = Old(["a"], incoming=20)
    drained(old)
    assert old.started == 0


def test_nothing_is_started_for_an_empty_queue():
    old = Old(runs=False)
    old.starts = False
    drained(old)
    assert old.state() == ({}, False, False)


@pytest.mark.parametrize("runs", [True, False])
def test_it_stays_when_its_mail_cannot_leave(runs):
    old = Old(["a", "b"], runs=runs, reaches=False)
    with pytest.raises(DrainError) as refused:
        drained(old)
    assert str(refused.value).startswith("sendmail is not replaced: 2 messages wait in its queue (2 deferred); ")
    assert THROTTLED in str(refused.value)
    assert old.state() == ({"a": "deferred", "b": "deferred"}, runs, True)
    assert TIMEOUT <= old.now < TIMEOUT + 3
    assert 2 <= old.flushes <= 7  # tries again, and does not hammer


@pytest.mark.parametrize(
    ("old", "said"),
    [
        (Old({"a": "deferred", "b": "hold"}), "2 messages wait in its queue (1 deferred, 1 hold); 1 is held"),
        (Old({"a": "lost", "b": "lost"}), "2 are put aside as unreadable"),
        (
            Old(["a"], delivers=False),
            "1 message waits in its queue (1 deferred); only the queues of Postfix and Sendmail",
        ),
    ],
)
def test_what_will_not_move_is_refused_at_once(old, said):
    before = old.waiting()
    for call in (drained, lambda old: preview_all({"sendmail": old}, ["sendmail"], 0.0)):
        with pytest.raises(DrainError) as refused:
            call(old)
        assert said in str(refused.value)
    assert old.now == 0
    assert old.state() == (before, True, True)


def test_a_stream_that_never_ends_ends_in_a_refusal():
    old = Old(late=[f"late{number}" for number in range(1000)])
    with pytest.raises(DrainError, match="sendmail is not replaced: mail keeps coming"):
        drained(old)
    assert (old.runs, old.door) == (True, True)


def test_one_that_does_not_start_stays():
    old = Old(["a"], runs=False)
    old.starts = False
    with pytest.raises(DrainError, match="sendmail is not replaced: it does not start"):
        drained(old)
    assert old.state() == ({"a": "deferred"}, False, True)


def test_a_queue_that_cannot_be_read_is_no_empty_queue():
    class Unreadable(Old):
        def waiting(self):
            raise QueueError("exim4 -bpc does not tell")

    old = Unreadable()
    with pytest.raises(DrainError, match="sendmail is not replaced: exim4 -bpc does not tell"):
        drained(old)
    assert (old.runs, old.door) == (True, True)


def test_a_run_that_was_interrupted_is_taken_up():
    old = Old(["a"], runs=False, reaches=False)
    old.close()
    with pytest.raises(DrainError):
        drained(old)
    assert old.state() == ({"a": "deferred"}, True, True)


def test_what_is_not_known_is_refused():
    for call in (
        lambda: drain_all({}, ["citadel-server"], Deadline(lambda: 0.0, 1.0), lambda: None, 0.0),
        lambda: preview_all({}, ["citadel-server"], 0.0),
    ):
        with pytest.raises(DrainError, match="citadel-server is not replaced: whether mail waits"):
            call()


def test_beside_one_that_is_not_known_the_other_stays():
    old = Old(["a"])
    with pytest.raises(DrainError, match="citadel-server is not replaced"):
        drain_all({"sendmail": old}, ["sendmail", "citadel-server"], deadline(old), old.second, 0.0)
    assert (old.runs, old.door) == (True, True)


def test_of_two_both_stay():
    first, second = Old(), Old(["a"], delivers=False)
    with pytest.raises(DrainError, match="exim4 is not replaced"):
        drained(first, exim4=second)
    assert first.state() == ({}, True, True)
    assert second.state() == ({"a": "deferred"}, True, True)


@pytest.mark.parametrize(
    ("old", "said"),
    [
        (Old(["a"], runs=False, package=False), "1 message waits in its queue (1 deferred); its package is gone"),
        (Old(package=False), "it still runs: end process 42"),
    ],
)
def test_what_a_package_left_is_told(old, said):
    with pytest.raises(DrainError) as left:
        drained(old)
    assert str(left.value).startswith("sendmail is replaced, but not all of it is gone: ")
    assert said in str(left.value)


def test_nothing_is_left_of_a_package_that_is_gone():
    assert drained(Old(runs=False, package=False))["changed"] is False


def test_a_preview_changes_nothing():
    old = Old(["a", "b", "c"])
    result = preview_all({"sendmail": old}, ["sendmail"], 0.0)
    assert result["msg"].startswith("sendmail has 3 messages queued. They would be delivered")
    assert result["diff"]["before"] == "sendmail: 3 messages queued, running\n"
    assert (result["changed"], result["messages"]) == (True, {"sendmail": 3})
    assert old.state() == (dict.fromkeys("abc", "deferred"), True, True)


@pytest.mark.parametrize("ran", [True, False])
def test_it_goes_on_when_the_other_could_not_be_installed(ran):
    old = Old(["a"], runs=ran)
    stopped = drained(old)["stopped"]
    known = {"sendmail": old}
    assert resume_all(known, ["sendmail"], stopped, check=True)["changed"] is True
    assert old.state() == ({}, False, False)
    assert resume_all(known, ["sendmail"], stopped, check=False)["changed"] is True
    assert old.state() == ({}, ran, True)
    assert resume_all(known, ["sendmail"], stopped, check=False)["changed"] is False


def test_what_is_gone_cannot_go_on():
    old = Old(runs=False, package=False)
    assert "not installed any more" in resume_all({"sendmail": old}, ["sendmail"], ["sendmail"], check=False)["msg"]
    assert old.runs is False
