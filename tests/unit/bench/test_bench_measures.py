# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of the measures: AWS's steps, the time that sessions span, the command line."""

from __future__ import annotations

import shlex

import pytest
from bench import by_hand_sendmail
from bench.__main__ import parse
from bench.by_hand import script
from bench.check import dialogues, span

HOSTILE = "pa'ss $(id) `id` \\ \""


def test_the_steps_quote_what_they_are_given() -> None:
    lines = script("mail.test", "AKIAEXAMPLE", HOSTILE, {"smtp_helo_name": "$myhostname"}).splitlines()
    (postconf,) = (shlex.split(line) for line in lines if line.startswith("postconf"))
    assert {"relayhost = [mail.test]:587", "smtp_helo_name = $myhostname"} < set(postconf)
    (row,) = (shlex.split(line) for line in lines if line.startswith("printf"))
    assert row[2] == f"[mail.test]:587 AKIAEXAMPLE:{HOSTILE}"


def test_sendmails_steps_quote_what_they_are_given() -> None:
    lines = by_hand_sendmail.script("mail.test", "AKIAEXAMPLE", HOSTILE).splitlines()
    row = next(shlex.split(line) for line in lines if line.endswith("> authinfo"))
    assert row[2] == f'AuthInfo:mail.test "U:root" "I:AKIAEXAMPLE" "P:{HOSTILE}" "M:PLAIN"'


def test_sessions_side_by_side_span_less_than_their_sum() -> None:
    day = "2025-01-01T00:00:"
    sessions = [
        {"opened": f"{day}00.500+00:00", "closed": f"{day}01.250+00:00"},
        {"opened": f"{day}00.750+00:00", "closed": f"{day}01.750+00:00"},
    ]
    assert span(sessions) == 1.25


def test_a_dialogue_begins_with_its_connection() -> None:
    timings = {"resolve": 900.0, "connect": 50.5, "banner": 100.0, "tls": 99.5}
    assert dialogues({"ports": [{"timings_ms": timings}]}) == [0.25]


@pytest.mark.parametrize(
    ("arguments", "remedy"), [(["reurn"], "there are rerun"), (["--messages", "0"], "--messages: at least 1")]
)
def test_a_wrong_command_line_is_refused(arguments: list[str], remedy: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(arguments, ["rerun"])
    assert remedy in capsys.readouterr().err
