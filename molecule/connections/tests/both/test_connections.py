# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections are kept open over TLS, no more than allowed, and recycled before SES's load balancer drops them."""

from __future__ import annotations

from datetime import datetime

import pytest
from testbed.relay import RELAYS, Relay, until

testinfra_hosts = RELAYS
MOST_MESSAGES, MOST_SECONDS, MOST_CONNECTIONS = 20, 5, 2
SETTINGS = {
    "ses_connection_max_messages": MOST_MESSAGES,
    "ses_connection_max_seconds": MOST_SECONDS,
    "ses_max_connections": MOST_CONNECTIONS,
}


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with these settings, whatever it had before."""
    Relay(host, layout).settle(**SETTINGS)


def delivered(quiet, count):
    """The sessions that brought COUNT mails, when all of them are over."""
    assert quiet.wait(messages=count, timeout=60)
    # An MTA keeps an idle connection for a few seconds; a record is whole when its session is closed.
    assert quiet.wait(open=0, timeout=30)
    return [session for session in quiet.sessions() if session["messages"]]


def test_a_burst_reuses_connections_and_recycles_them_by_messages(relay, quiet):
    relay.burst("app@example.org", "to@example.net", 100)
    sessions = delivered(quiet, 100)
    assert sum(len(session["messages"]) for session in sessions) == 100
    assert max(len(session["messages"]) for session in sessions) <= MOST_MESSAGES
    most = relay.mta.most_messages(MOST_MESSAGES, MOST_SECONDS)
    assert 100 / most <= len(sessions) <= 100 / most + 2 * MOST_CONNECTIONS
    assert quiet.counters()["max_open"] <= MOST_CONNECTIONS


def test_connections_are_recycled_by_seconds(relay, quiet):
    quiet.latency(0.1)  # half a second a mail: the messages alone would not end a connection within its time
    relay.burst("app@example.org", "to@example.net", 40)
    sessions = delivered(quiet, 40)
    # After its last mail a connection waits in the cache, for 5 s at most.
    assert max(seconds(session["opened"], session["closed"]) for session in sessions) <= MOST_SECONDS + 5 + 2
    assert len(sessions) > MOST_CONNECTIONS


def seconds(start, end):
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def test_a_connection_that_ses_ends_loses_no_mail(relay, quiet):
    quiet.limits(messages_per_session=5)
    relay.burst("app@example.org", "to@example.net", 20)
    sessions = delivered(quiet, 20)
    assert sum(len(session["messages"]) for session in sessions) == 20


def test_a_connection_lost_in_the_middle_of_a_mail_loses_no_mail(relay, quiet):
    quiet.fault(stage="data", drop=True, after=20, times=1)
    subject = relay.send()
    relay.arrived(quiet, subject)
    until("the queue is empty", lambda: relay.queue() == [])
