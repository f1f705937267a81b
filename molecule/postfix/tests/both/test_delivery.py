# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail arrives at the endpoint as a user sent it: authenticated, over verified TLS, from the right sender."""

from __future__ import annotations

import smtplib
import socket

import pytest
from testbed.relay import ALL_RELAYS, Relay

testinfra_hosts = ALL_RELAYS


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with a masquerade domain, whatever it had before."""
    Relay(host, layout).settle(ses_masquerade_domain="example.com")


def header(message, name):
    return [value for key, value in message["headers"] if key.lower() == name.lower()]


def test_a_mail_arrives(relay, endpoint):
    session, message = relay.arrived(endpoint, relay.send())
    assert session["port"] == 587
    assert session["region"] == "us-east-1"
    assert session["tls"] in {"TLSv1.2", "TLSv1.3"}
    assert session["user"] == "AKIATESTBEDUSEAST123"
    assert not session["auth_in_clear"]
    assert message["to"] == ["success@simulator.amazonses.com"]
    assert relay.queue() == []


@pytest.mark.parametrize(
    ("sender", "user", "envelope", "header_from"),
    [
        ("root", "root", "root@example.com", "root@example.com"),
        ("Root of web <root@{hostname}>", "root", "root@example.com", "Root of web <root@example.com>"),
        ("nobody", "nobody", "nobody@example.com", "nobody@example.com"),
        ("app@example.org", "nobody", "nobody@example.com", "app@example.org"),
        ("root@localhost", "root", "root@example.com", "root@example.com"),
    ],
)
def test_senders_in_the_hosts_own_names_are_masqueraded(relay, endpoint, sender, user, envelope, header_from):
    subject = relay.send(sender=sender.format(hostname=relay.hostname), user=user)
    _, message = relay.arrived(endpoint, subject)
    assert message["from"] == envelope
    assert header(message, "From") == [header_from]


def test_a_sender_of_another_domain_stays(relay, endpoint):
    _, message = relay.arrived(endpoint, relay.submit("app@example.org", "to@example.net"))
    assert message["from"] == "app@example.org"


def test_the_organisations_domain_is_not_swallowed(relay, endpoint):
    _, message = relay.arrived(endpoint, relay.send(recipient="boss@example.com"))
    assert message["to"] == ["boss@example.com"]


def test_mail_for_root_stays_on_the_host(relay, endpoint):
    subject = relay.send(recipient="root")
    assert "Subject: " + subject in relay.mailbox("root", subject)
    assert not [message for message in endpoint.messages() if ["Subject", subject] in message["headers"]]


def listens_on_loopback_only(relay):
    listening = relay.host.check_output("ss -Hltn")
    addresses = {line.split()[3].rpartition(":")[0] for line in listening.splitlines()}
    return "127.0.0.1" in addresses and all(name.startswith("127.") or name == "[::1]" for name in addresses)


def test_it_listens_on_loopback_only(relay):
    assert listens_on_loopback_only(relay)


def test_another_host_cannot_relay_through_it_even_where_it_could_before(relay, layout):
    for command in relay.mta.exposures:
        relay.host.check_output(command)
    address = layout.hosts[relay.name].address
    with smtplib.SMTP(address, timeout=10) as session:  # this machine is on the testbed's network, as another host
        session.ehlo("other.corp.test")
        session.mail("")  # a null sender, whose domain nobody looks up
        assert session.rcpt("to@example.net")[0] == 250
    relay.converge(ses_masquerade_domain="example.com", ses_loopback_only=True)
    assert listens_on_loopback_only(relay)
    for port in (25, 587):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port), timeout=10)


@pytest.mark.parametrize(
    "name", ["email-smtp.us-east-1.amazonaws.com", "ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com"]
)
def test_the_hostname_rows_are_there(relay, name):
    for key in relay.mta.keys(name):
        user, password = relay.mta.credential(key)
        assert user == "AKIATESTBEDUSEAST123"
        assert password.startswith("B")


def test_it_runs_after_a_reboot(relay):
    assert relay.host.service(relay.mta.name).is_enabled


def test_a_temporary_failure_is_retried_within_seconds(relay, endpoint):
    endpoint.fault(stage="mail", reply="454 Throttling failure: Maximum sending rate exceeded.", times=1)
    _, message = relay.arrived(endpoint, relay.send())
    assert message["from"] == "root@example.com"
