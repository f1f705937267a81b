# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers, under names that the testbed's DNS knows, and the relays that have each in turn for their endpoint."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import testinfra
from servers import SERVERS, State
from ses_simulator.client import Control
from testbed.engine import ROOT
from testbed.relay import Relay, relays

# Tests read a port's failure as the reports do.
sys.path.append(str(ROOT / ".cache" / "collections"))


def machine(name):
    """A host of the testbed as testinfra sees it."""
    return testinfra.get_host(relays(name)[0])


@pytest.fixture(scope="session")
def servers(layout):
    """All of them by name, and their names in DNS."""
    names = {layout.hosts[kind.name].hostname: layout.hosts[kind.name].address for kind in SERVERS}
    Control(layout.state / "control.sock").dns(names=names)
    return {kind.name: kind(machine(kind.name), layout) for kind in SERVERS}


@pytest.fixture(scope="module", params=[kind.name for kind in SERVERS])
def server(request, servers):
    """One of them, as the endpoint would be."""
    it = servers[request.param]
    it.put(State())
    return it


@pytest.fixture(autouse=True)
def restored(server):
    """The server as the endpoint again, whatever a test made of it."""
    yield
    if server.state != State():
        server.put(State())


@pytest.fixture(scope="session")
def machines(layout):
    """The relays: of Postfix, and of Sendmail."""
    return [Relay(machine(name), layout) for name in ("debian13", "debian13s")]


@pytest.fixture(scope="session")
def side_by_side():
    """A pool in which both relays are configured at the same time."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def settled(machines, server, side_by_side):
    """The relays with that server as their endpoint: the roles have logged in to it by then."""
    variables = {"ses_endpoint": server.endpoint, "ses_masquerade_domain": "example.com"}
    list(side_by_side.map(lambda relay: relay.settle(**variables), machines))  # which raises what one of them raises


@pytest.fixture
def both(machines, settled):
    """The relays, with empty queues before and after."""
    for relay in machines:
        relay.empty()
    yield machines
    for relay in machines:
        relay.empty()
