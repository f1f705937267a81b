# SPDX-License-Identifier: GPL-3.0-or-later
"""A Postfix that speaks IPv6 and nothing else, by its own setting."""

from __future__ import annotations

import pytest
from testbed.relay import Relay, relays
from vpc_endpoint import SETTINGS

testinfra_hosts = relays("postfix6")


@pytest.fixture(scope="module", autouse=True)
def ipv6_alone(host, layout):
    relay = Relay(host, layout)
    relay.settled.pop(relay.name, None)
    host.check_output("postconf -e inet_protocols=ipv6")


def test_it_relays_and_takes_its_bounces_back(relay, endpoint, layout, way):
    """Also what comes from a null sender, whose way within the host is of the same family."""
    way(layout.simulator_address6)
    relay.converge(**SETTINGS)
    session, _message = relay.arrived(endpoint, relay.send())
    assert session["local"] == layout.simulator_address6
    subject = relay.submit("", "somebody@example.net")
    relay.mailbox("root", subject)
    assert [message["from"] for message in endpoint.messages()] == ["root@example.com"]
    assert relay.host.run("ss -Hltn '( sport = :24 )'").stdout.split()[3] == "[::1]:24"


def test_it_takes_them_back_where_it_listens_at_one_other_address(relay, endpoint, layout, way):
    """Which Postfix's clients would come from, and be refused."""
    address = layout.hosts[relay.name].address6
    relay.host.check_output(f"postconf -e inet_interfaces={address}")
    relay.converge(**SETTINGS)
    subject = relay.submit("", "somebody@example.net")
    relay.mailbox("root", subject)
    relay.host.check_output("postconf -X inet_interfaces")


def test_an_endpoint_without_ipv6_is_refused(relay):
    before = relay.host.check_output("cat /etc/postfix/main.cf /etc/postfix/master.cf")
    done = relay.playbook(ses_masquerade_domain="example.com")
    assert done.returncode != 0
    assert "inet_protocols is ipv6, and email-smtp.us-east-1.amazonaws.com has IPv4 addresses alone" in done.stdout
    assert relay.host.check_output("cat /etc/postfix/main.cf /etc/postfix/master.cf") == before


def test_it_goes_back_to_both(relay, endpoint):
    """The service for null senders has IPv4 again, and is there once."""
    relay.host.check_output("postconf -X inet_protocols")
    relay.converge(**SETTINGS)
    relay.arrived(endpoint, relay.send())
    subject = relay.submit("", "somebody@example.net")
    relay.mailbox("root", subject)
    assert relay.host.check_output("postconf -M | awk '$2 == \"inet\" && $1 ~ /:24$/ {print $1}'") == "127.0.0.25:24"
