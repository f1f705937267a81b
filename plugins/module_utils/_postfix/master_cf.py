# SPDX-License-Identifier: GPL-3.0-or-later
"""master.cf as text: read services and bring some of them to wanted settings, every other byte kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._mta.text import MASK, SPACE, character_fault
from ansible_collections.mailops.ses.plugins.module_utils._postfix.main_cf import (
    LogicalFile,
    holds_secret,
    setting_fault,
    to_value,
    value_fault,
)

TYPES = ("inet", "unix", "fifo", "unix-dgram", "pass")
_FLAG = re.compile(r"[yn-]")
# The five columns between type and command, with what each may hold.
COLUMNS: dict[str, re.Pattern[str]] = {
    "private": _FLAG,
    "unprivileged": _FLAG,
    "chroot": _FLAG,
    "wakeup": re.compile(r"-|[0-9]+\??"),
    "maxproc": re.compile(r"-|[0-9]+"),
}
_NAME = re.compile(r"[A-Za-z0-9_.:\[\]/*-]+", re.ASCII)
_COMMAND = re.compile(r"[A-Za-z0-9_./+-]+", re.ASCII)
# YAML reads a bare `no` as false; the columns mean the same by it.
_YAML_FLAGS = {"true": "y", "yes": "y", "false": "n", "no": "n"}


@dataclass(frozen=True)
class Service:
    """An entry of master.cf. The columns are those of COLUMNS, the options what -o sets."""

    name: str
    type: str
    columns: tuple[str, ...] = ("-",) * len(COLUMNS)
    command: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Name and type, by which Postfix tells entries apart."""
        return self.name, self.type


def tokens(text: str) -> list[str]:
    """Split at white space outside braces, as Postfix 3.0 and newer do; braces around a whole token are stripped."""
    found, depth, current = [], 0, ""
    for char in text + " ":
        if char in SPACE and depth == 0:
            if current:
                found.append(current[1:-1].strip(SPACE) if current[0] == "{" and current[-1] == "}" else current)
            current, depth = "", 0
            continue
        current += char
        depth = max(0, depth + {"{": 1, "}": -1}.get(char, 0))
    if current.strip(SPACE):
        found.append(current.strip(SPACE))
    return found


def service(text: str) -> Service | None:
    """The service of one logical line; None where Postfix would refuse the line."""
    head = re.split(f"[{SPACE}]+", text, maxsplit=7)
    if len(head) < 8:
        return None
    command, *rest = tokens(head[7])
    options: dict[str, str] = {}
    flags: list[str] = []
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if not flag.startswith("-o"):
            flags.append(flag)
            continue
        assignment = flag[2:] or (rest.pop(0) if rest else "")
        name, _equals, value = assignment.partition("=")
        options[name.strip(SPACE)] = value.strip(SPACE)
    return Service(head[0], head[1], tuple(head[2:7]), command, options, (*flags, *rest))


def services(text: str) -> dict[tuple[str, str], Service]:
    """What the text defines; of two entries with one name and type the last one counts."""
    return {found.key: found for found in map(service, (entry.text for entry in LogicalFile(text).entries)) if found}


def render(wanted: Service) -> str:
    """The lines of a service as master.cf(5) has them: options and arguments continue the first line."""
    widths = (9, 5, 7, 7, 7, 7, 7)
    head = "".join(f"{text:<{width}} " for text, width in zip((wanted.name, wanted.type, *wanted.columns), widths))
    lines = [head + wanted.command]
    lines += ["  -o " + _quoted(name, value) for name, value in wanted.options.items()]
    if wanted.args:
        lines.append("  " + " ".join(map(_braced, wanted.args)))
    return "\n".join(lines) + "\n"


def _quoted(name: str, value: str) -> str:
    plain = f"{name}={value}"
    return plain if tokens(plain) == [plain] else f"{{ {name} = {value} }}"


def _braced(arg: str) -> str:
    plain = arg and arg[0] not in "{#" and tokens(arg) == [arg]
    return arg if plain else f"{{ {arg} }}"


def set_services(text: str, wanted: Iterable[Mapping[str, Any]]) -> tuple[str, list[tuple[str, str]]]:
    """The text with each wanted service in force once, and the (name, type) of those that had to change."""
    file = LogicalFile(text)
    changed: list[tuple[str, str]] = []
    for want in wanted:
        key = (want["name"], want["type"])
        places = [(entry, found) for entry in file.entries for found in [service(entry.text)] if found]
        places = [place for place in places if place[1].key == key]
        present = places[-1][1] if places else None
        surplus = places if want.get("state") == "absent" else places[:-1]
        for entry, _found in surplus:
            file.replace(entry, "")
        differs = bool(surplus)
        if want.get("state") != "absent":
            target = merged(present, want)
            if present is None:
                file.append(render(target))
            elif present != target:
                file.replace(places[-1][0], render(target))
            differs = differs or present != target
        if differs:
            changed.append(key)
    return file.render(), changed


def merged(present: Service | None, want: Mapping[str, Any]) -> Service:
    """The wanted settings over those of the present entry; what is left out stays, or is `-` in a new one."""
    base = present or Service(want["name"], want["type"])
    given = [want.get(column) for column in COLUMNS]
    columns = tuple(old if new is None else to_column(new) for old, new in zip(base.columns, given))
    changes: dict[str, Any] = {"columns": columns}
    if want.get("command") is not None:
        changes["command"] = want["command"]
    if want.get("options") is not None:
        changes["options"] = {name: to_value(value) or "" for name, value in want["options"].items()}
    if want.get("args") is not None:
        changes["args"] = tuple(str(arg).strip(SPACE) for arg in want["args"])
    return replace(base, **changes)


def as_wanted(present: Service) -> dict[str, Any]:
    """A service as set_services takes it."""
    columns = dict(zip(COLUMNS, present.columns))
    rest = {"command": present.command, "options": present.options, "args": present.args}
    return {"name": present.name, "type": present.type, **columns, **rest, "state": "present"}


def to_column(value: Any) -> str:
    """A YAML value as a column has it: y and n for booleans."""
    return _YAML_FLAGS.get(str(value).lower(), str(value))


def service_fault(want: Mapping[str, Any]) -> str | None:
    """Why a wanted service cannot stand in master.cf, naming the field; None for a sound one."""
    if not _NAME.fullmatch(str(want.get("name"))):
        return "name is no service name"
    if want.get("type") not in TYPES:
        return f"type is none of {', '.join(TYPES)}"
    for column, form in COLUMNS.items():
        value = want.get(column)
        if value is not None and not form.fullmatch(to_column(value)):
            return f"{column} does not fit {form.pattern}"
    command = want.get("command")
    if command is not None and not _COMMAND.fullmatch(command):
        return "command is no program's name"
    options = {**(want.get("options") or {}), **(want.get("optional_options") or {})}
    return _options_fault(options) or _args_fault(want.get("args") or [])


def _options_fault(options: Mapping[Any, Any]) -> str | None:
    for name, value in options.items():
        fault = setting_fault(name, value)
        if fault:
            return f"options: {fault}"
        fault = "is null: leave the option out" if value is None else brace_fault(to_value(value) or "")
        if fault:
            return f"options: the value of {name} {fault}"
    return None


def _args_fault(args: Iterable[Any]) -> str | None:
    for number, arg in enumerate(args, start=1):
        fault = value_fault(arg) or brace_fault(str(arg)) or ("is empty" if not str(arg).strip(SPACE) else None)
        if fault:
            return f"args: number {number} {fault}"
        if str(arg).startswith("-o"):
            return f"args: number {number} is a -o: give it in options"
    return None


def brace_fault(text: str) -> str | None:
    """Why a value breaks Postfix's grouping by braces, or a line; None for a sound one."""
    depth = 0
    for char in text:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth < 0:
            break
    return "has unbalanced braces" if depth else character_fault(text, allowed="\t")


def masked(text: str, other: str) -> str:
    """The text for a diff: option values that may hold a password become a mask that tells whether they differ."""
    file, others = LogicalFile(text), services(other)
    for entry in file.entries:
        found = service(entry.text)
        if found and any(holds_secret(*option) for option in found.options.items()):
            twin = others.get(found.key)
            note = "" if twin is None or twin.options == found.options else " (changed)"
            options = {
                name: MASK + note if holds_secret(name, value) else value for name, value in found.options.items()
            }
            file.replace(entry, render(replace(found, options=options)))
    return file.render()


def secret_values(text: str) -> list[str]:
    """The options' values in the text that may hold a password, so that they can be masked elsewhere."""
    return [
        value for found in services(text).values() for name, value in found.options.items() if holds_secret(name, value)
    ]
