# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS from the first byte, which only Postfix can speak, with servers that others wrote."""

from __future__ import annotations

import pytest
from servers import USER, State
from testbed.relay import Relay, relays

testinfra_hosts = relays("debian13")


@pytest.fixture(scope="module", autouse=True)
def wrapped(host, server, layout):
    """The host on such a port of that server."""
    Relay(host, layout).settle(ses_endpoint=server.endpoint, ses_masquerade_domain="example.com", ses_port=465)


def test_a_mail_arrives_and_an_impostor_gets_nothing(relay, server):
    assert relay.mta.port() == 465
    server.put(State(certificate="other_name"))
    subject = relay.send()
    relay.deferred(subject, relay.mta.unverified)
    assert not server.given_away()
    server.put(State())
    relay.mta.flush()
    assert server.arrived(subject).user == USER
