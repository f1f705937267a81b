# SPDX-License-Identifier: GPL-3.0-or-later
"""No more messages a second than ses_max_rate, over all connections together."""

from __future__ import annotations

import threading
import time
from datetime import datetime

import pytest
from testbed.relay import RELAYS, Relay

testinfra_hosts = RELAYS
RATE, MESSAGES = 5, 40


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with this rate, whatever it had before."""
    Relay(host, layout).settle(ses_masquerade_domain="example.com", ses_max_rate=RATE)


def arrivals(relay, endpoint, messages=MESSAGES, others=(), within=120.0):
    """When the endpoint took each message of a burst, in seconds after the first one was handed over."""
    began = time.time()
    feed = threading.Thread(target=relay.burst, args=("app@example.com", "to@example.net", messages, others))
    feed.start()
    assert endpoint.wait(messages=messages, timeout=within)
    feed.join()
    return sorted(datetime.fromisoformat(found["received"]).timestamp() - began for found in endpoint.messages())


def earliest(messages):
    """The first moment, in seconds after a pause, at which so many messages may have left: those of one second may
    leave at once. A machine that is busy has them leave later."""
    return messages / RATE - 1 - 0.01  # the endpoint's clock is one of milliseconds


@pytest.mark.parametrize("round_trip", [0, 0.1])
def test_a_burst_leaves_at_the_rate(relay, quiet, round_trip):
    quiet.latency(round_trip)
    moments = arrivals(relay, quiet)
    assert [moment >= earliest(count) for count, moment in enumerate(moments, start=1)] == [True] * MESSAGES


def test_a_mail_to_many_recipients_waits_once_and_one_to_a_single_one_too(relay, quiet):
    # If each recipient waited, these would take 100 seconds.
    moments = arrivals(relay, quiet, 10, [f"to{number}@example.net" for number in range(49)], within=60)
    assert [len(found["to"]) for found in quiet.messages()] == [50] * 10
    assert moments[-1] >= earliest(10)


def test_without_it_the_burst_does_not_wait(relay, quiet):
    relay.settle(ses_masquerade_domain="example.com", ses_max_rate=0.2)
    relay.settle(ses_masquerade_domain="example.com")
    # At that rate it would take 195 seconds.
    assert len(arrivals(relay, quiet)) == MESSAGES
