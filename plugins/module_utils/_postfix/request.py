# SPDX-License-Identifier: GPL-3.0-or-later
"""What postfix_config was asked for: faults named before the host is looked at, then plain typed data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._mta.text import hidden_fault
from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf, master_cf

_DIRECTORY = re.compile(r"/[A-Za-z0-9_./@+-]*", re.ASCII)
# Key forms are checked before the host's default type is known; all types that a host defaults to share one form.
_ANY_INDEXED = "hash"


@dataclass(frozen=True)
class Table:
    """A look-up table that is asked for; an empty type leaves it to the host."""

    name: str
    type: str
    parameter: str | None
    entries: Mapping[str, str]
    secret: bool
    present: bool


@dataclass(frozen=True)
class Request:
    """The wanted state. A parameter with None is taken out; an optional one counts where Postfix knows it."""

    parameters: Mapping[str, str | None]
    optional: Mapping[str, str | None]
    services: tuple[Mapping[str, Any], ...]
    tables: tuple[Table, ...]
    directory: str
    restart: bool = False  # due whatever changes


def fault(params: Mapping[str, Any]) -> str | None:
    """The first thing that is wrong with the module's parameters: option, key and fault, never a value. None where
    nothing is."""
    return hidden_fault(params) or next(_faults(params), None)


def _faults(params: Mapping[str, Any]) -> Iterator[str]:
    if not _DIRECTORY.fullmatch(params["config_directory"]):
        yield "config_directory is no absolute path of plain characters"
    for option in ("parameters", "optional_parameters"):
        for name, value in params[option].items():
            bad = main_cf.setting_fault(name, value)
            if bad:
                yield f"{option}: {bad}"
    yield from _twice("optional_parameters", params["optional_parameters"], params["parameters"])
    keys = set()
    for service in params["services"]:
        label = f"services: {service['name']!a} ({service['type']})"
        bad = master_cf.service_fault(service)
        if bad:
            yield f"{label}: {bad}"
        key = (service["name"], service["type"])
        if key in keys:
            yield f"{label} is there twice"
        keys.add(key)
    names = set()
    for table in params["tables"]:
        label = f"tables: {table['name']!a}"
        for bad in _table_faults(table):
            yield f"{label} {bad}"
        if table["name"] in names:
            yield f"{label} is there twice"
        names.add(table["name"])
    taken = {**params["parameters"], **params["optional_parameters"]}
    yield from _twice("tables", [table["parameter"] for table in params["tables"] if table["parameter"]], taken)


def _twice(option: str, names: Any, taken: Mapping[str, Any]) -> Iterator[str]:
    for name in names:
        if name in taken:
            yield f"{option}: {name} is also in parameters or optional_parameters: give it once"


def _table_faults(table: Mapping[str, Any]) -> Iterator[str]:
    bad = maps.name_fault(table["name"])
    if bad:
        yield bad
    if table["type"] and table["type"] not in maps.KINDS:
        yield f"type is none of {', '.join(maps.KINDS)}"
        return
    if table["parameter"] is not None and main_cf.name_fault(table["parameter"]):
        yield f"parameter {main_cf.name_fault(table['parameter'])}"
    if table["entries"] is not None and table["secret_entries"] is not None:
        yield "has both entries and secret_entries: give one"
    secret = table["secret_entries"] is not None
    if secret and table["type"] and table["type"] not in maps.SECRET_KINDS:
        yield f"has secret_entries, of which type {table['type']} would leave a second copy: leave type out"
    kind = maps.KINDS[table["type"] or _ANY_INDEXED]
    entries = table["secret_entries"] if secret else table["entries"]
    bad = maps.entries_fault(entries or {}, kind)
    if bad:
        yield f"{'secret_entries' if secret else 'entries'}: {bad}"


def request_of(params: Mapping[str, Any]) -> Request:
    """The module's parameters, once they have no fault."""
    return Request(
        parameters={name: main_cf.to_value(value) for name, value in params["parameters"].items()},
        optional={name: main_cf.to_value(value) for name, value in params["optional_parameters"].items()},
        services=tuple(params["services"]),
        tables=tuple(map(_table, params["tables"])),
        directory=params["config_directory"].rstrip("/") or "/",
        restart=params["restart"],
    )


def _table(table: Mapping[str, Any]) -> Table:
    secret = table["secret_entries"] is not None
    entries = (table["secret_entries"] if secret else table["entries"]) or {}
    return Table(
        name=table["name"],
        type=table["type"],
        parameter=table["parameter"],
        entries={key: str(value) for key, value in entries.items()},
        secret=secret,
        present=table["state"] == "present",
    )
