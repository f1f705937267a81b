# SPDX-License-Identifier: GPL-3.0-or-later
"""A rate in Postfix: how many processes let a delivery begin, and for how long each is busy then."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._postfix import master_cf, pace
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import describe
from hypothesis import given
from hypothesis import strategies as st
from relay_variables import GOOD


def relay(**variables):
    return describe({**GOOD, **variables}, ["web1.corp.test"], None)


def seconds(service):
    return float(service["args"][-1].rpartition(" ")[2])


def test_without_a_rate_the_service_goes_and_connections_are_kept_as_ever():
    assert pace.service(relay()) == {"name": "ses-pace", "type": "unix", "state": "absent"}
    assert pace.destinations(relay(), ["a.test", "b.test"]) == ["a.test", "b.test"]


@pytest.mark.parametrize(
    ("rate", "processes", "busy"), [(0.5, "1", 2), (1, "1", 1), (2.5, "3", 1.2), (14, "10", 0.7143)]
)
def test_so_many_processes_are_busy_for_so_long(rate, processes, busy):
    service = pace.service(relay(ses_max_rate=rate))
    assert service["maxproc"] == processes
    assert seconds(service) == busy
    assert pace.destinations(relay(ses_max_rate=rate), ["a.test"]) == ["socketmap:unix:private/ses-pace:pace"]


@given(st.floats(0.1, 500), st.integers(1, 1000))
def test_no_more_may_begin_than_the_rate(rate, connections):
    service = pace.service(relay(ses_max_rate=rate, ses_max_connections=connections))
    assert int(service["maxproc"]) / seconds(service) <= rate * (1 + 1e-9)  # of floating point
    assert master_cf.service_fault(service) is None


@pytest.mark.parametrize(
    ("rate", "identities", "each"), [(None, 3, 200), (500, 0, 100), (500, 3, 25), (5, 0, 20), (5, 3, 5), (0.5, 3, 1)]
)
def test_clients_wait_for_their_turn_in_no_greater_number_than_the_service_hears(rate, identities, each):
    senders = [
        {"sender": f"{n}.test", "ses_region": "us-east-1", "ses_smtp_username": "AKIAX", "configuration_set": None}
        for n in range(identities)
    ]
    assert pace.connections(relay(ses_max_rate=rate, ses_max_connections=200, ses_identities=senders)) == each


def test_the_answer_is_one_that_postfix_reads():
    command = pace.service(relay(ses_max_rate=500))["args"][1:]
    done = subprocess.run([command[0].partition("=")[2], *command[1:]], capture_output=True, check=True)
    length, _colon, rest = done.stdout.partition(b":")
    assert (int(length), rest) == (len(rest) - 1, b"OK x,")
