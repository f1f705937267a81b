# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples that the documents show are replies and queue texts that lead to the cause beside them."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from troubleshooting.patterns import examples
from troubleshooting.shows import shown
from troubleshooting.table import CAUSES, Cause
from troubleshooting.words import Words, as_code

EXAMPLES = [
    pytest.param(row, kind, text, id=f"{row.id}-{text}")
    for row in CAUSES
    for kind, pattern in (("reply", row.says), ("queue", row.queue))
    for text in examples(pattern, str.upper)
]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", []),
        ("a b", ["a b"]),
        ("a|b c", ["a", "b c"]),
        ("(?:Connection|Operation) timed out", ["Connection timed out", "Operation timed out"]),
        ("45[14] later", ["451 later", "454 later"]),
        ("self[- ]signed", ["self-signed"]),
        (r"4\d\d[ -]", ["4xx …"]),
        (r"\d{3}", ["xxx"]),
        (r"to \S+:25", ["to …:25"]),
        ("421[ -].*Maximum", ["421 … Maximum"]),
        (r"554[ -](?:\d\.\d )?Denied", ["554 Denied"]),
        ("<?[^ ]*>? ?Invalid", [" … Invalid"]),
        (r"User (?P<user>\S+) may", ["User USER may"]),
        (r"^(?<!x)a(?!b)$", ["a"]),
    ],
)
def test_a_pattern_by_example(pattern: str, expected: list[str]) -> None:
    assert examples(pattern, str.upper) == expected


def test_a_pattern_that_it_cannot_show_is_refused() -> None:
    with pytest.raises(ValueError, match=r"patterns\.py"):
        examples(r"(a)\1", str.upper)


@pytest.mark.parametrize(("row", "kind", "text"), EXAMPLES)
def test_an_example_leads_to_its_cause(row: Cause, kind: str, text: str) -> None:
    facts = dict.fromkeys(row.needs, "known")
    digits = re.sub(r"(?<=\d)x+", lambda found: "9" * len(found.group()), text)
    stage = row.stages[0] if row.stages and kind == "reply" else ""
    found = diagnose(Symptom(kind, digits, stage, facts=facts))
    assert (found["id"], found["source"]) == (row.id, row.source)


@pytest.mark.parametrize(
    ("row", "english", "japanese"),
    [
        (
            Cause("a", "", "", "", ("timeout",), ("connect",), ports=(25,), scopes=("works", "")),
            "No answer comes within the time-out while connecting, on port 25, when another port works or nothing is "
            "known of other ports.",
            "ポート 25 で、接続時に、タイムアウトまでに応答がない"
            "(ほかのポートは正常である、またはほかのポートの状態が不明である場合)。",
        ),
        (
            Cause("a", "", "", "", says="4(?:21|54)[ -]Wait"),
            "The server's reply begins `421 Wait` or `454 Wait`.",
            "サーバーの応答が `421 Wait`、または`454 Wait` で始まる。",
        ),
        (
            Cause("a", "", "", "", stages=("tls",)),
            "The server refuses at STARTTLS or in the TLS handshake.",
            "STARTTLS または TLS ハンドシェイク時に、サーバーが拒否する。",
        ),
        (Cause("a", "", "", "", kinds=()), "Any other failure.", "上記以外の失敗。"),
        (Cause("a", "", "", "", kinds=("queue",), queue="text"), "", ""),
    ],
)
def test_how_a_row_shows(row: Cause, english: str, japanese: str) -> None:
    assert [shown(row, Words(language)) for language in ("en", "ja")] == [english, japanese]


def test_a_kind_without_words_is_named() -> None:
    with pytest.raises(KeyError, match=r"words\.yml has no 'new' among its kinds"):
        shown(Cause("a", "", "", "", kinds=("new",)), Words("en"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the ca_file of smtp_check.", "the `ca_file` of `smtp_check`."),
        ("in `sasl_passwd` and a_b", "in `sasl_passwd` and `a_b`"),
        ("filter mailops.ses.smtp_password, or", "filter `mailops.ses.smtp_password`, or"),
        ("to success@simulator.amazonses.com.", "to `success@simulator.amazonses.com`."),
        ("local-part@domain in /etc/a_b", "local-part@domain in /etc/a_b"),
        ("with ses_mtu: auto, or ses_port: 587", "with `ses_mtu: auto`, or `ses_port`: 587"),
        ("ses:SendRawEmail by openssl s_client", "`ses:SendRawEmail` by `openssl s_client`"),
        ("フィルター ses_sender、または(ses_port)", "フィルター `ses_sender`、または(`ses_port`)"),
    ],
)
def test_names_are_set_as_code(text: str, expected: str) -> None:
    assert as_code(text) == expected
