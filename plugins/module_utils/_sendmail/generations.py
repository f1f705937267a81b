# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a table that the block of sendmail.mc names. Each change of its rows gets a file of another name: what
still runs with the sendmail.cf of before finds the rows that belong to it, and sendmail.cf is the one switch."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable


def named(path: str, number: int) -> str:
    """The path of a generation; the first has the table's own."""
    return f"{path}.{number}" if number else path


def numbers(path: str, texts: Iterable[str]) -> list[int]:
    """The generations that these texts name, in their order."""
    pattern = rf"(?<![\w./-]){re.escape(path)}(?:\.([0-9]+))?(?=\.db\b|[^\w./-]|$)"
    found = [int(number or 0) for text in texts for number in re.findall(pattern, text, re.MULTILINE)]
    return list(dict.fromkeys(found))


def files(path: str) -> dict[str, int]:
    """The files of all generations that are there, sources and indexes, and whose they are."""
    pattern = re.compile(rf"{re.escape(os.path.basename(path))}(?:\.([0-9]+))?(?:\.db)?")
    found = {}
    for entry in os.scandir(os.path.dirname(path)):
        match = pattern.fullmatch(entry.name)
        if match:
            found[entry.path] = int(match.group(1) or 0)
    return found


def choose(path: str, texts: Iterable[str], holds: Callable[[str], bool | None]) -> int:
    """The generation for the rows that are wanted: one that the texts name, where it HOLDS them or (None) where there
    is nothing that could be read, else a new one."""
    known = numbers(path, texts)
    for number in known:
        if holds(named(path, number)) is not False:
            return number
    return max([*known, *files(path).values()]) + 1 if known else 0
