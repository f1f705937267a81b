# SPDX-License-Identifier: GPL-3.0-or-later
"""main.cf as text: read parameters and bring some of them to wanted values, every other byte kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._mta.text import MASK, SPACE, character_fault

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
# Values of these parameters may hold a password themselves instead of naming a table.
_CREDENTIAL_NAME = re.compile(r"passw|secret|credential", re.IGNORECASE)
_CREDENTIAL_VALUE = re.compile(r"\b(?:inline|static):")


@dataclass(frozen=True)
class Entry:
    """One logical line: the numbers of its physical lines, and its text joined by single spaces."""

    lines: tuple[int, ...]
    text: str


class LogicalFile:
    """Postfix's reading of main.cf and master.cf: a line that starts with white space continues the entry before it,
    comments and blank lines count nowhere, not even between an entry and its continuation."""

    def __init__(self, text: str) -> None:
        self._lines = re.findall(r"[^\n]*\n|[^\n]+", text)
        groups: list[list[int]] = []
        for number, line in enumerate(self._lines):
            bare = line.strip(SPACE)
            if not bare or bare.startswith("#"):
                continue
            if line[0] in SPACE and groups:
                groups[-1].append(number)
            else:
                groups.append([number])
        self.entries = [
            Entry(tuple(group), " ".join(self._lines[number].strip(SPACE) for number in group)) for group in groups
        ]

    def replace(self, entry: Entry, text: str) -> None:
        """Put text (whole lines, or nothing) in the entry's place; comments inside the entry stay."""
        for number in entry.lines:
            self._lines[number] = ""
        self._lines[entry.lines[0]] = text

    def append(self, text: str) -> None:
        """Add text (whole lines) at the end."""
        present = self.render()
        if present and not present.endswith("\n"):
            text = "\n" + text
        self._lines.append(text)

    def render(self) -> str:
        """The text as it is now."""
        return "".join(self._lines)


def definition(entry: Entry) -> tuple[str, str] | None:
    """Name and value of a main.cf entry; None where Postfix would refuse the entry."""
    name, equals, value = entry.text.partition("=")
    name = name.strip(SPACE)
    if not equals or not name or any(char in SPACE for char in name):
        return None
    return name, value.strip(SPACE)


def parameters(text: str) -> dict[str, str]:
    """What the text sets: of several definitions of a name the last one counts."""
    return dict(found for found in map(definition, LogicalFile(text).entries) if found)


def definitions(text: str) -> dict[str, list[str]]:
    """Every value that the text gives to a name."""
    found: dict[str, list[str]] = {}
    for name, value in filter(None, map(definition, LogicalFile(text).entries)):
        found.setdefault(name, []).append(value)
    return found


def set_parameters(text: str, wanted: Mapping[str, str | None]) -> str:
    """The text with each wanted parameter defined once, and those wanted as None not at all."""
    file = LogicalFile(text)
    places: dict[str, list[tuple[Entry, str]]] = {}
    for entry in file.entries:
        found = definition(entry)
        if found and found[0] in wanted:
            places.setdefault(found[0], []).append((entry, found[1]))
    for name, value in wanted.items():
        defined = places.get(name, [])
        if value is None:
            surplus = defined
        elif defined:
            surplus, (entry, present) = defined[:-1], defined[-1]
            if present != value:
                file.replace(entry, _line(name, value))
        else:
            surplus = []
            file.append(_line(name, value))
        for entry, _present in surplus:
            file.replace(entry, "")
    return file.render()


def _line(name: str, value: str) -> str:
    return f"{name} = {value}".rstrip(SPACE) + "\n"


def name_fault(name: Any) -> str | None:
    """Why this cannot be a parameter's name; None for a sound name."""
    if isinstance(name, str) and NAME.fullmatch(name):
        return None
    return "is no parameter name: ASCII letters, digits, _ . and - only"


def value_fault(value: Any) -> str | None:
    """Why a YAML value cannot be a parameter's value; None for a sound one."""
    if isinstance(value, (list, tuple)):
        faults = ("has a list in a list" if isinstance(item, (list, tuple)) else value_fault(item) for item in value)
        return next((fault for fault in faults if fault), None)
    if isinstance(value, str):
        return character_fault(value, allowed="\t")
    if value is None or isinstance(value, (bool, int, float)):
        return None
    return "is neither a string, number, boolean, list nor null"


def to_value(value: Any) -> str | None:
    """A YAML value as Postfix writes it; None, for null, takes the parameter out."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(item for item in map(to_value, value) if item)
    return str(value).strip(SPACE)


def holds_secret(name: str, value: str) -> bool:
    """Whether a parameter's value may contain a password, not only the name of a table."""
    return bool(_CREDENTIAL_NAME.search(name) and _CREDENTIAL_VALUE.search(value))


def setting_fault(name: Any, value: Any) -> str | None:
    """Why this cannot be set, in main.cf or by -o; None for a sound setting. Never shows the value."""
    fault = name_fault(name)
    if fault:
        return f"{name!a} {fault}"
    fault = value_fault(value)
    if fault is None and holds_secret(name, to_value(value) or ""):
        fault = "holds credentials, which others could read there: give a table with secret_entries"
    return f"the value of {name} {fault}" if fault else None


def masked(text: str, other: str) -> str:
    """The text for a diff: values that may hold a password become a mask that tells whether they differ."""
    file, others = LogicalFile(text), parameters(other)
    for entry in file.entries:
        found = definition(entry)
        if found and holds_secret(*found):
            note = "" if others.get(found[0], found[1]) == found[1] else " (changed)"
            file.replace(entry, f"{found[0]} = {MASK}{note}\n")
    return file.render()


def secret_values(text: str) -> Iterable[str]:
    """The values in the text that may hold a password, so that they can be masked elsewhere."""
    return [value for name, value in parameters(text).items() if holds_secret(name, value)]
