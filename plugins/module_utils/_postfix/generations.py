# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sets of names for services and tables that change together: those in force, and those that take over."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import SUFFIXES, Request, Table, names_of

_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))", re.ASCII)


def other(suffix: str) -> str:
    """The suffix that takes over from this one."""
    return SUFFIXES[1 - SUFFIXES.index(suffix)]


def services_of(request: Request) -> list[str]:
    """The services with generations, by the names that are asked for."""
    return [service["name"] for service in request.services if service.get("generations")]


def tables_of(request: Request) -> list[str]:
    """The tables with generations, by the names that are asked for."""
    return [table.name for table in request.tables if table.generations]


def named(request: Request, suffix: str) -> Request:
    """The request in the names of one generation. The other's tables go; they follow those that are asked for, in the
    same order. The other's services stay, and do the same: the master would kill the processes of a service that goes,
    and do nothing else until they have ended."""
    rename = _renaming(request, suffix)
    return replace(
        request,
        parameters=_parameters(request.parameters, request, rename),
        optional=_parameters(request.optional, request, rename),
        services=tuple(service for want in request.services for service in _services(want, rename)),
        tables=(
            *(_table(table, suffix, rename) for table in request.tables),
            *(_gone(_table(table, other(suffix), rename)) for table in request.tables if table.generations),
        ),
    )


def in_force(request: Request, main: str) -> tuple[str, bool]:
    """The suffix of the generation that main.cf leads to, and whether it does lead to one; else the first."""
    present = main_cf.parameters(main)
    for name, service in _leading(request):
        for suffix in SUFFIXES:
            if _service_of(present.get(name, "")) == service + suffix:
                return suffix, True
    return SUFFIXES[0], False


def ways(request: Request, main: str) -> list[str]:
    """What the parameters that lead to services with generations say, in the names that are asked for and with the
    parameters that they name in place: next hops belong to a generation."""
    present = main_cf.parameters(main)
    return [
        _REFERENCE.sub(lambda found: present.get(next(filter(None, found.groups())), ""), neutral(request, value))
        for value in (present.get(name, "") for name, _service in _leading(request))
    ]


def neutral(request: Request, text: str) -> str:
    """A text with generations' names as they are asked for, so that two generations can be compared."""
    for name in services_of(request):
        for suffix in filter(None, SUFFIXES):
            text = re.sub(rf"(?<![\w.-]){re.escape(name + suffix)}(?![\w.-])", name, text)
    for name in tables_of(request):
        path = os.path.join(request.directory, name)
        for suffix in filter(None, SUFFIXES):
            text = re.sub(rf"{re.escape(path + suffix)}(?![\w.-])", path, text)
    return text


def _service_of(value: str) -> str:
    return value.partition(":")[0]


def _leading(request: Request) -> Iterator[tuple[str, str]]:
    """The parameters that lead to a service with generations, and the service."""
    ours = services_of(request)
    for name, value in {**request.optional, **request.parameters}.items():
        if value and _service_of(value) in ours:
            yield name, _service_of(value)


def _renaming(request: Request, suffix: str) -> Callable[[str], str]:
    """A value with the names of one generation: a service alone or before a colon, and tables' paths."""
    ours = services_of(request)
    paths = [re.escape(os.path.join(request.directory, name)) for name in tables_of(request)]
    path = re.compile(rf"({'|'.join(paths)})(?![\w.-])") if paths else None

    def rename(value: str) -> str:
        head = _service_of(value)
        if head in ours:
            value = head + suffix + value[len(head) :]
        return path.sub(rf"\g<1>{suffix}", value) if path else value

    return rename


def _parameters(
    asked: Mapping[str, str | None], request: Request, rename: Callable[[str], str]
) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for name, value in asked.items():
        service = next((ours for ours in services_of(request) if name.startswith(f"{ours}_")), None)
        if service:
            # Of both, so that they are known by the time that one takes over.
            values.update({ours + name[len(service) :]: value for ours in names_of(service)})
        else:
            values[name] = value if value is None else rename(value)
    return values


def _services(want: Mapping[str, Any], rename: Callable[[str], str]) -> Iterator[Mapping[str, Any]]:
    renamed = {
        group: {name: rename(main_cf.to_value(value) or "") for name, value in want[group].items()}
        for group in ("options", "optional_options")
        if want.get(group)
    }
    for name in names_of(want["name"]) if want.get("generations") else (want["name"],):
        yield {**want, **renamed, "name": name}


def _table(table: Table, suffix: str, rename: Callable[[str], str]) -> Table:
    """A table under one generation's name, whose rows may lead to that generation's services; no secret is a name."""
    if not table.generations:
        return table
    rows = table.entries if table.secret else {key: rename(value) for key, value in table.entries.items()}
    return replace(table, name=table.name + suffix, entries=rows)


def _gone(table: Table) -> Table:
    return replace(table, entries={}, present=False)
