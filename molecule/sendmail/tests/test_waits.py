# SPDX-License-Identifier: GPL-3.0-or-later
"""What says nothing of a mail has it wait, on Sendmail as on Postfix: a log-in that is refused or missing, an endpoint
whose name does not resolve. It leaves by itself once that is right."""

from __future__ import annotations

import pytest
from testbed.mta import REGION_ENDPOINT
from testbed.relay import RELAYS, Relay, until

testinfra_hosts = RELAYS
MAILS = 20
USER = "AKIATESTBEDUSEAST123"
NEW = "B" + "n" * 43
NAMES = {
    "NXDOMAIN": ({"nxdomain": [REGION_ENDPOINT]}, "Host unknown"),
    "no address": ({"names": {REGION_ENDPOINT: "nowhere.test"}}, "Host unknown"),
    "SERVFAIL": ({"servfail": True}, "host name lookup failure"),
}


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with the defaults, whatever it had before."""
    Relay(host, layout).settle()


def waiting(relay, word):
    """Send mails, which all wait after an attempt; WORD is the reason of one at least."""
    subjects = [relay.send() for _ in range(MAILS)]
    until("each has been tried", lambda: all(relay.queue()) and any(word in reason for reason in relay.queue()))
    assert len(relay.queue()) == MAILS
    return subjects


def delivered(relay, endpoint, subjects):
    """All of them, once, without a hand, and nothing came back."""
    until("the queue is empty", lambda: relay.queue() == [], deadline=60.0)
    found = [dict(message["headers"])["Subject"] for message in endpoint.messages()]
    assert sorted(found) == sorted(subjects)
    assert relay.host.run("cat /var/mail/*").stdout == ""


def test_a_password_that_was_changed_at_ses(relay, quiet):
    quiet.credentials({USER: NEW})
    subjects = waiting(relay, relay.mta.refused_log_in)
    mails = [line for session in quiet.sessions() for line, _ in session["commands"] if line.startswith("MAIL")]
    assert mails == []
    relay.converge(ses_smtp_password=NEW)
    delivered(relay, quiet, subjects)
    quiet.reset()
    relay.converge()


def test_a_row_that_is_missing(relay, quiet):
    relay.host.check_output(f"makemap hash /etc/mail/{relay.mta.generation('ses_authinfo')} < /dev/null")
    subjects = waiting(relay, relay.mta.refused_log_in)
    relay.converge()
    delivered(relay, quiet, subjects)


@pytest.mark.parametrize(("fault", "word"), NAMES.values(), ids=NAMES)
def test_an_endpoint_without_an_address(relay, quiet, fault, word):
    quiet.dns(**fault)
    subjects = waiting(relay, word)
    quiet.reset()
    delivered(relay, quiet, subjects)


def test_a_name_of_the_hosts_file_needs_no_dns(relay, quiet):
    relay.host.check_output("cp /etc/hosts /root/hosts.saved")
    address = relay.host.check_output(f"getent ahostsv4 {REGION_ENDPOINT}").split()[0]
    relay.host.check_output(f"echo '{address} {REGION_ENDPOINT}' >> /etc/hosts")
    quiet.dns(nxdomain=[REGION_ENDPOINT])
    try:
        relay.arrived(quiet, relay.send())
    finally:
        relay.host.check_output("cat /root/hosts.saved > /etc/hosts")


def test_a_host_that_logs_in_elsewhere_keeps_plain(relay):
    listed = "cat /etc/sasl2/Sendmail.conf"
    assert "client_mech_list" in relay.host.check_output(listed)
    relay.host.check_output('echo \'AuthInfo:smtp.partner.example "I:a" "P:b"\' >> /etc/mail/access')
    try:
        relay.converge()
        assert "client_mech_list" not in relay.host.check_output(listed)
    finally:
        relay.host.check_output("sed -i /partner.example/d /etc/mail/access")
        relay.converge()
    assert "client_mech_list" in relay.host.check_output(listed)
