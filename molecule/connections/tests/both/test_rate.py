# SPDX-License-Identifier: GPL-3.0-or-later
"""No more messages a second than ses_max_rate, over all connections together."""

from __future__ import annotations

import threading
import time

import pytest
from testbed.relay import RELAYS, Relay

testinfra_hosts = RELAYS
RATE, MESSAGES = 5, 40


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with this rate, whatever it had before."""
    Relay(host, layout).settle(ses_masquerade_domain="example.com", ses_max_rate=RATE)


def arrivals(relay, endpoint, within):
    """When each message of a burst arrives, in seconds after its first has been handed over."""
    feed = threading.Thread(target=relay.burst, args=("app@example.com", "to@example.net", MESSAGES))
    began = time.monotonic()
    feed.start()
    found = []
    while len(found) < MESSAGES:
        now = time.monotonic() - began
        assert now < within, f"{len(found)} of {MESSAGES} messages within {within} s"
        found += [now] * (endpoint.counters()["messages"] - len(found))
        time.sleep(0.02)  # the interval of a bounded poll
    feed.join()
    return found


def most(moments, seconds):
    """The most messages in any span of so many seconds."""
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


@pytest.mark.parametrize("round_trip", [0, 0.1])
def test_a_burst_leaves_at_the_rate(relay, quiet, round_trip):
    quiet.latency(round_trip)
    # Four times as long as it may take: a machine that runs other tests is busy.
    moments = arrivals(relay, quiet, within=4 * MESSAGES / RATE)
    # After a pause the messages of one second may leave at once; an arrival may be seen late by an interval.
    assert most(moments, 1) <= 2 * RATE + 2
    assert most(moments, 5) <= 6 * RATE + 2
    assert moments[-1] >= (MESSAGES - RATE) / RATE


def test_a_single_mail_does_not_wait_for_long(relay, quiet):
    began = time.monotonic()
    relay.arrived(quiet, relay.send())
    assert time.monotonic() - began < 10  # as without a rate


def test_without_it_the_same_burst_is_faster(relay, quiet):
    relay.settle(ses_masquerade_domain="example.com")
    moments = arrivals(relay, quiet, within=60)
    assert most(moments, 1) > 2 * RATE + 2
