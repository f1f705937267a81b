# SPDX-License-Identifier: GPL-3.0-or-later
"""A reload of Sendmail, by the unit that Red Hat's package has."""

from __future__ import annotations

from testbed.relay import relays, until

testinfra_hosts = relays("sayamazon2023")


def test_a_mail_that_waits_for_its_reply_is_sent_once(relay, endpoint):
    endpoint.fault(stage="eod", delay=4.0, times=1)
    subject = relay.send()
    until("the endpoint has the mail, and has not replied", lambda: not endpoint.faults())
    relay.host.check_output("systemctl reload sendmail")
    relay.arrived(endpoint, subject)
    until("nothing is queued", lambda: not relay.queue())
    # A session that was cut off has no message in the simulator's records: SES would have taken it.
    commands = [command for session in endpoint.sessions() for command, _reply in session["commands"]]
    assert commands.count(".") == 1
