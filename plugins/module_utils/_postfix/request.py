# SPDX-License-Identifier: GPL-3.0-or-later
"""What postfix_config was asked for: faults named before the host is looked at, then plain typed data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._mta.text import hidden_fault
from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf, master_cf

_DIRECTORY = re.compile(r"/[A-Za-z0-9_./@+-]*", re.ASCII)
# Key forms are checked before the host's default type is known; all types that a host defaults to share one form.
_ANY_INDEXED = "hash"
# Of the two generations' names. A host that was configured before there were generations has the first.
SUFFIXES = ("", "-2")

# What postfix_config takes.
SERVICE: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "required": True, "choices": ["inet", "unix", "fifo", "unix-dgram", "pass"]},
    "private": {"type": "str"},
    "unprivileged": {"type": "str"},
    "chroot": {"type": "str"},
    "wakeup": {"type": "str"},
    "maxproc": {"type": "str"},
    "command": {"type": "str"},
    "options": {"type": "dict"},
    "optional_options": {"type": "dict"},
    "args": {"type": "list", "elements": "str"},
    "generations": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
TABLE: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "parameter": {"type": "str"},
    "service": {"type": "str"},
    "type": {
        "type": "str",
        "choices": ["", "hash", "btree", "lmdb", "cdb", "texthash", "regexp", "pcre", "cidr"],
        "default": "",
    },
    "entries": {"type": "dict"},
    "secret_entries": {"type": "dict", "no_log": True},
    "generations": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
ARGUMENTS: dict[str, Any] = {
    "parameters": {"type": "dict", "default": {}},
    "optional_parameters": {"type": "dict", "default": {}},
    "services": {"type": "list", "elements": "dict", "default": [], "options": SERVICE},
    "tables": {"type": "list", "elements": "dict", "default": [], "options": TABLE},
    "unit": {"type": "str"},
    "umbrella_unit": {"type": "str"},
    "restart": {"type": "bool", "default": False},
    "config_directory": {"type": "path", "default": "/etc/postfix"},
    "state": {"type": "str", "choices": ["present", "previous"], "default": "present"},
}


@dataclass(frozen=True)
class Table:
    """A look-up table that is asked for; an empty type leaves it to the host."""

    name: str
    type: str
    parameter: str | None
    entries: Mapping[str, str]
    secret: bool
    present: bool
    service: str | None = None  # whose option the parameter is, where it is none of main.cf
    generations: bool = False


@dataclass(frozen=True)
class Request:
    """The wanted state. A parameter with None is taken out; an optional one counts where Postfix knows it."""

    parameters: Mapping[str, str | None]
    optional: Mapping[str, str | None]
    services: tuple[Mapping[str, Any], ...]
    tables: tuple[Table, ...]
    directory: str
    restart: bool = False  # due whatever changes
    back: bool = False  # to what the last change replaced; nothing else is asked for then


NOTHING = Request({}, {}, (), (), "/")


def fault(params: Mapping[str, Any]) -> str | None:
    """The first thing that is wrong with the module's parameters: option, key and fault, never a value. None where
    nothing is."""
    return hidden_fault(params) or next(_faults(params), None)


def _faults(params: Mapping[str, Any]) -> Iterator[str]:
    if not _DIRECTORY.fullmatch(params["config_directory"]):
        yield "config_directory is no absolute path of plain characters"
    if params["state"] == "previous":
        for option in ("parameters", "optional_parameters", "services", "tables"):
            if params[option]:
                yield f"{option}: state previous takes all of the last change back: leave this out"
    for option in ("parameters", "optional_parameters"):
        for name, value in params[option].items():
            bad = main_cf.setting_fault(name, value)
            if bad:
                yield f"{option}: {bad}"
    yield from _twice("optional_parameters", params["optional_parameters"], params["parameters"])
    yield from _services_faults(params["services"])
    yield from _tables_faults(params["tables"], params["services"])
    taken = {**params["parameters"], **params["optional_parameters"]}
    in_main_cf = [table["parameter"] for table in params["tables"] if table["parameter"] and not table["service"]]
    yield from _twice("tables", in_main_cf, taken)


def _services_faults(services: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    keys = set()
    for service in services:
        label = f"services: {service['name']!a} ({service['type']})"
        bad = master_cf.service_fault(service)
        if bad:
            yield f"{label}: {bad}"
        if service["generations"] and service["type"] != "unix":
            yield f"{label}: generations are for services of type unix, which are asked for by name"
        for key in ((name, service["type"]) for name in _all_names(service)):
            if key in keys:
                yield f"{label} is there twice"
            keys.add(key)


def _tables_faults(tables: Iterable[Mapping[str, Any]], services: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    taken = set()
    for table in tables:
        label = f"tables: {table['name']!a}"
        for bad in _table_faults(table):
            yield f"{label} {bad}"
        for name in _all_names(table):
            if name in taken:
                yield f"{label} is there twice"
            taken.add(name)
        yield from _service_faults(label, table, services)


def names_of(name: str) -> tuple[str, ...]:
    """What a service or a table with generations may be called on the host."""
    return tuple(name + suffix for suffix in SUFFIXES)


def _all_names(item: Mapping[str, Any]) -> tuple[str, ...]:
    return names_of(item["name"]) if item["generations"] else (item["name"],)


def _service_faults(label: str, table: Mapping[str, Any], services: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    there = [service for service in services if service["state"] == "present"]
    if table["service"] is not None and table["service"] not in [service["name"] for service in there]:
        yield f"{label}: service is none of those in services"
    if table["service"] is not None and not table["parameter"]:
        yield f"{label}: service needs parameter, the option of the service that names the table"


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
        back=params["state"] == "previous",
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
        service=table["service"],
        generations=table["generations"],
    )
