# SPDX-License-Identifier: GPL-3.0-or-later
"""m4's calls, as m4 itself reads them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.m4 import Call, calls

CF = "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FEATURE(`nullclient')dnl\n", [(1, "FEATURE", ["nullclient"])]),
        ("\ndefine(`SMART_HOST',\n  `hub')dnl\n", [(2, "define", ["SMART_HOST", "hub"])]),
        ("define(`A',dnl why\n`b')\n", [(1, "define", ["A", "b"])]),
        ("define(`A', `b') define(`C', d)\n", [(1, "define", ["A", "b"]), (1, "define", ["C", "d"])]),
        ("MAILER(local)\nMAILER( `smtp' )\n", [(1, "MAILER", ["local"]), (2, "MAILER", ["smtp"])]),
        ("INPUT_MAIL_FILTER(`x', `S=local:/a, F=T')\n", [(1, "INPUT_MAIL_FILTER", ["x", "S=local:/a, F=T"])]),
        ("define(`A', `one `two' three')\n", [(1, "define", ["A", "one `two' three"])]),
        ("define(`A', f(x, y))\n", [(1, "define", ["A", "f(x, y)"])]),
        ("define(`A', `b''c`'d)\n", [(1, "define", ["A", "b'cd"])]),
        ("LOCAL_RULE_0\n", [(1, "LOCAL_RULE_0", [""])]),
        ("define (`A', `b')\n", [(1, "define", [""])]),  # the space makes it two things
        ("dnl FEATURE(`nullclient')\n", []),
        ("# FEATURE(`nullclient')\n", []),
        ("`FEATURE(`nullclient')'\n", []),
        ("ifdef(`x', `FEATURE(`nullclient')')\n", [(1, "ifdef", ["x", "FEATURE(`nullclient')"])]),
        ("FEATURE(`nullclient'", [(1, "FEATURE", ["nullclient"])]),
        ("`never closed FEATURE(`nullclient')\n", []),
        ("", []),
    ],
)
def test_a_call_is_read_over_lines_and_quotes(text, found):
    assert list(calls(text)) == [Call(*call) for call in found]


def test_below_cf_m4_a_comment_is_none():
    text = f"# MAILER(`a')\n{CF}# MAILER(`b')\ndnl MAILER(`c')\n"
    assert [call.arguments for call in calls(text) if call.macro == "MAILER"] == [["b"]]


@pytest.mark.skipif(not shutil.which("m4"), reason="m4 is on machines that build Sendmail's configuration")
def test_m4_reads_it_so():
    text = (
        "define(`show', `<$1|$2>')changecom()# show(`a',\n  `b, c')dnl show(`no')\nshow(`d',dnl why\n`e')`show(`f')'\n"
    )
    said = subprocess.run(["m4"], input=text, capture_output=True, text=True, check=True).stdout
    shown = [call.arguments for call in calls(f"{CF}{text}") if call.macro == "show"]
    assert said == f"# <{'|'.join(shown[0])}><{'|'.join(shown[1])}>show(`f')\n"
