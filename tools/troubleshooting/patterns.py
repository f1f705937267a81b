# SPDX-License-Identifier: GPL-3.0-or-later
"""A regular expression of the table of causes as texts that it matches: what a reader compares a reply with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from re import _constants as op  # type: ignore[attr-defined]  # the interpreter's own, which typeshed leaves out
from re import _parser as parser  # type: ignore[attr-defined]  # as above
from typing import Any

ANYTHING = "…"
DIGIT = "x"
Groups = dict[int, str]


def examples(pattern: str, name: Callable[[str], str]) -> list[str]:
    """One for each alternative: `…` is anything, `x` a digit, and a named group is what `name` calls it."""
    if not pattern:
        return []
    parsed = parser.parse(pattern)
    groups = {number: name(group) for group, number in parsed.state.groupdict.items()}
    return list(dict.fromkeys(_tidy(text) for text in _sequence(parsed, groups)))


def _tidy(text: str) -> str:
    """A space around what is left out where a word follows it, and nothing left hanging at the end."""
    text = re.sub(rf"\s*{ANYTHING}\s*(?=\w)", f" {ANYTHING} ", text)
    return f"{text}{ANYTHING}" if text.endswith(" ") else text


def _sequence(items: Iterable[tuple[Any, Any]], groups: Groups) -> list[str]:
    texts = [""]
    for code, value in items:
        if code not in _SHOWN:
            raise ValueError(f"no example for {code} in a regular expression: teach tools/troubleshooting/patterns.py")
        texts = [text + end for text in texts for end in _SHOWN[code](value, groups)]
    return texts


def _set(members: list[tuple[Any, Any]], _groups: Groups) -> list[str]:
    """Each of several digits, the first of other characters."""
    if members == [(op.CATEGORY, op.CATEGORY_DIGIT)]:
        return [DIGIT]
    if any(code is not op.LITERAL for code, _value in members):
        return [ANYTHING]
    characters = [chr(value) for _code, value in members]
    return characters if all(character.isdigit() for character in characters) else characters[:1]


def _group(value: tuple[int | None, int, int, Any], groups: Groups) -> list[str]:
    number, _add, _remove, items = value
    return [groups[number]] if number in groups else _sequence(items, groups)


def _repeat(value: tuple[int, Any, Any], groups: Groups) -> list[str]:
    """What may be missing is left out."""
    least, most, items = value
    if (least, most) == (0, 1):
        return [""]
    return _sequence(list(items) * least, groups) if least == most else [ANYTHING]


_SHOWN: dict[Any, Callable[[Any, Groups], list[str]]] = {
    op.LITERAL: lambda value, _groups: [chr(value)],
    op.ANY: lambda _value, _groups: [ANYTHING],
    op.NOT_LITERAL: lambda _value, _groups: [ANYTHING],
    op.AT: lambda _value, _groups: [""],
    op.ASSERT: lambda _value, _groups: [""],
    op.ASSERT_NOT: lambda _value, _groups: [""],
    op.IN: _set,
    op.BRANCH: lambda value, groups: [text for branch in value[1] for text in _sequence(branch, groups)],
    op.SUBPATTERN: _group,
    op.MAX_REPEAT: _repeat,
}
