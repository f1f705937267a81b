# SPDX-License-Identifier: GPL-3.0-or-later
"""The block in sendmail.mc, and rows in tables."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import mc

MC = "divert(0)dnl\nOSTYPE(`debian')dnl\nMAILER_DEFINITIONS\nMAILER(`local')dnl\n"


def test_the_block_stands_before_the_mailers_and_leaves_no_trace_when_it_goes():
    text = mc.with_settings(MC, mc.settings({"SMART_HOST": "a"}, {}, {}, {}))
    assert text.index("SMART_HOST") < text.index("MAILER_DEFINITIONS")
    assert mc.with_settings(text, mc.settings({"SMART_HOST": "a"}, {}, {}, {})) == text
    assert mc.without_block(text, "dnl #") == MC


def test_a_text_without_mailers_has_no_place_for_it():
    assert mc.with_settings("divert(0)dnl\n", []) is None


def test_each_kind_of_setting():
    lines = mc.settings(
        {"A": 1, "B": None},
        {"authinfo": ["hash -o x"], "nocanonify": []},
        {"QUEUE_GROUP": [["mqueue", "R=5"]], "LOCAL_DOMAIN": ["a", "b"]},
        {"LOCAL_RULE_0": [["$*", "$: $1"]], "LOCAL_CONFIG": []},
    )
    assert lines == [
        *("define(`A', ``1'')dnl", "undefine(`B')dnl"),
        *("FEATURE(`authinfo', `hash -o x')dnl", "FEATURE(`nocanonify')dnl"),
        *("QUEUE_GROUP(``mqueue'', ``R=5'')dnl", "LOCAL_DOMAIN(``a'')dnl", "LOCAL_DOMAIN(``b'')dnl"),
        *("LOCAL_RULE_0", "`R$*\t$: $1'"),
    ]


needs_m4 = pytest.mark.skipif(not shutil.which("m4"), reason="m4 is not installed here; the scenario sendmail runs it")


def m4(text, *arguments):
    return subprocess.run(["m4", *arguments], input=text, capture_output=True, text=True, check=True)


@needs_m4
@pytest.mark.parametrize("text", ["o'brien", "'", "a''b", "dnl x", "# define(`a'"[:8], "$1 len index"])
def test_m4_leaves_a_line_as_it_is(text):
    assert m4(mc.quoted(text)).stdout == text


# How the distribution's files (cfhead.m4, proto.m4 of 8.15 to 8.18) keep and write what these macros get.
CF = r"""changecom(`@')dnl
define(`_OPTION', `ifdef(`$2', `O $1`'ifelse(defn(`$2'), `',, `=$2')', `#O $1')')dnl
define(`MASQUERADE_AS', `define(`MASQUERADE_NAME', $1)')dnl
define(`LOCAL_DOMAIN', `C{w}$1
')dnl
define(`MASQUERADE_DOMAIN', `C{M}$1
')dnl
define(`_DPO_',`')dnl
define(`DAEMON_OPTIONS', `define(`_DPO_', defn(`_DPO_')
O DaemonPortOptions=`$1')')dnl
"""
WRITTEN = r"""_OPTION(CACertFile, `confCACERT', `')
DS`'ifdef(`SMART_HOST', `SMART_HOST')
DM`'MASQUERADE_NAME`'_DPO_
"""


@needs_m4
@pytest.mark.parametrize("apostrophe", ["", "'", "o'b"])
def test_no_word_of_m4_in_a_value_is_read_as_one(apostrophe):
    builtins = re.findall(r"^(\w+):", m4("dumpdef").stderr, re.MULTILINE)
    assert {"dnl", "divert", "sysval", "changequote", "include", "len"} <= set(builtins)
    plain = ".".join([*builtins, "SMART_HOST", "MASQUERADE_AS", "_OPTION", "dnl"])
    words = plain + apostrophe
    lines = mc.settings(
        {"confCACERT": f"/etc/{words}, {words}", "SMART_HOST": f"ses_relay:{words}", "_DPO_": ""},
        {},
        {
            **{name: [words] for name in ("LOCAL_DOMAIN", "MASQUERADE_DOMAIN", "MASQUERADE_AS")},
            "DAEMON_OPTIONS": [f"Family=inet, Name={plain}", "Name=B"],
        },
        {},
    )
    written = [line for line in m4(CF + "\n".join(lines) + "\n" + WRITTEN).stdout.split("\n") if line]
    assert written == [
        f"C{{w}}{words}",
        f"C{{M}}{words}",
        f"O CACertFile=/etc/{words}, {words}",
        f"DSses_relay:{words}",
        f"DM{words}",
        f"O DaemonPortOptions=Family=inet, Name={plain}",
        "O DaemonPortOptions=Name=B",
    ]


@pytest.mark.parametrize("value", ["a`b", "a\nb", None, ["a"]])
def test_what_m4_cannot_hold_is_refused(value):
    assert mc.text_fault(value)


@pytest.mark.parametrize(("macro", "fault"), [("DAEMON_OPTIONS", True), ("QUEUE_GROUP", True), ("LOCAL_DOMAIN", False)])
def test_an_apostrophe_is_refused_where_m4_would_end_a_quote_with_it(macro, fault):
    assert bool(mc.argument_fault(macro, "Name=o'b")) is fault


def test_rows_stand_in_a_block_and_replace_others_for_their_keys():
    text = "# comment\nConnect:127 RELAY\nconnect:A.test\tREJECT\n"
    after = mc.with_rows(text, {"Connect:a.test": "RELAY"})
    assert after.startswith("# comment\nConnect:127 RELAY\n# BEGIN")
    assert "REJECT" not in after
    assert mc.with_rows(after, {"Connect:a.test": "RELAY"}) == after
    assert mc.with_rows(after, {}) == "# comment\nConnect:127 RELAY\n"


@pytest.mark.parametrize("text", ["", "\n", "a\tb\r\n", "a\n\n#\u2028 b\x0c\n"])
def test_other_lines_stay_byte_for_byte(text):
    assert mc.with_rows(text, {"k": "v"}).startswith(text + "# BEGIN")
    assert mc.with_rows("last", {}) == "last\n"


def test_a_log_in_among_other_rows_is_masked():
    text = '#AuthInfo:old.test "P:secret"\nauthinfo:a.test\t"U:x" "P:secret"\nConnect:127 RELAY\n'
    assert mc.masked_rows(text) == "#AuthInfo:old.test ********\nauthinfo:a.test\t********\nConnect:127 RELAY\n"


def test_who_built_a_cf_and_when_makes_no_difference():
    assert mc.significant("# built by root\nDZ8\n\n") == mc.significant("# built by me\nDZ8\n") == ["DZ8"]


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        ("Kaccess hash /etc/mail/access", "Kaccess hash /tmp/x/access"),
        ("Kaccess hash -o /etc/mail/access.db", "Kaccess hash -o /tmp/x/access.db"),
        ("O A=/etc/mail/access, B", "O A=/tmp/x/access, B"),
        ("Kother hash /etc/mail/access_other", None),
        ("Kother hash /etc/mail/access.other", None),
        ("Kother hash /etc/mail/access/other", None),
    ],
)
def test_a_path_is_replaced_as_a_whole(line, moved):
    assert mc.moved(f"{line}\nO C=d\n", "/etc/mail/access", "/tmp/x/access") == f"{moved or line}\nO C=d\n"
