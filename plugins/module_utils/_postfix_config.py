# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a host's whole Postfix configuration to the wanted state: plan, ask Postfix, swap, report."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils import _main_cf, _maps, _master_cf
from ansible_collections.mailops.ses.plugins.module_utils._postfix import Postfix, PostfixError, loaded_at
from ansible_collections.mailops.ses.plugins.module_utils._postfix_request import Request
from ansible_collections.mailops.ses.plugins.module_utils._postfix_tables import TablePlan, check, look, stage
from ansible_collections.mailops.ses.plugins.module_utils._swap import Swap, locked, sweep

# The master keeps what it started with of these; a reload is enough for everything else.
RESTART_PARAMETERS = frozenset(
    (
        "config_directory",
        "daemon_directory",
        "data_directory",
        "import_environment",
        "inet_interfaces",
        "inet_protocols",
        "mail_owner",
        "process_id_directory",
        "proxy_interfaces",
        "queue_directory",
        "setgid_group",
    )
)
_MAP_PARAMETER = re.compile(r"_(?:maps?|checks|database)$")
_REFERENCE = re.compile(r"(?:proxy:)?([a-z]+):")
# The kernel stamps files with a clock that lags a little behind the one that processes are started by.
CLOCK_SLACK = 0.05
MAIN_CF, MASTER_CF = "main.cf", "master.cf"


@dataclass(frozen=True)
class Plan:
    before: Mapping[str, str]  # the two files' texts, by name
    after: Mapping[str, str]
    services: list[tuple[str, str]]
    tables: list[TablePlan]

    @property
    def texts_change(self) -> bool:
        return self.before != self.after

    @property
    def changed(self) -> bool:
        return self.texts_change or any(table.changed for table in self.tables)


def configure(request: Request, check_mode: bool, scratch: str) -> dict[str, Any]:
    """Do all of it; in check mode all but the writing. The scratch directory is the caller's, private to it."""
    try:
        postfix = Postfix(os.path.join(scratch, "candidate"))
        if postfix.installed:
            return _configure(request, postfix, check_mode, scratch)
    except OSError as error:
        remedy = " (run the task as root: become: true)" if isinstance(error, PermissionError) else ""
        raise PostfixError(f"the host keeps what it had: {error.strerror}: {error.filename}{remedy}") from error
    if not check_mode:
        raise PostfixError("Postfix is not installed: there is no postconf here. Install the package postfix first")
    return _bare(request)


def _configure(request: Request, postfix: Postfix, check_mode: bool, scratch: str) -> dict[str, Any]:
    if not os.path.isdir(request.directory):
        raise PostfixError(f"config_directory: {request.directory} is no directory on this host")
    with nullcontext() if check_mode else locked(request.directory):
        if not check_mode:
            sweep(request.directory)
        plan = _plan(request, postfix)
        running = loaded_at(postfix.directory("queue_directory"))
        missed = _missed(plan, request, running)
        warnings = _ask(plan, request, postfix, running is not None) if plan.texts_change else []
        if plan.changed and check_mode:
            _try_tables(plan, postfix, scratch)
        elif plan.changed:
            _carry_out(plan, request, postfix)
    return {
        **_report(plan),
        **_due(plan, request, missed),
        "postfix_version": postfix.default("mail_version"),
        "warnings": warnings,
    }


def _bare(request: Request) -> dict[str, Any]:
    """What a run would do once Postfix is there, as far as that can be told."""
    tables = [
        look(
            table, _maps.resolve_type(table.type, "hash", _maps.KINDS, table.secret) or "hash", request.directory, None
        )
        for table in request.tables
    ]
    wanted = {**request.parameters, **request.optional, **_table_parameters(request, tables, {})}
    master, services = _master_cf.set_services("", request.services)
    after = {MAIN_CF: _main_cf.set_parameters("", wanted), MASTER_CF: master}
    plan = Plan({MAIN_CF: "", MASTER_CF: ""}, after, services, tables)
    return {
        **_report(plan),
        "changed": True,
        "action": "restart",
        "reload_due": False,
        "restart_due": True,
        "postfix_version": "",
        "warnings": [],
        "msg": "Postfix is not installed yet: the difference is against an empty configuration",
    }


def _plan(request: Request, postfix: Postfix) -> Plan:
    before = {name: _text(os.path.join(request.directory, name)) for name in (MAIN_CF, MASTER_CF)}
    master, services = _master_cf.set_services(before[MASTER_CF], request.services)
    known = postfix.known_parameters(master)
    present = _main_cf.parameters(before[MAIN_CF])
    wanted = dict(request.parameters)
    wanted.update({name: value if name in known else None for name, value in request.optional.items()})
    default = wanted.get("default_database_type") or present.get("default_database_type")
    supported = postfix.map_types()
    types = _types(request, default or postfix.default("default_database_type"), supported)
    # The tools read the host's own text now: it decides, for one, on UTF-8 in tables.
    _host_candidate(postfix, before)
    tables = [look(table, types[table.name], request.directory, postfix) for table in request.tables]
    wanted.update(_table_parameters(request, tables, present))
    _check_map_types(wanted, request.services, supported)
    main = _main_cf.set_parameters(before[MAIN_CF], wanted)
    return Plan(before, {MAIN_CF: main, MASTER_CF: master}, services, tables)


def _host_candidate(postfix: Postfix, texts: Mapping[str, str]) -> None:
    postfix.candidate(texts[MAIN_CF], texts[MASTER_CF])


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""


def _types(request: Request, default: str, supported: Iterable[str]) -> dict[str, str]:
    types = {}
    for table in request.tables:
        found = _maps.resolve_type(table.type, default, supported, table.secret)
        if found is None:
            has = ", ".join(name for name in supported if name in _maps.KINDS)
            raise PostfixError(
                f"tables: {table.name}: this Postfix has no map type {table.type or default} (it has {has})"
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


def _check_map_types(
    wanted: Mapping[str, str | None], services: Iterable[Mapping[str, Any]], supported: Iterable[str]
) -> None:
    """Postfix finds an unknown map type only when a mail needs the table."""
    settings = [("parameters", name, value) for name, value in wanted.items()]
    for service in services:
        options = service.get("options") or {}
        settings += [
            (f"services: {service['name']}", name, _main_cf.to_value(value)) for name, value in options.items()
        ]
    for option, name, value in settings:
        if value and _MAP_PARAMETER.search(name):
            for item in re.split(r"[,\s]+", re.sub(r"\{[^{}]*\}", "", value)):
                match = _REFERENCE.match(item)
                if match and match.group(1) not in supported:
                    raise PostfixError(f"{option}: {name}: this Postfix has no map type {match.group(1)}")


def _ask(plan: Plan, request: Request, postfix: Postfix, running: bool) -> list[str]:
    """Postfix's opinion of the two texts; raises when it refuses them. What it said of the host's own texts before
    is no fault of the wanted ones. Leaves the candidate in place for postmap."""
    try:
        known = postfix.doubts()
        known_refusals = None
    except PostfixError as error:
        known, known_refusals = {"refused": [], "said": []}, {"postconf": [str(error)]}
    _host_candidate(postfix, plan.after)
    said = postfix.doubts()
    refused = [text for text in said["refused"] if text not in known["refused"]]
    if refused:
        raise PostfixError(_scrub(f"Postfix does not accept the configuration: {'; '.join(refused)}", plan))
    _check_commands(plan, request, postfix)
    refusals = postfix.refusals(running)
    if refusals:
        if known_refusals is None:
            _host_candidate(postfix, plan.before)
            known_refusals = postfix.refusals(running)
            _host_candidate(postfix, plan.after)
        old = {text for lines in known_refusals.values() for text in lines}
        new = [text for lines in refusals.values() for text in lines if text not in old]
        if new:
            raise PostfixError(
                _scrub(f"Postfix does not accept the configuration: {'; '.join(dict.fromkeys(new))}", plan)
            )
    return [_scrub(text, plan) for text in said["said"] if text not in known["said"]]


def _check_commands(plan: Plan, request: Request, postfix: Postfix) -> None:
    """The master starts whatever is named, and only then finds that it is not there."""
    directory = postfix.directory("daemon_directory")
    defined = _master_cf.services(plan.after[MASTER_CF])
    for want in request.services:
        service = defined.get((want["name"], want["type"]))
        if service and not os.access(os.path.join(directory, service.command), os.X_OK):
            fault = f"no program {service.command} in {directory}" if service.command else "command is needed"
            raise PostfixError(f"services: {service.name} ({service.type}): {fault}")


def _scrub(text: str, plan: Plan) -> str:
    for texts in (plan.before, plan.after):
        for value in (*_main_cf.secret_values(texts[MAIN_CF]), *_master_cf.secret_values(texts[MASTER_CF])):
            text = text.replace(value, _main_cf.MASK)
    return text


def _try_tables(plan: Plan, postfix: Postfix, scratch: str) -> None:
    """In check mode: have Postfix read the tables that it reads without an index. Secrets are written nowhere."""
    for table in plan.tables:
        if table.write and not table.kind.suffix and not table.table.secret:
            path = os.path.join(scratch, table.table.name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(_maps.source(table.table.entries))
            check(table, path, postfix)


def _carry_out(plan: Plan, request: Request, postfix: Postfix) -> None:
    """Tables first and main.cf last, so that it never refers to one that is not there; then what nothing refers to."""
    with Swap() as swap:
        for table in plan.tables:
            stage(table, swap, postfix)
        for name in (MASTER_CF, MAIN_CF):
            if plan.before[name] != plan.after[name]:
                target = os.path.join(request.directory, name)
                swap.put(target, swap.stage(target, plan.after[name].encode("utf-8", "surrogateescape")))
        for table in plan.tables:
            for path in table.remove:
                swap.remove(path)
        swap.commit()


def _changed_parameters(plan: Plan) -> list[str]:
    before, after = (_main_cf.definitions(texts[MAIN_CF]) for texts in (plan.before, plan.after))
    return sorted(name for name in {**before, **after} if before.get(name) != after.get(name))


def _report(plan: Plan) -> dict[str, Any]:
    diff = []
    for name, mask in ((MAIN_CF, _main_cf.masked), (MASTER_CF, _master_cf.masked)):
        before, after = plan.before[name], plan.after[name]
        if before != after:
            # The mark on what changed stands on the new side only.
            texts = {"before": mask(before, before), "after": mask(after, before)}
            diff.append({"before_header": name, "after_header": name, **texts})
    return {
        "changed": plan.changed,
        "parameters": _changed_parameters(plan),
        "services": [{"name": name, "type": kind} for name, kind in plan.services],
        "tables": [table.result() for table in plan.tables],
        "diff": diff + [table.diff() for table in plan.tables if table.changed],
    }


def _missed(plan: Plan, request: Request, running: Mapping[str, float] | None) -> bool:
    """Whether files are newer than the master's last load: an earlier run's reload never came."""
    paths = [os.path.join(request.directory, name) for name in (MAIN_CF, MASTER_CF)]
    paths += [path for table in plan.tables if table.table.present for path in table.files]
    newest = max((os.stat(path).st_mtime for path in paths if os.path.exists(path)), default=0.0)
    return running is not None and newest > running["loaded"] + CLOCK_SLACK


def _due(plan: Plan, request: Request, missed: bool) -> dict[str, Any]:
    """What the daemon needs. What a missed load would have brought cannot be told any more, so all that was asked for
    counts."""
    asked = (name for name in (*request.parameters, *request.optional) if missed)
    restart = any(name in RESTART_PARAMETERS for name in (*_changed_parameters(plan), *asked))
    action = "restart" if restart else "reload" if plan.changed or missed else "none"
    return {"action": action, "reload_due": action == "reload", "restart_due": restart}
