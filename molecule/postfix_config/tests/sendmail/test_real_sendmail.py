# SPDX-License-Identifier: GPL-3.0-or-later
"""sendmail_config on the real Sendmail of each host of the testbed."""

from __future__ import annotations

import re

from mtas import Sendmail

RUNNERS = ("/run/sendmail/msp/sendmail.pid", "/run/sendmail/mta/sendmail.pid")


def test_where_make_fails_the_host_keeps_what_it_had(host: Sendmail) -> None:
    def state() -> list[str]:
        # Debian's make writes these two anew each time, and sendmail.conf as it was.
        lines = [line for line in host.state().splitlines() if not re.search(r"\./(Makefile|databases)\b", line)]
        return [re.sub(r" \d+\.\d+", "", line) for line in lines]

    host.shell("printf '\\nsendmail_dbs: no-such-file\\n' >> /etc/mail/Makefile")
    before = state()
    said = host.configure(**host.wanted)["failed"]
    assert "the host keeps what it had: make -C /etc/mail ended with 2" in said
    assert "no-such-file" in said
    assert state() == before


def test_a_table_that_nothing_reads_is_refused(host: Sendmail) -> None:
    before = host.state()
    said = host.configure(tables=[host.credentials()])["failed"]
    assert "authinfo: nothing in sendmail.mc reads /etc/mail/authinfo" in said
    assert host.state() == before


def test_a_daemon_that_died_is_due_for_a_restart(host: Sendmail) -> None:
    """Either: the one that takes mail, and the one that flushes what was handed over while that was down."""
    wanted = {**host.wanted, "settings": {"MSP_MODE": "Daemon", "MSP_INTERVAL": "1m"}}
    host.configure(**wanted)
    for runner in RUNNERS:
        host.shell(host.start)
        assert host.configure(**wanted)["action"] == "none"
        host.shell(f"kill -9 $(head -1 {runner})")
        died = host.configure(**wanted)
        assert (died["changed"], died["action"]) == (False, "restart")


def test_rows_that_are_not_wanted_any_more_go_and_those_of_others_stay(host: Sendmail) -> None:
    host.shell("cd /etc/mail; echo 'Connect:other.example.com RELAY' >> access; make access")
    host.configure(**host.wanted)
    gone = {**host.wanted, "tables": [{"name": "access"}, {"name": "ses_aliases", "kind": "text"}]}
    assert host.configure(**gone)["changed"]
    assert host.rows() == ""
    listing = host.run("makemap", "-u", "hash", "/etc/mail/access")
    assert "connect:other.example.com" in listing
    assert not host.configure(**gone)["changed"]
