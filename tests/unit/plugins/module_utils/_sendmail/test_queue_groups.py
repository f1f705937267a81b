# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail's queues; what they do to a burst is counted in molecule/connections."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.queue_groups import (
    BURST_INTERVAL,
    BURST_QUEUE,
    BURSTS,
    QUEUE_MAPS,
    QUEUE_RULES,
    queue_groups,
)

MAILS_A_SECOND = 2.2  # of one connection with a round trip of 100 ms


def test_a_run_has_one_connection_whatever_the_queue():
    assert all("R=1," in text for _name, text in queue_groups(10))


@pytest.mark.parametrize("connections", [5, 10, 40, 100])
def test_a_burst_leaves_connections_to_others(connections):
    (longest,) = (int(found) for found in re.findall(r"J=(\d+)", queue_groups(connections)[1][1]))
    at_work = (longest / (MAILS_A_SECOND * BURST_INTERVAL)) ** 0.5
    assert 0.5 * connections < at_work < 0.7 * connections
    assert longest / at_work >= 15


def test_rules_name_queues_and_maps_that_there_are():
    groups = {name for name, _text in queue_groups(10)}
    chosen = {right[3:] for left, right in QUEUE_RULES if left in {"TRUE", "FALSE"}}
    assert chosen == groups
    maps = {line[1:].split()[0] for line in QUEUE_MAPS}
    used = {name for _left, right in QUEUE_RULES for name in re.findall(r"\$\((\w+)", right)}
    assert used - {"macro"} == maps


def test_the_measure_leaves_the_bursts_out():
    assert QUEUE_MAPS[0].endswith(f"--exclude={BURSTS}")
    assert BURST_QUEUE.endswith(f"/{BURSTS}")
