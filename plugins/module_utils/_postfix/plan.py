# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of postfix_config has to do: the host's texts and tables, and what becomes of them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import Kept
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._postfix import generations, main_cf, master_cf
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import NOTHING, SUFFIXES, Request, names_of
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
    request: Request = NOTHING  # in the names that it gets on the host
    asked: Request = NOTHING
    # master.cf while main.cf still says what it says: with what comes, and nothing that is in use changed. None where
    # nothing comes that main.cf names from then on.
    beside: str | None = None
    # Of a way back: files as they were, those that were not there, and all that were kept.
    files: Mapping[str, Kept] = field(default_factory=dict)
    gone: Sequence[str] = ()
    kept: Sequence[str] = ()
    meanings: Sequence[str] | None = None

    @property
    def texts_change(self) -> bool:
        """Whether main.cf or master.cf changes."""
        return self.before != self.after

    @property
    def changed(self) -> bool:
        """Whether anything changes."""
        return self.texts_change or any(table.changed for table in self.tables) or bool(self.files or self.gone)

    @property
    def removals(self) -> list[str]:
        """The files that go."""
        return [*(path for table in self.tables for path in table.remove), *self.gone]

    @property
    def paths(self) -> list[str]:
        """Every file that may be another one, or none, when the plan is carried out."""
        own = [os.path.join(self.request.directory, name) for name in (MAIN_CF, MASTER_CF)]
        return [*own, *(table.path + suffix for table in self.tables for suffix in ("", *maps.SUFFIXES)), *self.kept]

    @property
    def changed_parameters(self) -> list[str]:
        """The parameters of main.cf whose definitions change, by name."""
        return _changed(*(texts[MAIN_CF] for texts in (self.before, self.after)))

    @property
    def changed_meanings(self) -> list[str]:
        """Those of them that change beyond the names of generations."""
        if self.meanings is not None:
            return [*self.meanings]
        return _changed(*(generations.neutral(self.asked, texts[MAIN_CF]) for texts in (self.before, self.after)))


def _changed(before: str, after: str) -> list[str]:
    old, new = main_cf.definitions(before), main_cf.definitions(after)
    return sorted(name for name in {**old, **new} if old.get(name) != new.get(name))


def make_plan(request: Request, postfix: Postfix) -> Plan:
    """Compare what is wanted with the host, as this Postfix allows; PostfixError where it has no such map type, or a
    new service has no command. Where what has generations differs from those in force, the others take over."""
    before = {name: text_of(os.path.join(request.directory, name)) or "" for name in (MAIN_CF, MASTER_CF)}
    suffix, leads = generations.in_force(request, before[MAIN_CF])
    plan = _plan(generations.named(request, suffix), before, postfix)
    if leads and _other_generation(request, plan, suffix):
        in_use = {name + suffix for name in generations.services_of(request)}
        plan = _plan(generations.named(request, generations.other(suffix)), before, postfix, in_use)
        plan = replace(plan, tables=_in_place_of_former(request, plan.tables))
    return replace(plan, asked=request)


def _other_generation(request: Request, plan: Plan, suffix: str) -> bool:
    """Whether what the host has of this generation says something else than what is wanted."""
    services = {name + suffix for name in generations.services_of(request)}
    tables = {name + suffix for name in generations.tables_of(request)}
    before, after = (generations.ways(request, texts[MAIN_CF]) for texts in (plan.before, plan.after))
    return (
        before != after
        or any(name in services for name, _type in plan.services)
        or any(table.table.name in tables and table.table.present and table.says_other for table in plan.tables)
    )


def _in_place_of_former(request: Request, tables: list[TablePlan]) -> list[TablePlan]:
    """The tables with, of each that takes over, the one that goes: they follow those that are asked for."""
    asked, gone = tables[: len(request.tables)], iter(tables[len(request.tables) :])
    pairs = [(plan, next(gone)) if table.generations else (plan, None) for table, plan in zip(request.tables, asked)]
    return [*(replace(plan, former=former) for plan, former in pairs), *tables[len(request.tables) :]]


def _plan(request: Request, before: Mapping[str, str], postfix: Postfix, in_use: Collection[str] = ()) -> Plan:
    present = main_cf.parameters(before[MAIN_CF])
    supported = postfix.map_types()
    default = {**present, **request.optional, **request.parameters}.get("default_database_type")
    types = _types(request, default or postfix.default("default_database_type"), supported)
    wanted_services = _with_tables(request, types)
    # Services bring parameters of their own, so these are known once the services are there.
    master, _changed_ones = _services(before[MASTER_CF], wanted_services, frozenset())
    known = postfix.known_parameters(master)
    master, services = _services(before[MASTER_CF], wanted_services, known)
    first = [want for want in wanted_services if want["state"] == "present" and want["name"] not in in_use]
    beside, _changed_first = _services(before[MASTER_CF], first, known)
    comes = in_use or set(master_cf.services(beside)) - set(master_cf.services(before[MASTER_CF]))
    wanted = dict(request.parameters)
    wanted.update({name: value if name in known else None for name, value in request.optional.items()})
    # The tools read the host's own text now: it decides, for one, on UTF-8 in tables.
    postfix.candidate(before[MAIN_CF], before[MASTER_CF])
    tables = [look(table, types[table.name], request.directory, postfix) for table in request.tables]
    wanted.update(_table_parameters(request, tables, present))
    check_map_types(wanted, wanted_services, supported)
    main = main_cf.set_parameters(before[MAIN_CF], wanted)
    after = {MAIN_CF: main, MASTER_CF: master}
    return Plan(before, after, services, tables, request, beside=beside if comes else None)


def bare_plan(asked: Request) -> Plan:
    """What is wanted against nothing, for a host where Postfix is not installed yet."""
    request = generations.named(asked, SUFFIXES[0])
    types = _types(request, maps.PREFERENCE[0], maps.KINDS)
    master, services = _services("", _with_tables(request, types), frozenset())
    tables = [look(table, types[table.name], request.directory, None) for table in request.tables]
    wanted = {**request.parameters, **request.optional, **_table_parameters(request, tables, {})}
    after = {MAIN_CF: main_cf.set_parameters("", wanted), MASTER_CF: master}
    return Plan({MAIN_CF: "", MASTER_CF: ""}, after, services, tables, request, asked)


def _with_tables(request: Request, types: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The services with, in their options, the tables that are theirs, before what the option has beside."""
    found = []
    for want in request.services:
        options = dict(want.get("options") or {})
        for table in reversed(request.tables):
            if table.service and table.parameter and table.present and want["name"] in names_of(table.service):
                reference = f"{types[table.name]}:{os.path.join(request.directory, table.name)}"
                rest = main_cf.to_value(options.get(table.parameter))
                options[table.parameter] = ", ".join(filter(None, (reference, rest)))
        found.append({**want, "options": options} if options else want)
    return found


def _services(
    text: str, wanted: Iterable[Mapping[str, Any]], known: frozenset[str]
) -> tuple[str, list[tuple[str, str]]]:
    wanted = list(wanted)
    after, changed = master_cf.set_services(text, [_with_known(want, known) for want in wanted])
    defined = master_cf.services(after)
    for want in wanted:
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
        if not name or plan.table.service:
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
    return {table.parameter for table in request.tables if table.present and not table.service}


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
