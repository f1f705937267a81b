# SPDX-License-Identifier: GPL-3.0-or-later
"""Look-up tables: which kinds there are, what their files hold, what may stand in them."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._mta.text import MASK, SPACE, character_fault

TABLE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)


@dataclass(frozen=True)
class Kind:
    """A table type that lives in a file of its own."""

    suffix: str = ""  # of the index; empty: Postfix reads the source itself
    listed: bool = False  # postmap reads stdin (-i) and lists (-s) it: no source file is needed
    key: re.Pattern[str] = re.compile(r"(?!#)[^\s\"\\]*(?:\"[^\s\"\\]+\"[^\s\"\\]*)?")
    folds: bool = True  # keys that differ in case only are the same key


_PATTERN = re.compile(r"!?/(?:[^/\\]|\\.)+/[A-Za-z]*")
KINDS: dict[str, Kind] = {
    "hash": Kind(".db", listed=True),
    "btree": Kind(".db", listed=True),
    "lmdb": Kind(".lmdb", listed=True),
    "cdb": Kind(".cdb"),
    "texthash": Kind(),
    "regexp": Kind(key=_PATTERN, folds=False),
    "pcre": Kind(key=_PATTERN, folds=False),
    "cidr": Kind(key=re.compile(r"!?\[?[0-9A-Fa-f:.]+\]?(?:/[0-9]+)?"), folds=False),
}
# Where the host's default type is none of ours, or is not there.
PREFERENCE = ("hash", "lmdb", "cdb", "texthash")
# A secret table has one file only, so cdb, whose index needs a source file, is no choice for it.
SECRET_KINDS = tuple(name for name, kind in KINDS.items() if kind.listed or not kind.suffix)
SUFFIXES = tuple(sorted({kind.suffix for kind in KINDS.values() if kind.suffix}))


def resolve_type(wanted: str, default: str, supported: Iterable[str], secret: bool) -> str | None:
    """WANTED where it is given, else DEFAULT or the first of PREFERENCE that SUPPORTED has; None where it has no such
    type. Tables with a SECRET take the types of SECRET_KINDS alone."""
    usable = [name for name in supported if name in KINDS and (not secret or name in SECRET_KINDS)]
    if wanted:
        return wanted if wanted in usable else None
    # A host that chose cdb gets no Berkeley DB for its secrets: texthash is there everywhere.
    choices = (default, "texthash") if secret and default == "cdb" else (default, *PREFERENCE)
    return next((name for name in choices if name in usable), None)


def name_fault(name: Any) -> str | None:
    """Why this cannot be the name of a table's file; None for a sound name."""
    if not isinstance(name, str) or not TABLE_NAME.fullmatch(name):
        return "is no file name: ASCII letters, digits, _ . and - only"
    if name.endswith((".cf", ".mc", ".proto", *SUFFIXES)):
        return "would hide another file of the MTA: choose another name"
    return None


def entries_fault(entries: Mapping[Any, Any], kind: Kind) -> str | None:
    """Why an entry cannot stand in a table of this kind, None where all can; names the key, never the value."""
    seen: set[str] = set()
    for key, value in entries.items():
        fault = _key_fault(key, kind)
        if fault:
            return f"the key {key!a} {fault}"
        fault = value_fault(value)
        if fault:
            return f"the value of {key!a} {fault}"
        folded = fold(key, kind)
        if folded in seen:
            return f"the key {key!a} is there twice: case makes no difference"
        seen.add(folded)
    return None


def _key_fault(key: Any, kind: Kind) -> str | None:
    if not isinstance(key, str):
        return "is no string: quote it"
    if not key:
        return "is empty"
    fault = character_fault(key)
    if fault:
        return fault
    if not kind.key.fullmatch(key):
        return "does not fit the table's type (white space, a leading #, quotes, or no pattern between slashes)"
    # Postfix takes it for an alias file and says so each time.
    return "ends in a colon" if kind.folds and key.endswith(":") else None


def value_fault(value: Any) -> str | None:
    """Why a YAML value cannot stand in a table; None for a sound value. Never shows the value."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return "is no string"
    text = str(value)
    if not text:
        return "is empty"
    if text != text.strip():
        return "has white space at an end, which the MTA drops"
    return character_fault(text)


def fold(key: str, kind: Kind) -> str:
    """The key in the one spelling that stands for all that the table takes for the same key."""
    return key.casefold() if kind.folds else key


def folded(entries: Mapping[str, str], kind: Kind) -> dict[str, str]:
    """The entries with their keys folded."""
    return {fold(key, kind): value for key, value in entries.items()}


def source(entries: Mapping[str, str]) -> str:
    """The text of the source file that postmap and makemap read."""
    return "".join(f"{key} {value}\n" for key, value in entries.items())


def parse_listing(text: str) -> dict[str, str]:
    """What `postmap -s` and `makemap -u` print: key, tab, value."""
    return dict(line.split("\t", 1) for line in text.split("\n") if "\t" in line)


def parse_source(text: str) -> dict[str, str]:
    """Keys and values of a source, as far as a diff needs them."""
    pairs = (line.strip(SPACE).split(None, 1) for line in text.split("\n"))
    return {pair[0]: pair[1] if len(pair) > 1 else "" for pair in pairs if pair and not pair[0].startswith("#")}


def parse_texthash(text: str) -> dict[str, str]:
    """Like parse_source, for texthash: an indented line continues the previous one; a key without a value is
    ignored."""
    found = parse_source(re.sub(r"\n(?:[ \t]*\n)*[ \t]+(?=\S)", " ", text))
    return {key: value for key, value in found.items() if value}


def parse_cdb(content: bytes) -> dict[str, str] | None:
    """The records of a cdb file, which postmap cannot list: 256 table pointers, then records up to the first table.
    None where the file is none or is damaged."""
    try:
        end = min(struct.unpack_from("<512I", content)[::2])
        position, found = 2048, {}
        while position < end:
            key_length, value_length = struct.unpack_from("<2I", content, position)
            position += 8
            record = content[position : position + key_length + value_length]
            # Postfix may store the terminating NUL of either.
            key, value = (part.rstrip(b"\0").decode() for part in (record[:key_length], record[key_length:]))
            found[key] = value
            position += key_length + value_length
    except (struct.error, UnicodeDecodeError):
        return None
    return found


def masked(entries: Mapping[str, str], other: Mapping[str, str], kind: Kind) -> str:
    """A secret table for a diff: its keys, and whether the other side has the same value, never a value."""
    others = folded(other, kind)
    lines = []
    for key, value in sorted(folded(entries, kind).items()):
        note = " (changed)" if others.get(key, value) != value else ""
        lines.append(f"{key} {MASK}{note}\n")
    return "".join(lines)
