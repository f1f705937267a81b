# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures and their table."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass

HEADINGS = ("figure", "measured", "compared with", "ratio", "bound", "reached")
Relation = Callable[[float, float], bool]
RELATIONS: dict[str, Relation] = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Figure:
    """One row: the bound holds for the ratio where something is compared with, else for the value itself."""

    name: str
    value: float
    unit: str = ""
    against: str = ""
    other: float | None = None
    relation: str = "<="
    bound: float | None = None  # None: told, not judged

    @property
    def ratio(self) -> float | None:
        """How often the other value fits in."""
        return self.value / self.other if self.other else None

    @property
    def reached(self) -> bool | None:
        """Whether the bound holds; None where there is none."""
        if self.bound is None:
            return None
        judged = self.value if self.other is None else self.ratio
        return judged is not None and RELATIONS[self.relation](judged, self.bound)

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        return (
            self.name,
            quantity(self.value, self.unit),
            "" if self.other is None else f"{quantity(self.other, self.unit)}: {self.against}",
            "" if self.ratio is None else f"{self.ratio:.3f}",
            "" if self.bound is None else f"{self.relation} {self.bound:g}",
            {None: "", True: "yes", False: "NO"}[self.reached],
        )


def quantity(value: float, unit: str) -> str:
    """A whole number as it is, another with two decimals."""
    number = f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"
    return f"{number} {unit}".rstrip()


def table(figures: Iterable[Figure]) -> str:
    """A row for each figure under the headings."""
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
