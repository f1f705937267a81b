# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix reads the row with port 25 of AWS's page only where the relay host is written so, and then it suffices."""

from __future__ import annotations

from testbed.relay import ALL_RELAYS

testinfra_hosts = [name for name in ALL_RELAYS if name.endswith("debian13")]
NAME = "ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com"
RELAY_HOST = f"relayhost={NAME}:25 soft_bounce=yes"
PROOF = "smtp_tls_secure_cert_match=email-smtp.us-east-1.amazonaws.com"


def test_a_relay_host_that_is_the_load_balancer(relay, quiet):
    relay.converge()
    relay.host.check_output(f"postconf -e {RELAY_HOST} && postconf -P {relay.mta.service()}/unix/{PROOF}")
    for key in (NAME, f"{NAME}:587"):
        relay.drop_row(key)
    relay.host.check_output(relay.mta.restart)
    session, _ = relay.arrived(quiet, relay.send())
    assert (session["port"], session["user"]) == (25, "AKIATESTBEDUSEAST123")
    relay.logs(relay.verified.format(name=NAME))
    relay.drop_row(f"{NAME}:25")
    relay.host.check_output(relay.mta.restart)
    assert "530 Authentication required" in relay.words(relay.send())
