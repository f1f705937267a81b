# SPDX-License-Identifier: GPL-3.0-or-later
"""What sendmail_config was asked for: faults named before the host is looked at, then plain typed data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._mta.text import hidden_fault
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import mc

_SETTING = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
# The file is read by a shell or systemd, and on Debian by a program that writes it anew.
_SETTING_VALUE = re.compile(r"[A-Za-z0-9 ,.:=/_+-]*", re.ASCII)
_MECHANISM = re.compile(r"[A-Z0-9_-]+", re.ASCII)
_KEY = re.compile(r"(?!#)\S+")

# What sendmail_config takes.
TABLE: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": ["hash", "text"], "default": "hash"},
    "entries": {"type": "dict"},
    "secret_entries": {"type": "dict", "no_log": True},
    "replaces": {"type": "str"},
}
ARGUMENTS: dict[str, Any] = {
    "defines": {"type": "dict", "default": {}},
    "features": {"type": "dict", "default": {}},
    "macros": {"type": "dict", "default": {}},
    "sections": {"type": "dict", "default": {}},
    "settings": {"type": "dict", "default": {}},
    "state": {"type": "str", "choices": ["present", "previous"], "default": "present"},
    "submission_defines": {"type": "dict", "default": {}},
    "submission_sections": {"type": "dict", "default": {}},
    "settings_file": {"type": "path", "default": "/etc/mail/sendmail.conf"},
    "tables": {"type": "list", "elements": "dict", "default": [], "options": TABLE},
    "default_mailer": {"type": "str"},
    "queues": {"type": "list", "elements": "path", "default": []},
    "client_mechanisms": {"type": "list", "elements": "str", "default": []},
    "config_directory": {"type": "path", "default": "/etc/mail"},
    "unit": {"type": "str"},
    "reload_command": {"type": "list", "elements": "str", "default": []},
    "restart": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class Table:
    """A look-up table that Sendmail reads."""

    name: str
    kind: str
    entries: Mapping[str, str]
    secret: bool
    replaces: str = ""  # the name that the same rows had before


@dataclass(frozen=True)
class Request:
    """The wanted state: the lines for sendmail.mc, and the files beside it."""

    lines: list[str]
    settings: Mapping[str, str]
    tables: tuple[Table, ...]
    directory: str
    queues: tuple[str, ...] = ()
    settings_file: str = ""
    restart: bool = False  # one is due, whatever changes
    default_mailer: str = ""  # that mail takes for which no row and no rule is meant
    submission: tuple[str, ...] = ()  # the lines for submit.mc
    back: bool = False  # to what the last change replaced, whatever else is asked for
    client_mechanisms: tuple[str, ...] = ()  # that the SASL library has for Sendmail as a client; all without any


def fault(params: Mapping[str, Any]) -> str | None:
    """The first thing that is wrong with the module's parameters: option, key and fault, never a value. None where
    nothing is."""
    return hidden_fault(params) or next(_faults(params), None)


def _faults(params: Mapping[str, Any]) -> Iterator[str]:
    for option in ("defines", "submission_defines"):
        yield from _define_faults(option, params.get(option) or {})
    for option in ("features", "macros"):
        for name, items in params[option].items():
            yield from _call_faults(option, name, items)
    for option in ("sections", "submission_sections"):
        yield from _section_faults(option, params.get(option) or {})
    for name, value in params["settings"].items():
        if not _SETTING.fullmatch(name):
            yield f"settings: {name!a} is no variable of a shell"
        if not _SETTING_VALUE.fullmatch(str(value)):
            yield f"settings: {name}: a character of the value is none of letters, digits, space and , . : = / _ + -"
    yield from (
        f"client_mechanisms: {name!a} is no name of a SASL mechanism"
        for name in params.get("client_mechanisms") or ()
        if not _MECHANISM.fullmatch(name)
    )
    yield from (f"queues: {path!a} is no absolute path" for path in params["queues"] if not path.startswith("/"))
    names = set()
    for table in params["tables"]:
        yield from (f"tables: {table['name']!a} {bad}" for bad in _table_faults(table))
        if table["name"] in names:
            yield f"tables: {table['name']!a} is there twice"
        names.add(table["name"])


def _define_faults(option: str, defines: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in defines.items():
        bad = mc.name_fault(name) or (None if value is None else mc.text_fault(value))
        if bad:
            yield f"{option}: {name!a} {bad}"


def _section_faults(option: str, sections: Mapping[Any, Any]) -> Iterator[str]:
    for name, items in sections.items():
        if name not in mc.SECTIONS:
            yield f"{option}: {name!a} is none of {', '.join(mc.SECTIONS)}"
        bad = mc.section_fault(items)
        if bad:
            yield f"{option}: {name}: {bad}"


def _call_faults(option: str, name: Any, items: Any) -> Iterator[str]:
    bad = mc.name_fault(name) or (None if isinstance(items, list) else "is no list")
    if bad:
        yield f"{option}: {name!a} {bad}"
        return
    for item in items:
        for text in item if isinstance(item, list) else [item]:
            bad = mc.argument_fault(name, text)
            if bad:
                yield f"{option}: {name}: an argument {bad}"


def _table_faults(table: Mapping[str, Any]) -> Iterator[str]:
    for name in filter(None, (table["name"], table.get("replaces"))):
        bad = maps.name_fault(name)
        if bad:
            yield bad
    if table.get("replaces") and table["secret_entries"] is None:
        yield "has replaces without secret_entries: rows that are no secret may stay under an earlier name"
    if table["entries"] is not None and table["secret_entries"] is not None:
        yield "has both entries and secret_entries: give one"
    if table["secret_entries"] is not None and table["kind"] == "text":
        yield "has secret_entries, which kind text would keep in clear: leave kind out"
    seen = set()
    for key, value in (table["entries"] or table["secret_entries"] or {}).items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            yield f"the key {key!a} is empty, has white space, or begins with #"
            continue
        if maps.value_fault(value):
            yield f"the value of {key!a} {maps.value_fault(value)}"
        if key.casefold() in seen:
            yield f"the key {key!a} is there twice: case makes no difference"
        seen.add(key.casefold())


def request_of(params: Mapping[str, Any]) -> Request:
    """The module's parameters, once they have no fault."""
    parts = (params[option] for option in ("defines", "features", "macros", "sections"))
    return Request(
        lines=mc.settings(*parts),
        settings={name: str(value) for name, value in params["settings"].items()},
        tables=tuple(map(_table, params["tables"])),
        directory=params["config_directory"].rstrip("/") or "/",
        queues=tuple(params["queues"]),
        settings_file=params["settings_file"],
        restart=bool(params.get("restart")),
        default_mailer=params.get("default_mailer") or "",
        submission=tuple(
            mc.settings(params.get("submission_defines") or {}, {}, {}, params.get("submission_sections") or {})
        ),
        back=params.get("state") == "previous",
        client_mechanisms=tuple(params.get("client_mechanisms") or ()),
    )


def _table(table: Mapping[str, Any]) -> Table:
    secret = table["secret_entries"] is not None
    entries = (table["secret_entries"] if secret else table["entries"]) or {}
    values = {key: str(value) for key, value in entries.items()}
    return Table(table["name"], table["kind"], values, secret, table.get("replaces") or "")
