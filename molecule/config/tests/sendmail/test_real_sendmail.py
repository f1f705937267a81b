# SPDX-License-Identifier: GPL-3.0-or-later
"""sendmail_config on the real Sendmail of each host of the testbed."""

from __future__ import annotations

import json
import re

from ansible_collections.mailops.ses.plugins.module_utils._sendmail import mc
from hosts import Sendmail

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


def test_no_word_of_m4_in_a_value_is_read_as_one(host: Sendmail) -> None:
    """Each word that the distribution's files for m4 have, and each that m4 itself has."""
    files = "/usr/share/sendmail*/cf/*/*.m4"
    found = host.shell(f"(cat {files}; echo dumpdef | m4 2>&1) | LC_ALL=C grep -aoE '[A-Za-z_][A-Za-z0-9_]*' | sort -u")
    words = ".".join(found.split())
    assert len(found.split()) > 1000
    assert ".dnl." in words
    names = ("LOCAL_DOMAIN", "MASQUERADE_DOMAIN", "MASQUERADE_AS")
    macros = {**{name: [words] for name in names}, "DAEMON_OPTIONS": [f"Name={words}"]}
    lines = mc.settings({"SMART_HOST": f"ses_relay:{words}", "confCACERT": f"/{words}"}, {}, macros, {})
    host.put("words.mc", str(mc.with_settings(host.text("sendmail.mc"), lines)))
    written = host.shell("cd /etc/mail; m4 words.mc").splitlines()
    for line in ("DSses_relay:", "O CACertFile=/", "C{w}", "C{M}", "DM", "O DaemonPortOptions=Name="):
        assert f"{line}{words}" in written, line


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


def test_what_a_host_has_of_its_own_stays_and_shows_no_secret(host: Sendmail) -> None:
    """Bytes that are no UTF-8, a Windows editor's line ends, an include beside sendmail.mc, a log-in among the rows."""
    own = '# B\\374ro\\r\\nAuthInfo:old.example.com\\t"U:x" "P:anOldPassw0rd"\\n'
    host.shell(f"cd /etc/mail; printf '{own}' >> access; echo \"define(\\`confMAX_HOP', \\`33')dnl\" > local.m4")
    host.shell("cd /etc/mail; sed -i '/^MAILER_DEFINITIONS/i include(`local.m4'\"'\"')dnl B\\xfcro' sendmail.mc")
    before = host.shell("grep -a 'ro\\|AuthInfo' /etc/mail/access | md5sum")
    done = host.configure(**host.wanted)
    assert done["changed"]
    assert "anOldPassw0rd" not in json.dumps(done)
    assert host.shell("grep -a 'ro\\|AuthInfo' /etc/mail/access | md5sum") == before
    assert "O MaxHopCount=33" in host.run("cat", "/etc/mail/sendmail.cf")
    assert not host.configure(**host.wanted)["changed"]


def test_rows_that_are_not_wanted_any_more_go_and_those_of_others_stay(host: Sendmail) -> None:
    host.shell("cd /etc/mail; echo 'Connect:other.example.com RELAY' >> access; make access")
    host.configure(**host.wanted)
    gone = {**host.wanted, "tables": [{"name": "access"}, {"name": "ses_aliases", "kind": "text"}]}
    assert host.configure(**gone)["changed"]
    assert host.sampled() == ""
    listing = host.run("makemap", "-u", "hash", "/etc/mail/access")
    assert "connect:other.example.com" in listing
    assert not host.configure(**gone)["changed"]
