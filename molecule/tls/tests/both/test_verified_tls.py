# SPDX-License-Identifier: GPL-3.0-or-later
"""Every port delivers over verified TLS, and a log-in that is refused loses no mail."""

from __future__ import annotations

import pytest
from testbed.relay import RELAYS, Relay, until

testinfra_hosts = RELAYS


def refused(relay, port):
    """What this MTA cannot use is refused in a sentence that says what to use instead."""
    done = relay.playbook(ses_port=port)
    assert done.returncode != 0
    assert f"ses_port '{port}' speaks TLS from the first byte" in done.stdout
    assert "use 587 or 2587" in done.stdout


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with the defaults, whatever it had before."""
    Relay(host, layout).settle()


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
    relay.deferred(subject, relay.mta.refused_log_in)
    quiet.clear()
    relay.mta.flush()
    relay.arrived(quiet, subject)
    until("the queue is empty", lambda: relay.queue() == [])
