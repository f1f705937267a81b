# SPDX-License-Identifier: GPL-3.0-or-later
"""What the look at a host's Sendmail says of each thing that hosts have."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._relay.finding import sentences
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import look as sendmail_look
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.look import (
    Present,
    Wanted,
    look,
    own_daemons,
    reads_access,
    rewrites_senders,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.mc import block
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError

MC = "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\nMAILER_DEFINITIONS\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n"
CF = "# built\nDZ8.18.1/Debian-6\nMlocal, P=/bin/x\nMsmtp, P=[IPC]\n"
DEBIAN = Present(mc=MC, cf=CF, compiled=CF, submit_mc="FEATURE(`msp', `[127.0.0.1]', `25')dnl\n", unit_state="enabled")
WANTED = Wanted("email-smtp.us-east-1.amazonaws.com", ["web1.corp.test", "web1"], ["example.com"], True)
OUTSIDE = "O DaemonPortOptions=Family=inet, Name=MTA-v4, Port=smtp\n"


def verdicts(host, wanted=WANTED):
    found = look(host, wanted)
    return {verdict: sentences(found, verdict) for verdict in ("kept", "changed", "refused")}


def tables(**texts):
    return replace(DEBIAN, tables={name.replace("_", "-"): text for name, text in texts.items()})


def with_lines(lines, **further):
    return replace(DEBIAN, mc=lines + MC, **further)


def test_a_host_as_the_distribution_ships_it_has_nothing_to_say():
    assert look(DEBIAN, WANTED) == []
    assert look(Present(), WANTED) == []


def test_red_hats_file_does_not_name_a_mailer_that_everybody_has():
    """Its package of Sendmail comes without m4, so that nobody tells yet what the file means."""
    mc = MC.replace("MAILER(`local')dnl\n", "")
    assert look(replace(DEBIAN, mc=f"{mc}MAILER(procmail)dnl\n", compiled=""), WANTED) == []


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (replace(DEBIAN, complaint="m4 does not accept sendmail.mc: m4:sendmail.mc:7: bad"), "sendmail.mc:7"),
        (replace(DEBIAN, mc="", compiled=""), "is there without a sendmail.mc"),
        (with_lines("FEATURE(`nullclient', `hub.corp.example')dnl\n"), "FEATURE(`nullclient') in line 1"),
        (replace(DEBIAN, mc=MC.replace("MAILER(`smtp')", ""), compiled="DZ1\n"), "has no MAILER(`smtp')"),
        (replace(DEBIAN, cf=CF + "O MaxHopCount=3\n"), "line 5, 'O MaxHopCount'"),
        (replace(DEBIAN, cf=CF + "D{pw}secret\n"), "line 5, 'D{pw}';"),
        (replace(DEBIAN, submit_mc="dnl\nFEATURE(`msp', `[127.0.0.7]')dnl\n"), "line 2 of /etc/mail/submit.mc"),
        (replace(DEBIAN, submit_mc="", submit_cf="D{MTAHost}[hub.corp.example]\n"), "hub.corp.example"),
        (tables(mailertable=". smtp:[hub.corp.example]\n"), "The row `.` of /etc/mail/mailertable"),
        (tables(virtusertable="info@example.com alice\n"), "example.com in /etc/mail/virtusertable"),
        (with_lines("LOCAL_CONFIG\nO DaemonPortOptions=Name=X, Addr=0.0.0.0\n"), "in line 2 of /etc/mail/sendmail.mc"),
        (replace(DEBIAN, settings='DAEMON_PARMS="-ODaemonPortOptions=Addr=10.0.0.1";\n'), "DAEMON_PARMS in "),
        (
            replace(with_lines("FEATURE(`queuegroup')dnl\n"), tables={"access": "QGRP:corp.example slow\n"}),
            "FEATURE(`queuegroup') in line 1",
        ),
        (
            with_lines("LOCAL_NET_CONFIG\nR$* < @ $* . > $*\t$#smtp $@ [10.0.0.1] $: $1 < @ $2 . > $3\n"),
            "LOCAL_NET_CONFIG in line 2",
        ),
        (with_lines("LOCAL_RULE_0\nR$+\t$#smtp $@ [10.0.0.1] $: $1\n"), "LOCAL_RULE_0 in line 2"),
        (replace(DEBIAN, settings='DAEMON_MODE="None";\n'), "starts no daemon"),
        (replace(DEBIAN, unit_state="masked"), "is masked"),
        (replace(DEBIAN, listeners={25: "python3"}), "Port 25 of 127.0.0.1 is python3's"),
        (replace(DEBIAN, listeners={587: "dovecot"}), "Port 587 of 127.0.0.1 is dovecot's"),
        (replace(DEBIAN, lacks_ptrace=True), "CAP_SYS_PTRACE"),
        (replace(DEBIAN, compiled=CF + "O QueueDirectory=/var/spool/mqueue/q*\n", cf=""), "/var/spool/mqueue/q*"),
        (replace(DEBIAN, own=CF + "C{N}lists.example corp.test\n"), "MASQUERADE_EXCEPTION(corp.test) of "),
        (
            replace(DEBIAN, exceptions={"/etc/mail/kept": "# ours\nlists.example\ncorp.test\n"}),
            "MASQUERADE_EXCEPTION_FILE(/etc/mail/kept) of /etc/mail/sendmail.mc keeps corp.test",
        ),
        (with_lines("FEATURE(\n  `nullclient',\n  `hub.corp.example')dnl\n"), "FEATURE(`nullclient') in line 1"),
        (replace(DEBIAN, mc=MC + "# FEATURE(`nullclient')\n"), "FEATURE(`nullclient') in line 5"),  # no comment there
        (replace(DEBIAN, settings='DAEMON_PARMS="-OMaxDaemonChildren=5 -C/etc/mail/corp.cf";\n'), "another file than"),
        (replace(DEBIAN, settings='HANDS_OFF="Yes";\n'), "HANDS_OFF='Yes' in /etc/mail/sendmail.conf"),
        (replace(DEBIAN, compiled=CF + "O RunAsUser=smmta:smmsp\n", cf=""), "is smmta:smmsp, who cannot read"),
    ],
)
def test_with_this_the_role_does_not_begin(host, words):
    (sentence,) = verdicts(host)["refused"]
    assert words in sentence
    assert ";" in sentence  # and a remedy


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (with_lines("define(`SMART_HOST', `hub.corp.example')dnl\n"), "'hub.corp.example', makes room"),
        (with_lines("MASQUERADE_AS(`corp.example')dnl\n"), "MASQUERADE_AS(corp.example) in line 1"),
        (with_lines("define(`SMART_HOST',\n  `hub.corp.example')dnl\n"), "line 1 of /etc/mail/sendmail.mc, 'hub.corp"),
        (with_lines("define(`confDELIVERY_MODE', `background')dnl\n"), "becomes queue"),
        (with_lines("FEATURE(`queuegroup')dnl\n"), "two queues"),
        (replace(DEBIAN, cf=CF + "O X=1\n", cf_older=True), "is built anew"),
        (replace(DEBIAN, cf=CF + OUTSIDE, compiled=CF + OUTSIDE), "listens on 127.0.0.1 alone"),
        (tables(local_host_names="example.com\n"), "example.com in /etc/mail/local-host-names"),
        (tables(authinfo='AuthInfo:email-smtp.us-east-1.amazonaws.com "U:root" "P:x"\n'), "is read no more"),
    ],
)
def test_what_changes_is_named_once(host, words):
    found = verdicts(host)
    assert found["refused"] == []
    (sentence,) = found["changed"]
    assert words in sentence
    assert "P:x" not in sentence
    later = replace(host, mc=block(["x"], "dnl #") + host.mc)
    assert verdicts(later)["changed"] == []


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (with_lines("INPUT_MAIL_FILTER(`opendkim', `S=inet:8891@localhost')dnl\n"), "INPUT_MAIL_FILTER in line 1"),
        (with_lines("define(`MAIL_HUB', `hub.corp.example')dnl\n"), "MAIL_HUB"),
        (with_lines("LOCAL_RULE_0\n"), "LOCAL_RULE_0"),
        (tables(mailertable="partner.example esmtp:[relay.partner.example]\n"), "/etc/mail/mailertable"),
        (tables(virtusertable="a@lists.example alice\nb@lists.example bob\n"), "its 2 rows"),
    ],
)
def test_what_is_kept_is_said(host, words):
    found = verdicts(host)
    assert found["refused"] == found["changed"] == []
    assert words in found["kept"][0]


def test_lines_that_m4_leaves_out_are_not_in_force():
    assert look(with_lines("dnl define(`SMART_HOST', `x')\n# FEATURE(`nullclient')\n"), WANTED) == []
    assert look(replace(DEBIAN, mc=MC + "dnl FEATURE(`nullclient')\n"), WANTED) == []


def test_masquerading_stays_where_no_variable_masquerades():
    wanted = replace(WANTED, masquerades=False, organisation_domains=[])
    host = with_lines(
        "MASQUERADE_AS(`corp.example')dnl\n", cf=CF + "DMcorp.example\n", compiled=CF + "DMcorp.example\n"
    )
    assert "masks senders as before" in verdicts(host, wanted)["kept"][0]
    assert rewrites_senders(host)
    assert rewrites_senders(tables(genericstable="dave dave.doe@example.com\n"))
    assert not rewrites_senders(DEBIAN)


@pytest.mark.parametrize(
    "texts",
    [
        {"access": "Connect:10 RELAY\n"},
        {"relay_domains": "corp.example\n"},
        {"local_host_names": "lists.example\n"},
        {"virtusertable": "a@lists.example alice\n"},
    ],
)
@pytest.mark.parametrize(("loopback_only", "verdict"), [(None, "refused"), (True, "changed"), (False, "kept")])
def test_a_host_that_serves_others_is_asked_what_it_is_to_be(texts, loopback_only, verdict):
    host = replace(tables(**texts), cf=CF + OUTSIDE, compiled=CF + OUTSIDE)
    found = verdicts(host, replace(WANTED, loopback_only=loopback_only))
    assert any(sentence.startswith("The daemon Family=inet") for sentence in found[verdict])
    others = {"refused", "changed"} - {verdict}
    assert all(found[other] == [] for other in others)


def test_rows_for_this_host_itself_serve_nobody_else():
    host = tables(access="Connect:127 RELAY\nConnect:localhost RELAY\n", local_host_names="localhost\nweb1.corp.test\n")
    host = replace(host, cf=CF + OUTSIDE, compiled=CF + OUTSIDE)
    assert verdicts(host)["refused"] == []


@pytest.mark.parametrize("port", [25, 587])
@pytest.mark.parametrize(
    ("table", "address", "name", "told"),
    [
        ("tcp", "00000000", "python3", "python3"),
        ("tcp", "0100007F", "sendmail-mta", ""),
        ("tcp", "0200007F", "python3", ""),
        ("tcp6", "0" * 32, "mailpit", "mailpit"),
    ],
)
def test_who_has_a_port_is_found(tmp_path, port, table, address, name, told):
    (tmp_path / "net").mkdir()
    rows = f"  sl\n   0: {address}:{port:04X} 00000000:0000 0A 0:0 00:0 0 0 0 4711 1\n"
    (tmp_path / "net" / table).write_text(rows)
    (tmp_path / "12" / "fd").mkdir(parents=True)
    (tmp_path / "12" / "fd" / "3").symlink_to("socket:[4711]")
    (tmp_path / "12" / "comm").write_text(name + "\n")
    assert sendmail_look.listener(port, str(tmp_path)) == told


def test_a_port_is_nothing_to_the_role_that_leaves_the_daemons():
    host = replace(DEBIAN, listeners={587: "dovecot"})
    assert verdicts(host, replace(WANTED, loopback_only=False))["refused"] == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("m4:sendmail.mc:7: bad", "m4:sendmail.mc:7: bad"),
        ("*** FEATURE() should be before MAILER()", "*** FEATURE() should be before MAILER(), in line 3"),
        ("*** never of a part", "*** never of a part"),
    ],
)
def test_a_complaint_of_m4_without_a_line_gets_one(monkeypatch, said, told):
    def compiled(text, _directory):
        if "part" not in said and "FEATURE" in text:
            raise SendmailError(said)

    monkeypatch.setattr(sendmail_look.tools, "compiled", compiled)
    assert sendmail_look._with_line(said, "MAILER\ndnl\nFEATURE\ndnl\n", "/") == told


def test_a_host_is_read(tmp_path, monkeypatch):
    (tmp_path / "sendmail.mc").write_text(MC)
    (tmp_path / "mailertable").write_text("partner.example esmtp:[p]\n")
    monkeypatch.setattr(sendmail_look.tools, "installed", lambda: False)
    found = sendmail_look.present(lambda _argv: (1, "masked\n", ""), ["postfix"], str(tmp_path))
    assert (found.mc, found.unit_state, found.listeners) == (MC, "masked", {})
    assert found.tables["mailertable"].startswith("partner")


def test_files_of_what_is_not_masqueraded_are_read(tmp_path, monkeypatch):
    (tmp_path / "sendmail.mc").write_text(MC)
    (tmp_path / "kept").write_text("corp.test\n")
    made = f"F{{N}}{tmp_path}/kept\nF{{N}}-o {tmp_path}/none\n"
    monkeypatch.setattr(sendmail_look.tools, "installed", lambda: True)
    monkeypatch.setattr(sendmail_look.tools, "compiled", lambda _text, _directory: made)
    found = sendmail_look.present(lambda _argv: (1, "", ""), ["postfix"], str(tmp_path))
    assert found.exceptions == {f"{tmp_path}/kept": "corp.test\n", f"{tmp_path}/none": ""}


def test_daemons_of_its_own_on_loopback_stay_and_are_named():
    apps = "Family=inet, Name=APPS, Port=5587, Addr=127.0.0.1, M=E"
    raw = "Name=RAW, Port=5588, Addr=127.0.0.1"
    listening = "".join(f"O DaemonPortOptions={text}\n" for text in (apps, "Name=NET, Addr=10.0.0.1", raw))
    host = with_lines(f"LOCAL_CONFIG\n`O DaemonPortOptions={raw}'\n", own=CF + listening)
    assert own_daemons(host) == [apps]  # what is no call of m4 stays without being named anew
    assert verdicts(host, WANTED)["kept"] == [f"The daemon {apps} listens as before."]


def test_a_daemon_in_the_place_of_the_distributions_stays_and_is_named():
    host = replace(DEBIAN, own=CF + "O DaemonPortOptions=Name=MSA, Port=587, Addr=127.0.0.1, M=E\n")
    assert verdicts(host, WANTED)["kept"] == ["The daemon Name=MSA, Port=587, Addr=127.0.0.1, M=E listens as before."]


def test_the_distributions_daemons_are_not_named():
    host = replace(DEBIAN, own=CF + "O DaemonPortOptions=Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1\n")
    assert look(host, WANTED) == []


def test_a_table_that_nothing_reads_gets_no_rows():
    assert reads_access(Present())
    assert reads_access(replace(DEBIAN, own="Kaccess hash -T<TMPF> /etc/mail/access.db\n"))
    assert not reads_access(replace(DEBIAN, own=CF))


def test_servers_that_are_verified_by_other_anchors_are_refused_until_the_user_names_a_file():
    host = replace(
        tables(access="TLS_Srv:partner.example\tVERIFY:128\n"), own=CF + "O CACertFile=/etc/mail/corp-ca.pem\n"
    )
    assert "verifies a server by /etc/mail/corp-ca.pem" in verdicts(host)["refused"][0]
    assert look(host, replace(WANTED, ca_file="/etc/ssl/both.pem")) == []
    assert look(replace(host, own=host.own + "O CACertPath=/etc/ssl/certs\n"), WANTED) == []
    assert look(replace(host, tables={"access": "TLS_Srv:partner.example\tENCR:128\n"}), WANTED) == []


def test_an_exception_from_masquerading_that_is_not_this_hosts_stays():
    host = replace(DEBIAN, own=CF + "C{N}lists.example\n")
    assert look(host, WANTED) == []
    assert look(replace(host, own=CF + "C{N}corp.test\n"), replace(WANTED, masquerades=False)) == []


def test_a_smart_host_of_an_included_file_is_named():
    assert verdicts(replace(DEBIAN, own=CF + "DS[hub.corp.example]\n"))["changed"] == [
        "SMART_HOST, '[hub.corp.example]', of a file that /etc/mail/sendmail.mc includes makes room for the SES "
        "endpoint."
    ]
    assert len(verdicts(with_lines("define(`SMART_HOST', `[hub]')dnl\n", own=CF + "DS[hub]\n"))["changed"]) == 1


def test_what_has_the_roles_value_already_is_not_named():
    assert look(with_lines("define(`confQUEUE_LA', `1000')dnl\n"), WANTED) == []


@pytest.mark.parametrize(("mode", "told"), [("${DAEMON_MODE}", 0), ("Daemon", 0), ("Cron", 1), ("none", 1)])
def test_a_daemon_that_runs_no_queue_gets_one(mode, told):
    assert len(verdicts(replace(DEBIAN, settings=f'QUEUE_MODE="{mode}";\n'))["changed"]) == told


def test_a_rule_for_some_domains_stays():
    host = with_lines("LOCAL_RULE_0\nR$+ < @ special.example . > $*\t$#smtp $@ [10.0.0.1] $: $1\n")
    assert verdicts(host)["refused"] == []
    inside = with_lines("LOCAL_NET_CONFIG\nR$* < @ $* .$m. > $*\t$#smtp $@ $2.$m. $: $1 < @ $2.$m. > $3\n")
    assert verdicts(inside)["refused"] == []
