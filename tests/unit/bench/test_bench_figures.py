# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures are judged by their bounds and stand in one table."""

from __future__ import annotations

import pytest
from bench.figures import HEADINGS, Figure, table


@pytest.mark.parametrize(
    ("figure", "ratio", "reached"),
    [
        (Figure("time", 4.5, "s", "peer", 10.0, bound=0.45), 0.45, True),
        (Figure("time", 4.6, "s", "peer", 10.0, bound=0.45), 0.46, False),
        (Figure("rate", 20.0, "/s", "peer", 10.0, ">=", 2.0), 2.0, True),
        (Figure("rate", 19.0, "/s", "peer", 10.0, ">=", 2.0), 1.9, False),
        (Figure("changes", 0, bound=0), None, True),
        (Figure("changes", 1, bound=0), None, False),
        (Figure("told", 1.0, "s", "sum", 4.0), 0.25, None),
        (Figure("nothing to compare with", 1.0, "s", "peer", 0.0, bound=0.45), None, False),
    ],
)
def test_a_figure_is_judged_by_its_bound(figure: Figure, ratio: float | None, reached: bool | None) -> None:
    assert figure.ratio == (None if ratio is None else pytest.approx(ratio))
    assert figure.reached is reached


def test_the_table_has_a_row_for_each_figure() -> None:
    text = table([Figure("time", 4.6, "s", "peer", 10, bound=0.45), Figure("changes", 0, bound=0)])
    header, rule, first, second = text.splitlines()
    assert header.split("  ")[0] == HEADINGS[0]
    assert set(rule) == {"-", " "}
    assert first.split() == ["time", "4.60", "s", "10", "s:", "peer", "0.460", "<=", "0.45", "NO"]
    assert second.split() == ["changes", "0", "<=", "0", "yes"]
    assert header.index("bound") == first.index("<=") == second.index("<=")
