# SPDX-License-Identifier: GPL-3.0-or-later
"""What is Sendmail's alone: its daemons are looked after, and its files are nobody else's to write."""

from __future__ import annotations

import pytest
from testbed.relay import RELAYS, Relay, until

testinfra_hosts = RELAYS


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with the defaults, whatever it had before."""
    Relay(host, layout).settle()


def test_mail_that_was_handed_over_while_it_was_down_is_kept_and_flushed(relay, endpoint):
    relay.host.check_output("systemctl stop sendmail")
    subject = relay.send()
    assert len(relay.queue()) == 1
    relay.host.check_output("systemctl start sendmail")
    relay.arrived(endpoint, subject)
    until("the queue is empty", lambda: relay.queue() == [])


def test_nobody_else_can_write_what_the_daemon_reads(relay):
    writable = relay.host.check_output("find /etc/mail -type f -perm /o+w -o -name '*.old' -perm /o+w")
    assert writable == ""
    assert relay.host.file(relay.mta.credential_files()[1]).mode == 0o600
