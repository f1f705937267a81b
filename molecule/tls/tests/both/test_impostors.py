# SPDX-License-Identifier: GPL-3.0-or-later
"""No credential and no mail goes to a server that does not prove that it is the endpoint; the mail waits."""

from __future__ import annotations

import pytest
from testbed.impostors import IMPOSTORS, nothing_given_away, see_mail_wait
from testbed.relay import ALL_RELAYS, Relay

testinfra_hosts = ALL_RELAYS  # each version of an MTA verifies by code of its own


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with the defaults, whatever it had before."""
    Relay(host, layout).settle()


@pytest.mark.parametrize("impostor", IMPOSTORS)
def test_an_impostor_gets_nothing_and_the_mail_waits(relay, quiet, impostor):
    see_mail_wait(relay, quiet, impostor)


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
