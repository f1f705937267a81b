# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts, states and ages of real queues; and errors where a queue cannot be read."""

from __future__ import annotations

import time
from functools import partial

import pytest
from testbed.mta import REGION_ENDPOINT
from testbed.relay import RELAYS, until

testinfra_hosts = RELAYS
RATE = "454 Throttling failure: Maximum sending rate exceeded."
DAILY = "454 Throttling failure: Daily message quota exceeded."
AS_READER = ("--become", "--become-method", "su", "--become-user", "reader")
OTHER = {"postfix": "sendmail", "sendmail": "postfix"}


def test_an_empty_queue(mta):
    found = mta.look(mta=mta.kind)
    assert found["relay"] == {"host": REGION_ENDPOINT, "via": [], "logs_in": True}
    assert {
        name: found[name] for name in ("mta", "messages", "states", "oldest_age_seconds", "reasons", "changed")
    } == {
        **{"mta": mta.kind, "messages": 0, "states": {}, "oldest_age_seconds": None, "reasons": [], "changed": False},
    }


def test_the_queue_of_an_mta_that_was_never_here(mta):
    found = mta.look(mta=OTHER[mta.kind])
    assert found["failed"]
    said = {"postfix": "There is no queue directory", "sendmail": "this host has no postqueue"}
    assert said[mta.kind] in found["msg"]


def test_deferred_mail_and_mail_on_hold(mta, endpoint):
    begin = time.time()
    endpoint.fault(stage="mail", reply=DAILY, times=1)
    mta.defer()
    first = time.time()
    endpoint.fault(stage="eod", reply=RATE)
    mta.defer("a@example.com", "b@example.com")
    second = time.time()
    mta.defer()
    asked = time.time()
    found = mta.look("--check")
    answered = time.time()
    assert not found["failed"]
    assert not found["changed"]
    assert found["messages"] == 3
    assert found["states"] == {"deferred": 3}
    told = [(reason["diagnosis"]["id"], reason["count"]) for reason in found["reasons"]]
    assert told == [("rate_exceeded", 2), ("daily_quota_exceeded", 1)]
    assert [text in reason["text"] for reason, text in zip(found["reasons"], (RATE, DAILY))] == [True, True]
    rate, daily = (reason["oldest_age_seconds"] for reason in found["reasons"])
    # Arrival is told in whole seconds.
    assert asked - first - 1 <= daily <= answered - begin + 1
    assert asked - second - 1 <= rate <= daily == found["oldest_age_seconds"]

    as_reader = mta.look(*AS_READER)
    if mta.kind == "postfix":  # shows its queue to everybody
        assert as_reader["states"] == {"deferred": 3}
    else:
        assert as_reader["failed"]
        assert "/var/spool/mqueue: Permission denied. Run the task as root (become: true)." in as_reader["msg"]
        assert "messages" not in as_reader

    mta.hold()
    assert mta.look()["states"] == {"hold": 3}


@pytest.mark.cause("local_mta_down")
def test_a_stopped_mta(mta):
    mta.service("stop")
    try:
        mta.send()
        look = partial(mta.look, endpoint=REGION_ENDPOINT)  # as the check playbook does
        found = until("the mail is handed over", lambda: (seen := look())["messages"] and seen)
        assert found["states"] == {{"postfix": "maildrop", "sendmail": "client"}[mta.kind]: 1}
        causes = [reason["diagnosis"]["id"] for reason in found["reasons"]]
        assert causes == {"postfix": [], "sendmail": ["local_mta_down"]}[mta.kind]
        as_reader = mta.look(*AS_READER)
        assert as_reader["failed"]
        assert "become: true" in as_reader["msg"]
        mta.lose()
        assert mta.look()["states"].get("lost") == {"postfix": None, "sendmail": 1}[mta.kind]
    finally:
        mta.empty()
        mta.service("start")
