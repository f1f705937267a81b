# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents with marked places: <!-- begin: NAME (make docs) -->, a table, <!-- end: NAME -->."""

from __future__ import annotations

import re

from definitions import ROOT

from .tables import TABLES

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BEGIN = r"<!-- begin: (?P<name>[\w ]+) \(make docs\) -->\n"
_PLACE = re.compile(rf"(?P<begin>{_BEGIN}).*?(?P<end><!-- end: (?P=name) -->)", re.DOTALL)


def names(text: str) -> list[str]:
    """The tables that this document has, in its order."""
    return [found["name"] for found in re.finditer(_BEGIN, text)]


def written(text: str) -> str:
    """The document with its tables as their sources say now; KeyError for a name that no table has."""
    done, count = _PLACE.subn(lambda place: f"{place['begin']}{TABLES[place['name']]()}\n{place['end']}", text)
    if count != len(names(text)):
        raise ValueError(f"a marked place has no end: {', '.join(names(text))}")
    return done
