# SPDX-License-Identifier: GPL-3.0-or-later
"""The relays of both MTAs, and the check, against servers that others wrote; swaks tells of them, too."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import failed_at
from servers import USER, Mail, State
from testbed.relay import until

SENDER, RECIPIENT, CA = "root@example.com", "success@simulator.amazonses.com", "/etc/ssl/testbed-ca.pem"
# What swaks returns where it fails at a stage of the check's: its manual, EXIT CODES.
SWAKS = {0: None, 2: "connect", 21: "banner", 22: "ehlo", 29: "tls", 28: "auth", 23: "sender", 24: "recipient"}


@dataclass(frozen=True)
class Fault:
    """What is wrong with a server, and what is said of it."""

    state: State
    stage: str  # where the check and swaks fail
    cause: str  # the check's
    waits: str = ""  # how an MTA words why the mail waits; nothing where it comes back
    secret: bool = False  # whether it sees an attempt to log in


FAULTS = {
    "nobody listens": Fault(State(runs=False), "connect", "port_refused", waits="refused"),
    "no STARTTLS": Fault(State(starttls=False), "tls", "starttls_not_offered", waits="no_tls"),
    "another's name": Fault(State(certificate="other_name"), "tls", "certificate_other_name", waits="unverified"),
    "another authority": Fault(State(certificate="untrusted"), "tls", "certificate_untrusted", waits="unverified"),
    "another password": Fault(
        State(password="B" + 43 * "x"), "auth", "credentials_invalid", waits="refused_log_in", secret=True
    ),
    "no sender": Fault(State(refuses=True), "sender", "refused_permanently"),
}


def checked(relay, server):
    """The stage at which the check fails, None where it does not, and what it names as the causes."""
    credentials = {"username": USER, "password": server.password}
    said = relay.module(
        "mailops.ses.smtp_check",
        **{"endpoint": server.endpoint, "ports": [587], "ca_file": CA, "sender": SENDER, "recipient": RECIPIENT},
        **credentials,
    )
    (port,) = said["ports"]
    assert port["ok"] is said["reachable"] is not said["failed"]
    return None if port["ok"] else failed_at(port), [cause["id"] for cause in port["diagnosis"]]


def second_opinion(relay, server):
    """The stage at which swaks fails, None where it does not."""
    options = f"--tls --tls-verify --tls-ca-path {CA} --tls-sni {server.endpoint} --auth PLAIN --auth-user {USER}"
    envelope = f"--from {SENDER} --to {RECIPIENT} --quit-after RCPT"
    done = relay.host.run(
        f"swaks --server {server.endpoint} --port 587 {options} --auth-password {quote(server.password)} {envelope}"
    )
    assert done.rc in SWAKS, done.stdout + done.stderr
    return SWAKS[done.rc]


def test_mail_arrives_and_check_and_swaks_see_nothing_wrong(both, server):
    for relay, subject in [(relay, relay.send()) for relay in both]:
        mail = server.arrived(subject)
        assert mail == Mail(USER, mail.tls, SENDER, [RECIPIENT])
        assert mail.tls.startswith("TLS")
        until("the queue is empty", lambda relay=relay: relay.queue() == [])
        assert checked(relay, server) == (None, [])
    assert second_opinion(both[0], server) is None


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_told_alike_and_mail_waits_until_it_is_right(both, server, fault):
    wrong = FAULTS[fault]
    server.put(wrong.state)
    sent = [(relay, relay.send()) for relay in both if wrong.waits]
    for relay, subject in sent:
        relay.deferred(subject, getattr(relay.mta, wrong.waits, wrong.waits))
        assert server.mail(subject) is None
    if sent:
        assert server.came() is wrong.state.runs
        assert server.given_away() is wrong.secret
    assert checked(both[0], server) == (wrong.stage, [wrong.cause])
    assert second_opinion(both[0], server) == wrong.stage
    server.put(State())
    for relay, subject in sent:
        relay.mta.flush()
        server.arrived(subject)


def test_postfix_needs_either_mechanism_and_sendmail_login(both, server):
    """The roles have Sendmail log in by LOGIN alone, which SES offers beside PLAIN (`_sendmail/sasl.py` says why)."""
    if not server.mechanisms:
        pytest.skip("it offers both, always")
    postfix, sendmail = both
    server.put(State(mechanisms=("PLAIN",)))
    subject, waiting = postfix.send(), sendmail.send()
    server.arrived(subject)
    sendmail.deferred(waiting, sendmail.mta.refused_log_in)
    server.put(State(mechanisms=("LOGIN",)))
    subject = postfix.send()
    sendmail.mta.flush()
    server.arrived(subject)
    server.arrived(waiting)
