# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of cases: what may be counted in each cell, and whether it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .tally import JUDGED, Tally

if TYPE_CHECKING:
    from .trial import Trial

HEADINGS = (
    *("case", "MTA", "sent", "delivered", "bounced", "lost", "late", "half", "arrived twice", "leaked"),
    *("seconds", "as promised"),
)
MTAS = ("postfix", "sendmail")


@dataclass(frozen=True)
class Allowed:
    """More than none in a cell, and what forbids none: the protocol, or the MTA's source."""

    column: str
    most: int
    why: str


@dataclass(frozen=True)
class Case:
    """A row for each MTA. What is not allowed is expected to be 0."""

    name: str
    play: Callable[[Trial], None]
    patience: float = 30.0  # seconds after the fault in which all mail leaves
    flush: bool = False  # what was deferred waits for its next attempt: a flush stands in for those minutes
    quick: bool = False  # a part of `make test`
    allowed: Mapping[str, tuple[Allowed, ...]] = field(default_factory=dict)  # by MTA

    def excess(self, mta: str, found: Tally) -> list[str]:
        """What is not as promised, in words."""
        most = {cell.column: cell.most for cell in self.allowed.get(mta, ())}
        counted = {column: getattr(found, column) for column in JUDGED}
        over = [f"{count} {column}" for column, count in counted.items() if count > most.get(column, 0)]
        return [*over, *found.failures, *([] if found.sent else ["nothing was sent"])]


@dataclass(frozen=True)
class Row:
    """A case that was played."""

    case: Case
    mta: str
    found: Tally

    @property
    def excess(self) -> list[str]:
        """What is not as promised."""
        return self.case.excess(self.mta, self.found)

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        found = self.found
        counts = (found.sent, found.delivered, *(getattr(found, column) for column in JUDGED))
        return (
            self.case.name,
            self.mta.capitalize(),
            *map(str, counts),
            f"{found.seconds:.0f}",
            "NO" if self.excess else "yes",
        )


def remarks(rows: Iterable[Row]) -> list[str]:
    """A line for each row that is not as promised, and one for each cell that may be more than 0."""
    lines = []
    for row in rows:
        title = f"{row.case.name}, {row.mta.capitalize()}"
        lines += [f"{title}: {'; '.join(row.excess)}."] if row.excess else []
        for cell in row.case.allowed.get(row.mta, ()):
            lines.append(f"{title}: {cell.column} may be {cell.most}, since {cell.why}.")
    return lines


def plain(rows: Iterable[Row]) -> str:
    """The table for a terminal, with the remarks below."""
    known = list(rows)
    lines = [HEADINGS, *(row.cells() for row in known)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*text, *remarks(known)])


def markdown(rows: Iterable[Row]) -> str:
    """The table for docs/reliability.md, with the remarks below."""
    known = list(rows)
    lines = [list(HEADINGS), ["---"] * len(HEADINGS), *(list(row.cells()) for row in known)]
    text = [f"| {' | '.join(line)} |" for line in lines]
    notes = [f"- {line}" for line in remarks(known)]
    return "\n".join([*text, *([""] if notes else []), *notes])
