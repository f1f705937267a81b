# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of m4 in a sendmail.mc: which macro, with which arguments, in which line. Nothing is expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_REST_OF_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_QUOTE = re.compile(r"[`']")


class Call(NamedTuple):
    """A macro that m4 meets. One without parentheses has one empty argument, as m4 has it."""

    line: int
    macro: str
    arguments: list[str]


def calls(text: str) -> Iterator[Call]:
    """The calls that are in force, in their order; what stands in quotes, or in the arguments of another, is none.

    m4's comments begin with # until cf.m4 is included, which turns them off: below it only dnl leaves a line out.
    """
    at, comments = 0, True
    while at < len(text):
        name = _NAME.match(text, at)
        if not name:
            at = _after(text, at, comments)
            continue
        start, at = at, name.end()
        if name.group() == "dnl":
            at = _end_of_line(text, at)
            continue
        arguments = [""]
        if text[at : at + 1] == "(":
            arguments, at = _arguments(text, at + 1, comments)
        comments = comments and not (name.group() == "include" and arguments[0].endswith("cf.m4"))
        yield Call(text.count("\n", 0, start) + 1, name.group(), arguments)


def _arguments(text: str, at: int, comments: bool) -> tuple[list[str], int]:
    """The arguments from behind the opening parenthesis, without their outer quotes, and where the call ends."""
    found, depth = [""], 0
    while at < len(text):
        name = _NAME.match(text, at)
        if name and name.group() == "dnl":
            at = _end_of_line(text, name.end())
            continue
        end = name.end() if name else _after(text, at, comments)
        piece = text[at:end]
        at = end
        if piece == ")" and not depth:
            break
        if piece == "," and not depth:
            found.append("")
            continue
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if len(piece) > 1 and piece[0] == "`":
            piece = piece[1:-1]
        found[-1] += piece
    return [argument.strip() for argument in found], at


def _after(text: str, at: int, comments: bool) -> int:
    """Where what begins here ends: a string in quotes, which may hold others, a comment, or one character."""
    if text[at] == "#" and comments:
        return _end_of_line(text, at)
    if text[at] != "`":
        return at + 1
    depth = 0
    for quote in _QUOTE.finditer(text, at):
        depth += 1 if quote.group() == "`" else -1
        if not depth:
            return quote.end()
    return len(text)


def _end_of_line(text: str, at: int) -> int:
    found = _REST_OF_LINE.match(text, at)
    return found.end() if found else len(text)
