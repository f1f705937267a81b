# SPDX-License-Identifier: GPL-3.0-or-later
"""A row holds where every cell is as its case allows; the table says what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from faults.__main__ import parse, rows
from faults.cases import CASES
from faults.table import HEADINGS, MTAS, Allowed, Case, Row, markdown, plain
from faults.tally import JUDGED, Tally
from faults.trial import Trial, details


def nothing(_trial: Trial) -> None:
    """Plays nothing."""


CASE = Case("cut", nothing, allowed={"postfix": (Allowed("twice", 2, "the protocol repeats"),)})


@pytest.mark.parametrize(
    ("mta", "counts", "excess"),
    [
        ("postfix", {}, []),
        ("postfix", {"twice": 2}, []),
        ("postfix", {"twice": 3}, ["3 twice"]),
        ("sendmail", {"twice": 1}, ["1 twice"]),
        ("postfix", {"lost": 1, "leaked": 1}, ["1 lost", "1 leaked"]),
        ("postfix", {"failures": ("stays down",)}, ["stays down"]),
        ("postfix", {"sent": 0}, ["nothing was sent"]),
    ],
)
def test_more_than_is_allowed_does_not_hold(mta: str, counts: dict[str, Any], excess: list[str]) -> None:
    assert CASE.excess(mta, Tally(**{"sent": 5, "delivered": 5, **counts})) == excess


def test_the_table_has_a_row_for_each_case_and_its_reasons_below() -> None:
    text = plain([Row(CASE, "postfix", Tally(5, 5, twice=1)), Row(CASE, "sendmail", Tally(5, 4, lost=1, seconds=2.4))])
    header, _rule, first, second, *remarks = text.splitlines()
    assert header.split("  ")[0] == HEADINGS[0]
    assert first.split() == ["cut", "Postfix", "5", "5", "0", "0", "0", "0", "1", "0", "0", "yes"]
    assert second.split() == ["cut", "Sendmail", "5", "4", "0", "1", "0", "0", "0", "0", "2", "NO"]
    assert remarks == ["cut, Postfix: twice may be 2, since the protocol repeats.", "cut, Sendmail: 1 lost."]


def test_the_table_in_markdown_has_the_same_cells() -> None:
    lines = markdown([Row(CASE, "postfix", Tally(5, 5))]).splitlines()
    assert lines[2] == "| cut | Postfix | 5 | 5 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | yes |"
    assert {line.count("|") for line in lines[:3]} == {len(HEADINGS) + 1}
    assert lines[3:] == ["", "- cut, Postfix: twice may be 2, since the protocol repeats."]


def test_a_row_comes_out_of_a_process_as_it_went_in() -> None:
    played = Row(CASES[0], "sendmail", Tally(5, 4, failures=("one",)))
    assert rows([json.dumps(details(played))]) == [played]


def test_each_case_has_a_name_of_its_own_and_a_sentence() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert [case.name for case in CASES if not getattr(case.play, "func", case.play).__doc__] == []


def test_what_is_allowed_names_a_column_and_has_a_reason() -> None:
    cells = [(mta, cell) for case in CASES for mta, allowed in case.allowed.items() for cell in allowed]
    assert cells
    assert [cell for mta, cell in cells if mta not in MTAS or cell.column not in JUDGED or not cell.why] == []


def test_the_command_line_chooses_cases() -> None:
    assert [case.name for case in parse(["--case", "throttled"]).cases] == ["throttled"]
    assert {case.quick for case in parse(["--quick"]).cases} == {True}


def test_a_word_that_no_case_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--case", "no such"])
    assert "there are endpoint changed" in capsys.readouterr().err
