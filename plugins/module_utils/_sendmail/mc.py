# SPDX-License-Identifier: GPL-3.0-or-later
"""sendmail.mc: settings as m4, in one marked block before the mailers; every other line stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._mta.text import MASK, character_fault

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
BEGIN, END = "{} BEGIN mailops.ses: written anew at each run", "{} END mailops.ses"
# Features and defines are in force for the mailers that come after them.
_MAILERS = re.compile(r"^(?:MAILER_DEFINITIONS|MAILER\()", re.MULTILINE)
_LOG_IN = re.compile(r"^([# \t]*AuthInfo:\S*[ \t]+).*$", re.IGNORECASE | re.MULTILINE)
SECTIONS = ("LOCAL_CONFIG", *(f"LOCAL_RULE_{number}" for number in range(4)), "LOCAL_RULESETS")


def name_fault(name: Any) -> str | None:
    """Why this cannot be the name of a macro of m4; None for a sound name."""
    return None if isinstance(name, str) and NAME.fullmatch(name) else f"{name!a} is no name of m4"


def text_fault(value: Any) -> str | None:
    """Why a value cannot stand between m4's quotes; None for a sound one."""
    if value is None or isinstance(value, (list, dict)):
        return "is no string"
    text = str(value)
    return "has a backtick, which is m4's quote" if "`" in text else character_fault(text)


def argument_fault(macro: str, value: Any) -> str | None:
    """Why a value cannot be an argument of a macro; None for a sound one."""
    if macro in QUOTING and "'" in str(value):
        return f"has an apostrophe, where {macro} ends a quote"
    return text_fault(value)


def section_fault(items: Any) -> str | None:
    """Why this cannot be a section's lines and rules; None for a sound list."""
    if not isinstance(items, list):
        return "is no list"
    for item in items:
        if isinstance(item, list) and len(item) != 2:
            return "a rule is a list of two: what matches, and what becomes of it"
        for text in item if isinstance(item, list) else [item]:
            fault = text_fault(text)
            if fault:
                return f"{text!a} {fault}"
    return None


# How often m4 reads an argument before it stands in sendmail.cf: as it calls the macro, and as it writes what the macro
# has kept. Each time it takes one pair of quotes off, and what has none left is read for words of m4, such as dnl.
READINGS = {
    "define": 2,
    "MASQUERADE_AS": 3,
    "MASQUERADE_DOMAIN": 2,
    "LOCAL_DOMAIN": 2,
    "DAEMON_OPTIONS": 2,
    "QUEUE_GROUP": 2,
}
QUOTING = ("DAEMON_OPTIONS", "QUEUE_GROUP")  # their own definitions put what they get between quotes


def quoted(value: Any, readings: int = 1) -> str:
    """m4 leaves what stands between its quotes as it is; a closing quote outside of them is only a character."""
    # With more quotes, nothing would not be nothing to m4's comparisons.
    marks = ("`" * readings, "'" * readings) if str(value) else ("`", "'")
    return "'".join(f"{marks[0]}{part}{marks[1]}" for part in str(value).split("'"))


def _call(macro: str, *arguments: Any) -> str:
    return f"{macro}({', '.join(arguments)})dnl" if arguments else f"{macro}dnl"


def _define(name: str, value: Any) -> str:
    return _call("define", quoted(name), quoted(value, READINGS["define"]))


def _calls(macro: str, items: Sequence[Any]) -> list[str]:
    calls = [item if isinstance(item, list) else [item] for item in items]
    return [_call(macro, *(quoted(argument, READINGS.get(macro, 1)) for argument in call)) for call in calls]


def _line(item: Any) -> str:
    return quoted(f"R{item[0]}\t{item[1]}" if isinstance(item, list) else item)


def settings(
    defines: Mapping[str, Any],
    features: Mapping[str, Sequence[Any]],
    macros: Mapping[str, Sequence[Any]],
    sections: Mapping[str, Sequence[Any]],
) -> list[str]:
    """The lines of the block; a define with None becomes an undefine."""
    lines = [
        _call("undefine", quoted(name)) if value is None else _define(name, value) for name, value in defines.items()
    ]
    lines += [_call("FEATURE", *map(quoted, (name, *arguments))) for name, arguments in features.items()]
    lines += [line for name, items in macros.items() for line in _calls(name, items)]
    for name, items in sections.items():
        if items:
            lines += [name, *map(_line, items)]
    return lines


def block(lines: Iterable[str], comment: str) -> str:
    """The lines between the marks of what this collection writes, which are comments in the file's own form."""
    return "\n".join((BEGIN.format(comment), *lines, END.format(comment), ""))


def without_block(text: str, comment: str) -> str:
    """The text as it was before a block came into it."""
    begin, end = re.escape(BEGIN.format(comment)), re.escape(END.format(comment))
    return re.sub(rf"^{begin}\n(?:.*\n)*?{end}\n", "", text, flags=re.MULTILINE)


def with_settings(text: str, lines: Sequence[str]) -> str | None:
    """The text with the block before its mailers; None where the text has no mailers."""
    rest = without_block(text, "dnl #")
    match = _MAILERS.search(rest)
    if not match:
        return None
    return rest[: match.start()] + block(lines, "dnl #") + rest[match.start() :]


def with_settings_last(text: str, lines: Sequence[str]) -> str:
    """The text with the block at its end, as submit.mc needs it, where FEATURE(`msp') has its own settings; without
    lines none."""
    rest = without_block(text, "dnl #")
    end = "" if not rest or rest.endswith("\n") else "\n"
    return rest + end + block(lines, "dnl #") if lines else rest


def moved(text: str, path: str, place: str) -> str:
    """The text with another place for a path, also with an index's suffix, and no longer path that begins like it."""
    return re.sub(re.escape(path) + r"(?=\.db\b|[^\w./-]|$)", lambda _match: place, text, flags=re.MULTILINE)


def with_rows(text: str, rows: Mapping[str, str]) -> str:
    """A table's source with our rows in a block at its end, and no other row for their keys."""
    keys = {key.lower() for key in rows}
    others = without_block(text, "#").split("\n")  # splitlines would cut at other characters, too
    if not others[-1]:
        others.pop()
    rest = "".join(f"{line}\n" for line in others if line.lower().split(None, 1)[:1] not in [[key] for key in keys])
    return rest + block((f"{key}\t{value}" for key, value in rows.items()), "#") if rows else rest


def masked_rows(text: str) -> str:
    """A table's source for a diff: Sendmail reads log-ins from `access`, too, where it has no `authinfo`."""
    return _LOG_IN.sub(rf"\1{MASK}", text)


def significant(cf: str) -> list[str]:
    """The lines of a .cf that mean something; the rest tells who built it, and when."""
    return [line for line in cf.split("\n") if line and not line.startswith("#")]
