# SPDX-License-Identifier: GPL-3.0-or-later
"""What SES grants: time, messages, connections, sizes, rates, identities."""

from __future__ import annotations

import pytest


def test_the_limits_are_those_of_ses_by_default(sim):
    assert sim.limits() == {
        "idle": 10.0,
        "messages_per_session": 350,
        "concurrency": None,
        "size": 40 * 1024 * 1024,
        "recipients": 50,
        "rate": None,
        "quota": None,
    }


@pytest.mark.parametrize("where", ["banner", "tls", "data"])
def test_an_idle_client_is_sent_away(sim, dial, session, where):
    sim.limits(idle=0.2 if where == "banner" else 1.5)  # so long each step may take on the way there
    client = dial()
    if where == "banner":
        client.reply()
    else:
        client.secure()
    if where == "data":
        client.login()
        client.command("MAIL FROM:<a@example.com>")
        client.command("RCPT TO:<b@example.net>")
        client.command("DATA")
        client.send("Subject: cut")
    assert client.line() == "451 4.4.2 Timeout waiting for data from client."
    assert client.line() == ""
    assert session()["end"] == "idle"


def test_idle_before_the_handshake(sim, dial, session):
    sim.limits(idle=0.2)
    client = dial(465)
    assert client.line() == ""
    assert session()["tls_error"]


def test_a_slow_endpoint_is_no_idle_client(sim, dial):
    sim.limits(idle=0.1)
    sim.fault(stage="banner", delay=0.4)  # the client has nothing to do meanwhile, however busy the machine is
    assert dial().reply().startswith("220 ")


def test_messages_per_session(sim, dial, session):
    sim.limits(messages_per_session=2)
    client = dial().secure()
    client.login()
    for _ in range(2):
        assert client.mail().startswith("250 Ok ")
    expected = "421 Connection closed by server. Maximum message count per session reached."
    assert client.command("MAIL FROM:<a@example.com>") == expected
    assert client.line() == ""
    assert session()["end"] == "limit"


@pytest.mark.parametrize("port", [587, 465])
def test_connections_beyond_the_limit_are_refused(sim, dial, session, port):
    sim.limits(concurrency=1)
    first = dial(port)
    if port == 465:
        first.handshake()
    first.reply()
    second = dial(port)
    if port == 465:
        second.handshake()
    assert second.reply() == "421 Too many concurrent SMTP connections"
    assert second.line() == ""
    first.close()
    assert sim.wait(closed=2)
    assert sim.counters()["max_open"] == 2
    assert sim.counters()["too_many"] == 1


def test_a_message_beyond_the_size_limit_is_refused(sim, dial):
    sim.limits(size=1000)
    client = dial().secure()
    client.login()
    assert client.mail("x" * 70 + "\r\n") != "552 Message is too long."
    assert client.mail(("x" * 70 + "\r\n") * 20) == "552 Message is too long."
    assert client.mail().startswith("250 Ok ")
    assert len(sim.messages()) == 2


def test_recipients_beyond_the_limit_are_refused(sim, dial):
    client = dial().secure()
    client.login()
    assert client.mail("\r\n", "a@example.com", *(f"b{n}@example.net" for n in range(50))).startswith("250 Ok ")
    reply = client.mail("\r\n", "a@example.com", *(f"b{n}@example.net" for n in range(51)))
    assert reply == "554 Transaction failed: Recipient count exceeds 50."


def test_rate_and_quota(sim, dial):
    client = dial().secure()
    client.login()
    sim.limits(rate=1)
    assert client.mail().startswith("250 Ok ")
    assert client.mail() == "454 Throttling failure: Maximum sending rate exceeded."
    sim.limits(rate=None, quota=1)
    assert client.mail() == "454 Throttling failure: Daily message quota exceeded."
    sim.limits(quota=None)
    assert client.mail().startswith("250 Ok ")


REFUSED = (
    "554 Message rejected: Email address is not verified. "
    "The following identities failed the check in region US-EAST-1: "
)


@pytest.mark.parametrize(
    ("headers", "sender", "failed"),
    [
        ("From: a@example.com", "a@example.com", ""),
        ("From: A <a@sub.example.com>", "bounce@example.com", ""),
        ("From: one@example.org", "one@example.org", ""),
        ("From: two@example.org", "a@example.com", "two@example.org"),
        ("From: root@web1", "root@web1", "root@web1"),
        ("From: x@one.test\r\nSender: y@two.test", "z@three.test", "x@one.test, y@two.test, z@three.test"),
        ("Return-Path: <r@one.test>\r\nFrom: =?utf-8?q?B?=\r\n <a@example.com>", "a@example.com", "r@one.test"),
    ],
)
def test_only_verified_identities_may_send(sim, dial, headers, sender, failed):
    sim.identities(verified=["example.com", "one@example.org"])
    client = dial().secure()
    client.login()
    reply = client.mail(f"{headers}\r\n\r\nHello\r\n", sender)
    assert reply == REFUSED + failed if failed else reply.startswith("250 Ok ")


def test_sandbox_checks_recipients(sim, dial):
    sim.identities(verified=["example.com"], sandbox=True)
    client = dial().secure()
    client.login()
    assert client.mail() == REFUSED + "b@example.net"
    reply = client.mail("From: a@example.com\r\n\r\n", "a@example.com", "success@simulator.amazonses.com")
    assert reply.startswith("250 Ok ")
