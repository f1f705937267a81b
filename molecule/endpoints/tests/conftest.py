# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers, under names that the testbed's DNS knows, and a relay that each takes in turn for its endpoint."""

from __future__ import annotations

import pytest
import testinfra
from servers import SERVERS, State
from ses_simulator.client import Control
from testbed.relay import Relay, relays


@pytest.fixture(scope="session")
def servers(layout):
    """All of them by name, and their names in DNS."""
    hosts = {kind.name: testinfra.get_host(relays(kind.name)[0]) for kind in SERVERS}
    addresses = {layout.hosts[name].hostname: layout.hosts[name].address for name in hosts}
    Control(layout.state / "control.sock").dns(names=addresses)
    return {kind.name: kind(hosts[kind.name], layout) for kind in SERVERS}


@pytest.fixture(scope="module", params=[kind.name for kind in SERVERS])
def server(request, servers):
    """One of them, as the endpoint would be."""
    it = servers[request.param]
    it.put(State())
    return it


@pytest.fixture(scope="module")
def settled(host, server, layout):
    """The host with that server as its endpoint: the role has logged in to it by then."""
    Relay(host, layout).settle(ses_endpoint=server.endpoint, ses_masquerade_domain="example.com")
