# SPDX-License-Identifier: GPL-3.0-or-later
"""No credential and no mail goes to a server that does not prove that it is the endpoint; the mail waits."""

from __future__ import annotations

import pytest
from testbed.relay import RELAYS, Relay, until

testinfra_hosts = RELAYS

IMPOSTORS = {
    "other name": ({"certificate": "other_name"}, "unverified"),
    "expired": ({"certificate": "expired"}, "unverified"),
    "not yet valid": ({"certificate": "not_yet_valid"}, "unverified"),
    "untrusted": ({"certificate": "untrusted"}, "unverified"),
    "STARTTLS stripped": ({"no_starttls": True}, "no_tls"),
}


def nothing_given_away(sessions):
    assert sessions
    return all(
        session["user"] is None and not session["auth_in_clear"] and not session["messages"] for session in sessions
    )


def refused(relay, port):
    """What this MTA cannot use is refused in a sentence that says what to use instead."""
    done = relay.playbook(ses_port=port)
    assert done.returncode != 0
    assert f"ses_port '{port}' speaks TLS from the first byte" in done.stdout
    assert "use 587 or 2587" in done.stdout


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with the defaults, whatever it had before."""
    Relay(host, layout).converge()


@pytest.mark.parametrize(
    ("impostor", "port"),
    # A TLS wrapper port offers no STARTTLS that could be stripped.
    [*((name, 587) for name in IMPOSTORS), *((name, 465) for name in IMPOSTORS if name != "STARTTLS stripped")],
)
def test_an_impostor_gets_nothing_and_the_mail_waits(relay, quiet, impostor, port):
    if port not in relay.mta.ports:
        pytest.skip(f"{relay.mta.name} cannot use {port}, and test_every_port_delivers sees it refused")
    fault, word = IMPOSTORS[impostor]
    if relay.mta.port() != port:
        relay.converge(ses_port=port)
    quiet.reset()  # the role's own check has logged in
    quiet.fault(**fault)
    # The header asks for delivery without verification (RFC 8689): Postfix 3.10 would obey if it were let.
    subject = relay.send(TLS_Required="no")
    relay.deferred(subject, getattr(relay.mta, word))
    assert nothing_given_away(quiet.sessions())
    quiet.clear()
    relay.mta.flush()
    session, _ = relay.arrived(quiet, subject)
    assert session["user"] == "AKIATESTBEDUSEAST123"


@pytest.mark.parametrize("port", [25, 587, 2587, 465, 2465])
def test_every_port_delivers(relay, endpoint, port):
    if port not in relay.mta.ports:
        refused(relay, port)
        return
    relay.converge(ses_port=port)
    session, _ = relay.arrived(endpoint, relay.send())
    assert session["port"] == port
    assert session["user"] == "AKIATESTBEDUSEAST123"


def test_auto_takes_the_first_port_that_the_host_can_reach(relay, endpoint):
    for port in (587, 2587):
        endpoint.fault(refuse=True, ports=[port])
    relay.converge(ses_port="auto")
    session, _ = relay.arrived(endpoint, relay.send())
    assert session["port"] == relay.mta.ports[2]


def test_a_refused_log_in_loses_no_mail(relay, quiet):
    relay.converge()
    quiet.fault(stage="auth", reply="535 Authentication Credentials Invalid")
    subject = relay.send()
    if relay.mta.defers_refused_log_in:
        relay.deferred(subject, "535")
        quiet.clear()
        relay.mta.flush()
        relay.arrived(quiet, subject)
    else:
        # Sendmail goes on without a log-in: the mail comes back whole, with the cause.
        text = relay.mailbox("root", subject)
        assert "535" in text
        assert "\nhello\n" in text
    until("the queue is empty", lambda: relay.queue() == [])


def test_what_was_configured_before_takes_no_mail_around_the_verification(relay, quiet):
    for command in relay.mta.bypasses:
        relay.host.check_output(command)
    relay.converge()
    quiet.reset()
    quiet.fault(certificate="untrusted")
    subject = relay.send()
    relay.deferred(subject, relay.mta.unverified)
    assert nothing_given_away(quiet.sessions())
    quiet.clear()
    relay.mta.flush()
    relay.arrived(quiet, subject)
