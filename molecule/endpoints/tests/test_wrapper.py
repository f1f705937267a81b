# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS from the first byte, which only Postfix can speak, with servers that others wrote."""

from __future__ import annotations

from servers import USER, State


def test_a_mail_arrives_and_an_impostor_gets_nothing(machines, server):
    relay, _sendmail = machines
    relay.settle(ses_endpoint=server.endpoint, ses_masquerade_domain="example.com", ses_port=465)
    assert relay.mta.port() == 465
    server.put(State(certificate="other_name"))
    subject = relay.send()
    relay.deferred(subject, relay.mta.unverified)
    assert not server.given_away()
    server.put(State())
    relay.mta.flush()
    assert server.arrived(subject).user == USER
