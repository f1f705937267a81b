# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import string
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.text import MASK
from ansible_collections.mailops.ses.plugins.module_utils._postfix.main_cf import (
    LogicalFile,
    definition,
    masked,
    name_fault,
    parameters,
    set_parameters,
    setting_fault,
    to_value,
    value_fault,
)
from hypothesis import given
from hypothesis import strategies as st

# Every character that Postfix's parser, or a careless one in Python, treats in a special way.
TEXTS = st.text(st.sampled_from("ab=#, \t\n\r\v\f\0\x1c\x85\u00a0\u2028é$"), max_size=60)
NAMES = st.text(st.sampled_from("ab_"), min_size=1, max_size=3)
VALUES = st.text(st.sampled_from("ab=#, ${}é"), max_size=8).map(str.strip)
WANTED = st.dictionaries(NAMES, st.none() | VALUES, max_size=3)
HOSTILE = [
    "a\nrelayhost = evil",
    "a\r\nb",
    "a\rb",
    "a\0b",
    "a\x0bb",
    "a\x0cb",
    "a\x85b",
    "a\u2028b",
    "a\x1bb",
    "a\udc80b",
]


@given(TEXTS)
def test_reading_and_writing_keeps_every_byte(text: str) -> None:
    assert LogicalFile(text).render() == text


@given(TEXTS, WANTED)
def test_wanted_parameters_hold_and_nothing_else_changes(text: str, wanted: dict[str, str | None]) -> None:
    after = set_parameters(text, wanted)
    assert parameters(after) == {
        name: value for name, value in {**parameters(text), **wanted}.items() if value is not None
    }
    others = [entry.text for entry in LogicalFile(text).entries if (definition(entry) or ("",))[0] not in wanted]
    assert [e.text for e in LogicalFile(after).entries if (definition(e) or ("",))[0] not in wanted] == others
    assert sum(line.strip().startswith("#") for line in after.split("\n")) == sum(
        line.strip().startswith("#") for line in text.split("\n")
    )
    assert set_parameters(after, wanted) == after


@pytest.mark.parametrize(
    ("text", "wanted", "after"),
    [
        ("", {"a": "1"}, "a = 1\n"),
        ("a = 1\n", {"a": "1"}, "a = 1\n"),
        ("a=1", {"a": "1"}, "a=1"),
        ("a = 1", {"b": "2"}, "a = 1\nb = 2\n"),
        ("a = 1\nb = 2\n", {"a": None}, "b = 2\n"),
        ("a = 1\nb = 2\na = 3\n", {"a": "3"}, "b = 2\na = 3\n"),
        ("a = 1\nb = 2\na = 3\n", {"a": "4"}, "b = 2\na = 4\n"),
        ("#a = 1\n", {"a": "1"}, "#a = 1\na = 1\n"),
        ("a = x,\n  y\nb = 2\n", {"a": "x, y"}, "a = x,\n  y\nb = 2\n"),
        ("a = x,\n# note\n\n  y\nb = 2\n", {"a": "z"}, "a = z\n# note\n\nb = 2\n"),
        ("a = x,\n# note\n  y\n", {"a": None}, "# note\n"),
        ("a = x\r\nb = y\r\n", {"a": "z"}, "a = z\nb = y\r\n"),
        ("a = 1\n", {"a": ""}, "a =\n"),
        ("a =\n", {"a": ""}, "a =\n"),
        ("a\n", {"a": "1"}, "a\na = 1\n"),
        ("ab = 1\n", {"a": "1"}, "ab = 1\na = 1\n"),
    ],
)
def test_a_wanted_parameter_changes_its_own_line_alone(text: str, wanted: dict[str, str | None], after: str) -> None:
    assert set_parameters(text, wanted) == after


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "yes"),
        (False, "no"),
        (100, "100"),
        (1.5, "1.5"),
        ("  $a, #b  ", "$a, #b"),
        (["a", 1, True], "a, 1, yes"),
        ([], ""),
        ("", ""),
        (None, None),
    ],
)
def test_a_value_is_written_as_postfix_reads_it(value: Any, written: str | None) -> None:
    assert value_fault(value) is None
    assert to_value(value) == written


@pytest.mark.parametrize("value", [*HOSTILE, ["fine", HOSTILE[0]], {"a": "b"}, [["a"]], ["a", {"b": 1}]])
def test_a_value_that_cannot_stand_in_the_file_is_refused(value: Any) -> None:
    fault = value_fault(value)
    assert fault
    assert "evil" not in fault


@pytest.mark.parametrize(
    "name", ["", " a", "a b", "a=b", "#a", "a\n", "a\nb", "-a", "é", "a$b", "a:b", '"a"', 1, None, True]
)
def test_a_name_that_is_no_parameters_is_refused(name: Any) -> None:
    assert name_fault(name)


@pytest.mark.parametrize("name", [string.ascii_lowercase, "smtp-out_destination_rate_delay", "10_x", "a.b"])
def test_a_parameters_name_is_taken(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize("value", ["static:user:pa55", "inline:{h=user:pa55}", "hash:/a, inline:{ h = user:pa55 }"])
def test_passwords_in_parameters_are_refused_and_never_shown(value: str) -> None:
    assert "secret_entries" in str(setting_fault("smtp_sasl_password_maps", value))
    text = f"a = 1\nsmtp_sasl_password_maps =\n  {value}\nb = 2\n"
    same, other = masked(text, text), masked(text, text.replace("pa55", "other"))
    assert same == f"a = 1\nsmtp_sasl_password_maps = {MASK}\nb = 2\n"
    assert other == f"a = 1\nsmtp_sasl_password_maps = {MASK} (changed)\nb = 2\n"


def test_tables_are_no_passwords() -> None:
    text = "smtp_sasl_password_maps = hash:/etc/postfix/x\nlocal_header_rewrite_clients = static:all\n"
    assert masked(text, "") == text
