# SPDX-License-Identifier: GPL-3.0-or-later
"""One sender for every mail, the configuration set's header, and null senders, which SES refuses."""

from __future__ import annotations

import re

import pytest
from testbed.relay import RELAYS, until

testinfra_hosts = RELAYS
SETTINGS = {"ses_sender": "ops@example.com", "ses_configuration_set": "newsletters"}


def header(message, name):
    return [value for key, value in message["headers"] if key.lower() == name.lower()]


def attempts(endpoint):
    """The senders of the MAIL commands that the endpoint got."""
    lines = [line for session in endpoint.sessions() for line, _ in session["commands"] if line.startswith("MAIL")]
    return [re.search("<(.*?)>", line)[1] for line in lines]


@pytest.fixture(autouse=True)
def settings(relay):
    """The host with these settings, whatever it had before."""
    relay.settle(**SETTINGS)


@pytest.mark.parametrize("sender", ["root", "App <app@example.org>", "nobody@localhost"])
def test_every_mail_has_the_one_sender(relay, endpoint, sender):
    _, message = relay.arrived(endpoint, relay.send(sender=sender, user="nobody"))
    assert message["from"] == "ops@example.com"
    (value,) = header(message, "From")
    assert "ops@example.com" in value
    assert "example.org" not in value


@pytest.mark.parametrize("headers", [{}, {"X_SES_CONFIGURATION_SET": "of-the-application"}])
def test_the_configuration_set_stands_once(relay, endpoint, headers):
    _, message = relay.arrived(endpoint, relay.send(**headers))
    # Sendmail adds a header only to mail that has none of this name.
    kept = list(headers.values()) if not relay.mta.replaces_headers else []
    assert header(message, "X-SES-CONFIGURATION-SET") == (kept or ["newsletters"])


HEADERS = {
    "X-SES-TENANT": "acme",
    "X-SES-SOURCE-ARN": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
    "X-SES-MESSAGE-TAGS": "campaign=book, kind=news",
}


@pytest.mark.parametrize("own", [{}, {"X_SES_TENANT": "of-the-application"}])
def test_sess_headers_stand_once_each(relay, endpoint, own):
    relay.settle(ses_masquerade_domain="example.com", ses_headers=HEADERS)
    _, message = relay.arrived(endpoint, relay.send(**own))
    # Sendmail adds a header only to mail that has none of this name.
    kept = {} if relay.mta.replaces_headers else {name.replace("_", "-"): value for name, value in own.items()}
    for name, value in {**HEADERS, **kept}.items():
        assert header(message, name) == [value]


def test_mail_of_another_host_without_a_date_gets_them_too(relay, quiet):
    relay.settle(ses_masquerade_domain="example.com", ses_headers=HEADERS)
    if relay.mta.name == "postfix":  # for which no client is the host itself from now on
        relay.host.check_output("postconf -e local_header_rewrite_clients= && postfix reload")
    try:
        relay.burst("app@example.com", "to@example.net", 1)
        assert quiet.wait(messages=1, timeout=30)
    finally:
        if relay.mta.name == "postfix":
            relay.host.check_output("postconf -X local_header_rewrite_clients && postfix reload")
    (message,) = [message for session in quiet.sessions() for message in session["messages"]]
    assert [header(message, name) for name in HEADERS] == [[value] for value in HEADERS.values()]


def test_a_null_sender_stays_in_roots_mailbox(relay, quiet):
    subject = relay.submit("", "someone@example.net")
    assert subject in relay.mailbox("root", subject)
    until("the queue is empty", lambda: relay.queue() == [])
    assert attempts(quiet) == []


def test_the_bounce_after_a_refusal_by_ses_comes_back_to_root(relay, quiet):
    quiet.fault(stage="eod", reply="554 Message rejected: Email address is not verified.")
    subject = relay.send()
    assert "Email address is not verified" in relay.mailbox("root", subject)
    until("the queue is empty", lambda: relay.queue() == [])
    # One attempt to send it, none to send the bounce.
    assert attempts(quiet) == ["ops@example.com"]


def test_roots_alias_leads_no_null_sender_to_ses(relay, quiet):
    relay.host.check_output(
        "cp /etc/aliases /etc/aliases.saved; echo 'root: ops@example.org' >> /etc/aliases; newaliases"
    )
    try:
        subject = relay.submit("", "root")
        relay.mailbox("root", subject)
        assert attempts(quiet) == []
    finally:
        relay.host.check_output("mv /etc/aliases.saved /etc/aliases; newaliases")


@pytest.mark.parametrize(
    ("recipient", "local"),
    [("nobody", "nobody"), ("bounces@example.com", "root")],
)
def test_bounces_go_to_whom_they_are_meant_for(relay, endpoint, recipient, local):
    relay.settle(**SETTINGS, ses_bounce_recipient=recipient)
    subject = relay.submit("", "someone@example.net")
    relay.mailbox(local, subject)
    if "@" in recipient:
        _, message = relay.arrived(endpoint, subject)
        assert message["to"] == [recipient]


def test_the_bounce_after_a_refusal_by_ses_leaves_for_an_address_outside(relay, quiet):
    relay.settle(**SETTINGS, ses_bounce_recipient="bounces@example.com")
    quiet.fault(stage="eod", reply="554 Message rejected: Email address is not verified.", times=1)
    subject = relay.submit("app@example.org", "someone@example.net")
    relay.mailbox("root", subject)
    until("the queue is empty", lambda: relay.queue() == [])
    # The mail, and its bounce, which the address sends to itself.
    assert attempts(quiet) == ["ops@example.com", "bounces@example.com"]
    (message,) = [message for session in quiet.sessions() for message in session["messages"]]
    assert message["to"] == ["bounces@example.com"]


def test_a_bounce_that_ses_refuses_too_neither_loops_nor_vanishes(relay, quiet):
    relay.settle(**SETTINGS, ses_bounce_recipient="bounces@example.com")
    quiet.fault(stage="eod", reply="554 Message rejected: Email address is not verified.")
    subject = relay.submit("", "someone@example.net")
    relay.mailbox("root", subject)
    until("the queue is empty", lambda: relay.queue() == [])
    assert len(attempts(quiet)) == 1
