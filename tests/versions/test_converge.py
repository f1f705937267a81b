# SPDX-License-Identifier: GPL-3.0-or-later
"""Each ansible-core makes bare hosts relays, by modules that run on each Python; the newest finds nothing to change."""

from __future__ import annotations

import re

import pytest
from conftest import CORES, OURS, TABLE


@pytest.fixture(scope="session")
def converged(core, fleet, request):
    """What the first run printed, and the second one by the newest ansible-core, which `make test` has not."""
    newest = OURS if request.config.getoption("oldest") else CORES[-1]
    return fleet.converge(core), fleet.converge(newest)


def test_a_mail_arrives_from_each_host(converged, fleet, endpoint):
    for relay in fleet.relays():
        assert relay.mta.name == TABLE["hosts"][relay.name]["mta"]
        session, message = relay.arrived(endpoint, relay.send())
        assert (session["user"], message["from"]) == ("AKIATESTBEDUSEAST123", "root@example.com")


def test_the_newest_ansible_core_changes_nothing(converged, fleet):
    assert dict(re.findall(r"^(\w+) .* changed=(\d+) ", converged[1], re.M)) == dict.fromkeys(fleet.names, "0")


def test_nothing_is_deprecated(converged):
    lines = [line for printed in converged for line in printed.splitlines()]
    assert [line for line in lines if re.search(r"DEPRECAT|does not support", line)] == []
