# SPDX-License-Identifier: GPL-3.0-or-later
"""What is Sendmail's alone: its files are checked before they change, and its daemons are looked after."""

from __future__ import annotations

import pytest
from testbed.relay import RELAYS, Relay, until

testinfra_hosts = RELAYS
FILES = "find /etc/mail -type f -name 'sendmail.*' -o -name 'a*' -type f | sort | xargs md5sum"


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with the defaults, whatever it had before."""
    Relay(host, layout).converge()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("FEATURE(`no_such_feature')dnl", "m4 does not accept sendmail.mc"),
        ("LOCAL_CONFIG\nO NoSuchOption=1", "Sendmail does not accept"),
        ("LOCAL_CONFIG\nKnothing nosuchclass /etc/nothing", "Sendmail does not accept"),
    ],
)
def test_what_sendmail_refuses_changes_nothing(relay, line, said):
    relay.host.check_output("cp -p /etc/mail/sendmail.mc /etc/mail/saved.mc")
    path = "/etc/mail/sendmail.mc"
    changed = relay.host.file(path).content_string.replace("MAILER_DEFINITIONS", f"{line}\nMAILER_DEFINITIONS", 1)
    try:
        relay.host.check_output("printf %s %s > /etc/mail/sendmail.mc", "%s", changed)
        before = relay.host.check_output(FILES)
        done = relay.playbook()
        assert done.returncode != 0
        assert said in done.stdout
        assert relay.host.check_output(FILES) == before
    finally:
        relay.host.check_output("mv /etc/mail/saved.mc /etc/mail/sendmail.mc")


def test_a_damaged_cf_is_made_whole(relay, endpoint):
    relay.host.check_output("truncate --size=20000 /etc/mail/sendmail.cf")
    assert "changed=0" not in relay.converge().stdout.partition("PLAY RECAP")[2]
    relay.arrived(endpoint, relay.send())
    assert "changed=0" in relay.converge().stdout


def test_a_daemon_that_died_is_started_again(relay, endpoint):
    relay.host.check_output("kill -9 $(head -1 /run/sendmail/mta/sendmail.pid)")
    relay.converge()
    relay.arrived(endpoint, relay.send())


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
    assert relay.host.file("/etc/mail/authinfo.db").mode == 0o600
