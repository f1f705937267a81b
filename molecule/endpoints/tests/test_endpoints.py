# SPDX-License-Identifier: GPL-3.0-or-later
"""The relays, and the check, against servers that others wrote; swaks says what it thinks of them, too."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import failed_at
from servers import USER, Mail, State
from testbed.relay import relays, until

testinfra_hosts = relays("debian13", "debian13s")
pytestmark = pytest.mark.usefixtures("settled")

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
    secret: bool = False  # whether a credential may go to it


FAULTS = {
    "nobody listens": Fault(State(runs=False), "connect", "port_refused", waits="refused"),
    "no STARTTLS": Fault(State(starttls=False), "tls", "starttls_not_offered", waits="no_tls"),
    "another's name": Fault(State(certificate="other_name"), "tls", "certificate_other_name", waits="unverified"),
    "another authority": Fault(State(certificate="untrusted"), "tls", "certificate_untrusted", waits="unverified"),
    "another password": Fault(
        State(password="B" + 43 * "x"), "auth", "credentials_invalid", waits="refused_log_in", secret=True
    ),
    "no sender": Fault(State(refuses=True), "sender", "refused_permanently", secret=True),
}


@pytest.fixture(autouse=True)
def restored(server):
    """The server as the endpoint again, after whatever a test did to it."""
    yield
    server.put(State())


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


def test_a_mail_arrives_and_check_and_swaks_see_nothing_wrong(relay, server):
    mail = server.arrived(relay.send())
    assert mail == Mail(USER, mail.tls, SENDER, [RECIPIENT])
    assert mail.tls.startswith("TLS")
    until("the queue is empty", lambda: relay.queue() == [])
    assert checked(relay, server) == (None, [])
    assert second_opinion(relay, server) is None


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_told_alike_and_the_mail_waits_until_it_is_right(relay, server, fault):
    wrong = FAULTS[fault]
    server.put(wrong.state)
    assert checked(relay, server) == (wrong.stage, [wrong.cause])
    assert second_opinion(relay, server) == wrong.stage
    if wrong.waits:
        server.put(wrong.state)  # the check and swaks have been there
        subject = relay.send()
        relay.deferred(subject, getattr(relay.mta, wrong.waits, wrong.waits))
        assert server.came() is wrong.state.runs
        assert wrong.secret or not server.given_away()
        assert server.mail(subject) is None
        server.put(State())
        relay.mta.flush()
        server.arrived(subject)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_one_mechanism_is_enough(relay, server, mechanism):
    if not server.mechanisms:
        pytest.skip("it offers both, always")
    server.put(State(mechanisms=(mechanism,)))
    assert server.arrived(relay.send()).user == USER
