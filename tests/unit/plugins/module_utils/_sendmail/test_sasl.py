# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SASL library is told of Sendmail as a client, and when it is left alone."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import sasl, tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.plan import SASL, make_plan
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import Request, Table

LIST = "client_mech_list: EXTERNAL LOGIN\n"
SES = 'AuthInfo:email-smtp.us-east-1.amazonaws.com "U:root" "I:u" "P:p"\n'
PARTNER = 'AuthInfo:smtp.partner.example "U:root" "I:u" "P:p" "M:PLAIN"\n'
OURS = ["AuthInfo:vpce-1.example"]


def test_the_hosts_own_lines_stay_and_a_second_run_changes_nothing():
    own = "pwcheck_method: saslauthd"
    once = sasl.with_mechanisms(own, ("EXTERNAL", "LOGIN"))
    assert once.startswith(own + "\n# BEGIN")
    assert LIST in once
    assert sasl.with_mechanisms(once, ("EXTERNAL", "LOGIN")) == once
    assert sasl.with_mechanisms(once, ()) == own + "\n"


def test_a_list_of_the_hosts_own_stays():
    assert sasl.with_mechanisms("client_mech_list: PLAIN\n", ("LOGIN",)) == "client_mech_list: PLAIN\n"


@pytest.mark.parametrize(
    ("rows", "settings", "elsewhere"),
    [
        ("", "", False),
        (SES, "FEATURE(`authinfo', `hash -o /etc/mail/authinfo.db')dnl", False),
        ("authinfo:VPCE-1.example x\n", "FEATURE(`authinfo')dnl", False),
        (f"#{PARTNER}", "", False),
        (f"{SES}{PARTNER}", "", True),
        ("AuthInfo: x\n", "", True),  # any server
        ("", "FEATURE(`authinfo', `ldap -k x')dnl", True),
        ("", "dnl FEATURE(`authinfo', `ldap -k x')dnl", False),
        ("", "define(`confDEF_AUTH_INFO', `/etc/mail/default')dnl", True),
    ],
)
def test_log_ins_elsewhere_are_seen(rows, settings, elsewhere):
    assert sasl.logs_in_elsewhere(rows, OURS, settings) is elsewhere


@pytest.mark.parametrize(("there", "found"), [([], 0), ([1], 1), ([1, 0], 0)])
def test_the_file_is_the_one_that_the_library_finds(tmp_path, monkeypatch, there, found):
    places = [tmp_path / "etc", tmp_path / "lib" / "x86" / "sasl2"]
    for place in places:
        place.mkdir(parents=True)
    for number in there:
        (places[number] / sasl.FILE).touch()
    monkeypatch.setattr(sasl, "PLACES", (str(places[0]), f"{tmp_path}/lib/*/sasl2"))
    assert sasl.place() == str(places[found] / sasl.FILE)


@pytest.mark.parametrize(
    ("where", "mc", "cf", "elsewhere"),
    [
        ("access", "", "", True),
        ("authinfo", "FEATURE(`authinfo')dnl\n", "", True),
        ("authinfo", "", "Kauthinfo hash -o {}/authinfo.db\n", True),
        ("index", "FEATURE(`authinfo')dnl\n", "", True),
        ("authinfo", "", "Kses_authinfo hash -o {}/ses_authinfo.db\n", False),  # nothing reads it
        ("", "FEATURE(`authinfo')dnl\n", "", False),
    ],
)
def test_a_host_that_logs_in_elsewhere_keeps_all_mechanisms(tmp_path, monkeypatch, where, mc, cf, elsewhere):
    monkeypatch.setattr(sasl, "PLACES", (str(tmp_path),))
    monkeypatch.setattr(tools, "index", lambda _path: {"authinfo:a.example": "x"} if where == "index" else None)
    (tmp_path / "sendmail.mc").write_text(f"{mc}MAILER_DEFINITIONS\n")
    (tmp_path / "sendmail.cf").write_text(cf.format(tmp_path))
    if where in ("access", "authinfo"):
        (tmp_path / where).write_text(PARTNER)
    tables = (Table("ses_authinfo", "hash", {OURS[0]: "x"}, True),)
    plan = make_plan(Request([], {}, tables, str(tmp_path), client_mechanisms=("EXTERNAL", "LOGIN")), installed=True)
    assert (LIST in plan.after[SASL]) is not elsewhere
    assert (SASL in plan.changed_files) is not elsewhere
