# SPDX-License-Identifier: GPL-3.0-or-later
"""The block in sendmail.mc, and rows in tables."""

from __future__ import annotations

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
        *("define(`A', `1')dnl", "undefine(`B')dnl"),
        *("FEATURE(`authinfo', `hash -o x')dnl", "FEATURE(`nocanonify')dnl"),
        *("QUEUE_GROUP(`mqueue', `R=5')dnl", "LOCAL_DOMAIN(`a')dnl", "LOCAL_DOMAIN(`b')dnl"),
        *("LOCAL_RULE_0", "`R$*\t$: $1'"),
    ]


@pytest.mark.skipif(not shutil.which("m4"), reason="m4 is not installed here; the scenario sendmail runs it")
@pytest.mark.parametrize("text", ["o'brien", "'", "a''b", "dnl x", "# define(`a'"[:8], "$1 len index"])
def test_m4_leaves_a_line_as_it_is(text):
    done = subprocess.run(["m4"], input=mc.quoted(text), capture_output=True, text=True, check=True)
    assert done.stdout == text


@pytest.mark.parametrize("value", ["a`b", "a\nb", None, ["a"]])
def test_what_m4_cannot_hold_is_refused(value):
    assert mc.text_fault(value)


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
