# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of postfix_config has to do: the host's texts and tables, and what becomes of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf, master_cf
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tables import TablePlan, look
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import Postfix, PostfixError

MAIN_CF, MASTER_CF = "main.cf", "master.cf"
_MAP_PARAMETER = re.compile(r"_(?:maps?|checks|database)$")
_REFERENCE = re.compile(r"(?:proxy:)?([a-z]+):")


@dataclass(frozen=True)
class Plan:
    """The wanted state against the host's, and the (name, type) of the services that change."""

    before: Mapping[str, str]  # the two files' texts, by name
    after: Mapping[str, str]
    services: list[tuple[str, str]]
    tables: list[TablePlan]

    @property
    def texts_change(self) -> bool:
        """Whether main.cf or master.cf changes."""
        return self.before != self.after

    @property
    def changed(self) -> bool:
        """Whether anything changes."""
        return self.texts_change or any(table.changed for table in self.tables)

    @property
    def changed_parameters(self) -> list[str]:
        """The parameters of main.cf whose definitions change, by name."""
        before, after = (main_cf.definitions(texts[MAIN_CF]) for texts in (self.before, self.after))
        return sorted(name for name in {**before, **after} if before.get(name) != after.get(name))


def make_plan(request: Request, postfix: Postfix) -> Plan:
    """Compare what is wanted with the host, as this Postfix allows; PostfixError where it has no such map type, or a
    new service has no command."""
    before = {name: text_of(os.path.join(request.directory, name)) or "" for name in (MAIN_CF, MASTER_CF)}
    # Services bring parameters of their own, so these are known once the services are there.
    master, _changed = _services(before[MASTER_CF], request, frozenset())
    known = postfix.known_parameters(master)
    master, services = _services(before[MASTER_CF], request, known)
    present = main_cf.parameters(before[MAIN_CF])
    wanted = dict(request.parameters)
    wanted.update({name: value if name in known else None for name, value in request.optional.items()})
    default = wanted.get("default_database_type") or present.get("default_database_type")
    supported = postfix.map_types()
    types = _types(request, default or postfix.default("default_database_type"), supported)
    # The tools read the host's own text now: it decides, for one, on UTF-8 in tables.
    postfix.candidate(before[MAIN_CF], before[MASTER_CF])
    tables = [look(table, types[table.name], request.directory, postfix) for table in request.tables]
    wanted.update(_table_parameters(request, tables, present))
    check_map_types(wanted, request.services, supported)
    main = main_cf.set_parameters(before[MAIN_CF], wanted)
    return Plan(before, {MAIN_CF: main, MASTER_CF: master}, services, tables)


def bare_plan(request: Request) -> Plan:
    """What is wanted against nothing, for a host where Postfix is not installed yet."""
    master, services = _services("", request, frozenset())
    types = _types(request, maps.PREFERENCE[0], maps.KINDS)
    tables = [look(table, types[table.name], request.directory, None) for table in request.tables]
    wanted = {**request.parameters, **request.optional, **_table_parameters(request, tables, {})}
    after = {MAIN_CF: main_cf.set_parameters("", wanted), MASTER_CF: master}
    return Plan({MAIN_CF: "", MASTER_CF: ""}, after, services, tables)


def _services(text: str, request: Request, known: frozenset[str]) -> tuple[str, list[tuple[str, str]]]:
    after, changed = master_cf.set_services(text, [_with_known(want, known) for want in request.services])
    defined = master_cf.services(after)
    for want in request.services:
        if want["state"] == "present" and (want["name"], want["type"]) not in defined:
            raise PostfixError(f"services: {want['name']} ({want['type']}): command is needed for a new service")
    return after, changed


def _with_known(want: Mapping[str, Any], known: frozenset[str]) -> Mapping[str, Any]:
    """A service with those of its optional options that this Postfix knows."""
    optional = {name: value for name, value in (want.get("optional_options") or {}).items() if name in known}
    return {**want, "options": {**(want.get("options") or {}), **optional}} if optional else want


def _types(request: Request, default: str, supported: Iterable[str]) -> dict[str, str]:
    types = {}
    for table in request.tables:
        found = maps.resolve_type(table.type, default, supported, table.secret)
        if found is None:
            has = ", ".join(name for name in supported if name in maps.KINDS)
            raise PostfixError(
                f"tables: {table.name}: this Postfix has no map type {table.type or default} (it has {has}); "
                "take one of these, or install the distribution's package for that type"
            )
        types[table.name] = found
    return types


def _table_parameters(
    request: Request, tables: Iterable[TablePlan], present: Mapping[str, str]
) -> dict[str, str | None]:
    """The values that refer to tables. An absent table leaves the parameter that other tables use."""
    values: dict[str, str | None] = {}
    for plan in tables:
        name = plan.table.parameter
        if not name:
            continue
        if plan.table.present:
            values[name] = ", ".join(filter(None, (values.get(name), plan.reference)))
        elif name in present and name not in _in_force(request):
            items = [item for item in re.split(r"[,\s]+", values.get(name) or present[name]) if item]
            rest = [item for item in items if item.partition(":")[2] != plan.path]
            if rest != items:
                values[name] = ", ".join(rest) or None
    return values


def _in_force(request: Request) -> set[str | None]:
    return {table.parameter for table in request.tables if table.present}


def check_map_types(
    wanted: Mapping[str, str | None], services: Iterable[Mapping[str, Any]], supported: Iterable[str]
) -> None:
    """Look for references to a map type that this Postfix does not have, which it would tell only when a mail needs the
    table; PostfixError at the first."""
    settings = [("parameters", name, value) for name, value in wanted.items()]
    for service in services:
        options = service.get("options") or {}
        settings += [(f"services: {service['name']}", name, main_cf.to_value(value)) for name, value in options.items()]
    for option, name, value in settings:
        if value and _MAP_PARAMETER.search(name):
            for item in re.split(r"[,\s]+", re.sub(r"\{[^{}]*\}", "", value)):
                match = _REFERENCE.match(item)
                if match and match.group(1) not in supported:
                    raise PostfixError(f"{option}: {name}: this Postfix has no map type {match.group(1)}")
