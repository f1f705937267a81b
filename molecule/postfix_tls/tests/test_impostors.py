# SPDX-License-Identifier: GPL-3.0-or-later
"""No credential and no mail goes to a server that does not prove that it is the endpoint; the mail waits."""

from __future__ import annotations

import pytest
from testbed.relay import ALL_RELAYS, Relay

testinfra_hosts = ALL_RELAYS  # each version of an MTA verifies by code of its own

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
