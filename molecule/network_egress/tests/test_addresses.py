# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail ports are open to what DNS says and said a while ago, whatever DNS does, and to nobody else."""

from __future__ import annotations

import pytest
from conftest import PORTS, REFRESH
from testbed.relay import RELAYS

testinfra_hosts = RELAYS
HOUR, DAY = 3600, 86400


def test_another_address_is_refused_at_once(egress, addresses):
    assert egress.refused(addresses[1], *PORTS)
    assert egress.opened(addresses[0], *PORTS)


def test_other_ports_and_loopback_are_left_alone(egress, addresses):
    assert egress.opened(addresses[1], 53)
    assert egress.opened("127.0.0.1", 25)  # Postfix listens there


def test_mail_follows_the_endpoint(egress, relay, quiet, addresses):
    session, _ = relay.arrived(quiet, relay.send())
    assert session["local"].startswith(addresses[0])
    assert quiet.wait(open=0, timeout=30)  # a connection that is kept open would carry the next mail
    egress.move(addresses[1])
    subject = relay.send()
    assert addresses[1] in relay.deferred(subject, "Connection refused")
    egress.refresh()
    relay.host.check_output("postqueue -f")
    session, _ = relay.arrived(quiet, subject)
    assert session["local"].startswith(addresses[1])


def test_rotating_answers_are_all_open_after_one_refresh(egress, addresses):
    egress.move(*addresses, rotation=1)
    egress.refresh()
    assert set(egress.members()) == set(addresses)


def test_an_address_stays_open_for_its_grace(egress, addresses):
    egress.move(addresses[1])
    egress.refresh()
    assert egress.opened(addresses[0])
    egress.age(addresses[0], HOUR)
    egress.refresh()
    left = egress.members()
    assert DAY - HOUR - 60 < left[addresses[0]] <= DAY - HOUR
    assert DAY - 60 < left[addresses[1]] <= DAY
    egress.age(addresses[0], DAY)
    egress.refresh()
    assert set(egress.members()) == set(egress.remembered()) == {addresses[1]}
    assert egress.refused(addresses[0])


def test_an_open_connection_outlives_its_address(egress, addresses):
    process = egress.conversation(addresses[0])
    egress.move(addresses[1])
    egress.age(addresses[0], 2 * DAY)
    egress.refresh()
    assert egress.refused(addresses[0])
    said, _ = process.communicate("go on\n", timeout=10)
    assert said == "250\n"


@pytest.mark.parametrize("outage", [{"servfail": True}, {"nxdomain": "email-smtp.us-east-1.amazonaws.com"}])
def test_an_outage_of_dns_keeps_the_last_list(egress, addresses, outage):
    egress.move(*addresses[:3])
    egress.refresh()
    egress.age(addresses[1], DAY - HOUR)
    egress.endpoint.dns(**outage)
    egress.refresh()
    assert set(egress.members()) == set(addresses[:3])
    assert egress.members()[addresses[1]] > DAY - 60  # the full grace again
    assert egress.opened(addresses[1])
    assert egress.refused(addresses[3])
    said = egress.host.check_output(f"journalctl -q -o cat -p warning -n 1 -u {REFRESH}")
    assert "the last 3 addresses stay open" in said


def test_a_filter_s_empty_answer_opens_nothing(egress, addresses):
    egress.move("0.0.0.0")
    egress.refresh()
    assert list(egress.members()) == addresses[:1]


def test_rules_that_nft_refuses_leave_those_before(egress, addresses):
    egress.host.check_output("cp /etc/ses-egress.json /run/saved && sed -i 's/587/70000/' /etc/ses-egress.json")
    try:
        assert egress.host.run(f"systemctl start {REFRESH}").rc != 0
    finally:
        egress.host.check_output("mv /run/saved /etc/ses-egress.json")
    assert list(egress.members()) == addresses[:1]
    assert egress.refused(addresses[1])
