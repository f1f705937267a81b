# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.text import MASK
from ansible_collections.mailops.ses.plugins.module_utils._postfix.main_cf import LogicalFile
from ansible_collections.mailops.ses.plugins.module_utils._postfix.master_cf import (
    Service,
    masked,
    render,
    secret_values,
    service,
    service_fault,
    services,
    set_services,
    tokens,
)
from hypothesis import given
from hypothesis import strategies as st

DEBIAN = """\
# service type  private unpriv  chroot  wakeup  maxproc command + args
smtp      inet  n       -       y       -       -       smtpd
#tlsproxy  unix  -       -       y       -       0       tlsproxy
relay     unix  -       -       y       -       -       smtp
        -o syslog_name=postfix/$service_name
#       -o smtp_helo_timeout=5
maildrop  unix  -       n       n       -       -       pipe
  flags=DRXhu user=vmail argv=/usr/bin/maildrop -d ${recipient}
"""
WORDS = st.text(st.sampled_from("ab{}#=-,$ é"), min_size=1, max_size=8).map(str.strip).filter(bool)


def balanced(text: str) -> bool:
    return service_fault({"name": "x", "type": "unix", "args": [text]}) is None


WANTED = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["smtp", "relay", "new", "127.0.0.1:25"]),
        "type": st.sampled_from(["unix", "inet"]),
        "command": st.sampled_from(["smtp", "pipe"]),
        "chroot": st.sampled_from(["y", "n", "-", None]),
        "options": st.dictionaries(st.sampled_from(["a", "b"]), WORDS.filter(balanced), max_size=2),
        "args": st.lists(WORDS.filter(balanced), max_size=3),
    }
)


@given(WANTED)
def test_wanted_services_hold_and_nothing_else_changes(want: dict[str, Any]) -> None:
    after, changed = set_services(DEBIAN, [want])
    found = services(after)[(want["name"], want["type"])]
    assert dict(found.options) == want["options"]
    assert list(found.args) == want["args"]
    others = [line for line in DEBIAN.split("\n") if line.startswith("#")]
    assert [line for line in after.split("\n") if line.startswith("#")] == others
    rest = {key: value for key, value in services(DEBIAN).items() if key != found.key}
    assert {key: value for key, value in services(after).items() if key != found.key} == rest
    assert set_services(after, [want]) == (after, [])
    assert changed in ([], [found.key])


@given(st.text(st.sampled_from("ab#-{} \t\n\r\0é\u2028"), max_size=80))
def test_any_text_is_kept(text: str) -> None:
    assert set_services(text, [])[0] == text
    assert LogicalFile(text).render() == text


@pytest.mark.parametrize(
    ("want", "old", "new"),
    [
        (
            {"name": "tlsproxy", "type": "unix", "chroot": "y", "maxproc": "0", "command": "tlsproxy"},
            "",
            "tlsproxy  unix  -       -       y       -       0       tlsproxy\n",
        ),
        ({"name": "smtp", "type": "inet", "state": "absent"}, DEBIAN.split("\n")[1] + "\n", ""),
        (
            {"name": "relay", "type": "unix", "options": {}},
            "        -o syslog_name=postfix/$service_name\n",
            "",
        ),
        (
            {"name": "relay", "type": "unix", "maxproc": "5"},
            "y       -       -       smtp\n        -o",
            "y       -       5       smtp\n  -o",
        ),
        ({"name": "smtp", "type": "inet", "private": "n", "chroot": True}, "", ""),
        ({"name": "maildrop", "type": "unix", "command": "pipe"}, "", ""),
        ({"name": "gone", "type": "unix", "state": "absent"}, "", ""),
    ],
)
def test_a_wanted_service_changes_its_own_lines_alone(want: dict[str, Any], old: str, new: str) -> None:
    after, changed = set_services(DEBIAN, [want])
    assert after == (DEBIAN.replace(old, new) if old else DEBIAN + new)
    assert bool(changed) == (after != DEBIAN)


def test_an_entry_that_is_there_twice_is_reduced_to_the_last() -> None:
    text = "x unix - - - - 1 smtp\n# between\nx unix - - - - 2 smtp\n"
    after, changed = set_services(text, [{"name": "x", "type": "unix", "maxproc": "2"}])
    assert after == "# between\nx unix - - - - 2 smtp\n"
    assert changed == [("x", "unix")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("-o a=b c", ["-o", "a=b", "c"]),
        ("-o { a = b c }", ["-o", "a = b c"]),
        ("a=${x y} }z", ["a=${x y}", "}z"]),
        ("{a", ["{a"]),
        ("  ", []),
    ],
)
def test_an_entry_is_cut_into_its_tokens(text: str, found: list[str]) -> None:
    assert tokens(text) == found


def test_options_after_the_first_argument_belong_to_it() -> None:
    found = service("x unix - n n - - pipe -v -o a=1 -ob=2 argv=/bin/x -o c=3")
    assert found == Service(
        "x", "unix", ("-", "n", "n", "-", "-"), "pipe", {"a": "1", "b": "2"}, ("-v", "argv=/bin/x", "-o", "c=3")
    )
    assert service(LogicalFile(render(found)).entries[0].text) == found


BASE = {"name": "x", "type": "unix"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "a b"}, "name"),
        ({"name": "#a"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "é"}, "name"),
        ({"type": "tcp"}, "type"),
        ({"private": "x"}, "private"),
        ({"chroot": "y\nz"}, "chroot"),
        ({"wakeup": "1 2"}, "wakeup"),
        ({"maxproc": "-1"}, "maxproc"),
        ({"command": "a b"}, "command"),
        ({"command": "a\n"}, "command"),
        ({"options": {"a b": "c"}}, "options"),
        ({"options": {"a": "b\nc"}}, "the value of a"),
        ({"options": {"a": "b } c"}}, "braces"),
        ({"options": {"a": None}}, "null"),
        ({"options": {"smtp_sasl_password_maps": "static:a:b"}}, "credentials"),
        ({"args": ["a\nb"]}, "number 1"),
        ({"args": ["a", "{"]}, "number 2"),
        ({"args": ["-o", "a=b"]}, "options"),
        ({"args": [" "]}, "empty"),
    ],
)
def test_a_faulty_service_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    assert words in str(service_fault({**BASE, **change}))


def test_diff_hides_passwords_in_options() -> None:
    text = "x unix - - - - - smtp -o smtp_sasl_password_maps=static:u:pa55 -o b=c\n"
    assert "pa55" not in masked(text, text)
    assert f"{MASK} (changed)" in masked(text, text.replace("pa55", "other"))
    assert secret_values(text) == ["static:u:pa55"]
    assert masked(DEBIAN, "") == DEBIAN
