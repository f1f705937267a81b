# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a host's whole Postfix configuration to the wanted state: plan, ask Postfix, swap, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.command import if_killed
from ansible_collections.mailops.ses.plugins.module_utils._host.files import CLOCK_SLACK, newest
from ansible_collections.mailops.ses.plugins.module_utils._host.previous import as_now, changing
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import PRIVATE_MODE, Kept, locked, sweep
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit, UnitError
from ansible_collections.mailops.ses.plugins.module_utils._host.unit_files import UnitFile, plan_files
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import (
    BARE,
    due,
    files_due,
    kept,
    nothing_changes,
)
from ansible_collections.mailops.ses.plugins.module_utils._mta.restarts import postfix_files
from ansible_collections.mailops.ses.plugins.module_utils._mta.text import MASK
from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf, master_cf
from ansible_collections.mailops.ses.plugins.module_utils._postfix.back import plan_back
from ansible_collections.mailops.ses.plugins.module_utils._postfix.plan import (
    MAIN_CF,
    MASTER_CF,
    Plan,
    bare_plan,
    make_plan,
)
from ansible_collections.mailops.ses.plugins.module_utils._postfix.present import references
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._postfix.returns import RETURN, RETURN_BY_IPV6, returns
from ansible_collections.mailops.ses.plugins.module_utils._postfix.switch import at_once, carry_out, in_turn
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import (
    Postfix,
    PostfixError,
    loaded_at,
    serving,
)
from ansible_collections.mailops.ses.plugins.module_utils._postfix.trial import ask, try_tables

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


# What changes a mail as it comes into the queue: what waits there has been changed by what was in force then. With
# smtputf8_enable it was marked as one that needs SMTPUTF8, and comes back from a server that has none.
REWRITES = frozenset(
    ("canonical_maps", "masquerade_domains", "sender_canonical_classes", "sender_canonical_maps", "smtputf8_enable")
)
LOADING_SECONDS = 20.0  # in which a master that was told so has loaded its configuration; it takes less than one
TICK = 0.01  # seconds, by which the kernel tells when a process started
ENDING_SECONDS = 30.0  # in which a process of a service that goes has the reply for the mail that it sends
_INTERVAL = 0.1  # seconds between two looks at whether it has


def configure(
    request: Request,
    check_mode: bool,
    scratch: str,
    units: Iterable[Unit] = (),
    ready: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Bring the host to the wanted state and return the module's result; in check mode write nothing.

    The scratch directory is the caller's, private to it. The first of the units runs Postfix: in the end it is enabled,
    runs, and has loaded what was written. READY comes before anything on the host changes, and may raise what keeps it
    from that. A PostfixError leaves the host as it was.
    """
    with nothing_changes(PostfixError):
        postfix = Postfix(os.path.join(scratch, "candidate"))
        if postfix.installed:
            return _configure(request, postfix, check_mode, scratch, tuple(units), ready=ready)
    if not check_mode or request.back:
        raise PostfixError("Postfix is not installed: there is no postconf here. Install the package postfix first")
    return {
        **_report(bare_plan(request)),
        **BARE,
        "requeue_due": False,
        "postfix_version": "",
        "warnings": [],
        "msg": "Postfix is not installed yet: the difference is against an empty configuration",
    }


def _configure(
    request: Request,
    postfix: Postfix,
    check_mode: bool,
    scratch: str,
    units: tuple[Unit, ...],
    *,
    ready: Callable[[], None],
) -> dict[str, Any]:
    if not os.path.isdir(request.directory):
        raise PostfixError(f"config_directory: {request.directory} is no directory on this host")
    with nullcontext() if check_mode else locked(request.directory):
        if not check_mode:
            sweep(request.directory)
        plan = plan_back(request, REWRITES) if request.back else make_plan(request, postfix)
        queue = postfix.directory("queue_directory")
        running = loaded_at(queue)
        missed = _missed(plan, running)
        warnings = ask(plan, postfix, running is not None) if plan.texts_change else []
        try_tables(plan, postfix, scratch)
        requeue = _requeue_due(plan, missed, queue)
        moves = _moves(plan)
        wanted = _due(plan, missed, moves or (requeue and bool(units)))
        files = plan_files(postfix_files(units[0].name, queue)) if units else []
        due_files = bool(units) and files_due(files, units[0])
        if due_files and wanted["action"] == "none":
            wanted = due(restart=False, reload=True)  # at which systemd learns the master's process id
        verbs = [unit.due(wanted["action"] if unit is units[0] else "none") for unit in units]
        if not check_mode:
            due_now = plan.changed or due_files or any(verbs)
            ready()
            # Without a change this proves one that was interrupted.
            proven = changing(request.directory, plan.paths if plan.changed else (), request.back)
            with kept(units, files, due_files, PostfixError) if due_now else nullcontext(), proven:
                if due_now:
                    rewrite = partial(postfix.requeue, request.directory) if requeue and units else None
                    run = partial(_run, units, verbs, queue, rewrite)
                    live = running is not None and not (request.restart or moves) and units and units[0].active()
                    load = partial(_run, units[:1], [["reload"]], queue)
                    steps = in_turn(plan, run, load, missed, partial(_ended, queue)) if live else at_once(plan, run)
                    carry_out(steps, plan, postfix)
    report = _report(plan, files)
    return {
        **report,
        **wanted,
        "changed": report["changed"] or due_files or any(verbs),
        "requeue_due": requeue and not check_mode,
        "postfix_version": postfix.default("mail_version"),
        "warnings": warnings,
    }


def _run(
    units: tuple[Unit, ...], verbs: list[list[str]], queue: str, rewrite: Callable[[], None] | None = None
) -> None:
    """Bring the units to the files that are there now. postfix(1) reports success before the master has loaded them, so
    wait until the master has. REWRITE has what waits read anew, while nothing delivers: a queue manager that starts
    tries at once what is due, as it was rewritten when it came."""
    begun, loaded = time.time(), (loaded_at(queue) or {}).get("loaded", 0.0)
    # Who is killed while Postfix is down leaves it running.
    stops = rewrite and not units[0].offline
    try:
        with if_killed("systemctl", "start", units[0].name) if stops else nullcontext():
            if rewrite:
                units[0].stop()
                rewrite()
            for unit, due_verbs in zip(units, verbs):
                if due_verbs:
                    unit.carry_out(due_verbs)
    except UnitError as error:
        raise PostfixError(f"the host keeps what it had: {error}") from error
    if not units or units[0].offline or set(verbs[0]) <= {"enable"}:
        return
    end = time.monotonic() + LOADING_SECONDS
    # Of two loads that follow at once the second one counts.
    while (loaded_at(queue) or {"loaded": 0.0})["loaded"] < max(begun - CLOCK_SLACK, loaded + TICK):
        if time.monotonic() > end:
            raise PostfixError(
                f"the host keeps what it had: {units[0].name} did not load its configuration within "
                f"{LOADING_SECONDS:.0f} s of `systemctl {verbs[0][-1]}`; see what it logged: "
                f"journalctl -t postfix/master -u {units[0].name}"
            )
        time.sleep(_INTERVAL)  # of a bounded poll


def _ended(queue: str, services: Collection[str]) -> None:
    """Wait until no process serves these services any more, which leave main.cf: after a reload an idle one ends at
    once, and another one with its mail."""
    end = time.monotonic() + ENDING_SECONDS
    while services and serving(queue, services) and time.monotonic() < end:
        time.sleep(_INTERVAL)  # of a bounded poll


def _requeue_due(plan: Plan, missed: bool, queue: str) -> bool:
    """Whether mail waits that came in before a change of what rewrites it."""
    names = set(plan.changed_meanings)
    after = main_cf.parameters(plan.after[MAIN_CF])
    changed = {table.path for table in plan.tables if table.changed and (table.rows_change or not table.former)}
    rows = changed & {item.rpartition(":")[2] for name in REWRITES for item in references(after.get(name, ""))}
    if not (rows or names & REWRITES or missed):
        return False
    waiting = (os.path.join(queue, name) for name in ("incoming", "active", "deferred"))
    return any(files for directory in waiting for _path, _directories, files in os.walk(directory))


def _report(plan: Plan, files: Iterable[UnitFile] = ()) -> dict[str, Any]:
    diff = []
    replaced = [table.former for table in plan.tables if table.former]
    for name, mask in ((MAIN_CF, main_cf.masked), (MASTER_CF, master_cf.masked)):
        before, after = plan.before[name], plan.after[name]
        if before != after:
            # The mark on what changed stands on the new side only.
            texts = {"before": mask(before, before), "after": mask(after, before)}
            path = os.path.join(plan.request.directory, name)
            diff.append({"before_header": path, "after_header": path, **texts})
    return {
        "changed": plan.changed,
        "parameters": plan.changed_parameters,
        "services": [{"name": name, "type": kind} for name, kind in plan.services],
        "tables": [{**table.result(), "name": asked.name} for asked, table in zip(plan.asked.tables, plan.tables)],
        "unit_files": [file.result() for file in files],
        "diff": [
            *diff,
            *(table.diff() for table in plan.tables if table.changed and table not in replaced),
            *_files(plan),
            *(file.diff() for file in files if file.changed),
        ],
    }


def _files(plan: Plan) -> list[dict[str, str]]:
    """The diff of the tables of a way back: of a private one only that it changes."""
    found = []
    for path, was in {**plan.files, **dict.fromkeys(plan.gone)}.items():
        now = as_now([path])[path]
        private = any(file and file.mode == PRIVATE_MODE for file in (now, was))
        before, after = (_shown(file, private) for file in (now, was))
        note = "" if before != after else "(changed)\n"
        found.append({"before_header": path, "after_header": path, "before": before, "after": after + note})
    return found


def _shown(file: Kept | None, private: bool) -> str:
    text = "" if file is None else file.content.decode("utf-8", "surrogateescape")
    return f"{MASK}\n" if file and (private or "\0" in text) else text


def _missed(plan: Plan, running: Mapping[str, float] | None) -> bool:
    """Whether files are newer than the master's last load: an earlier run's reload never came."""
    paths = [os.path.join(plan.request.directory, name) for name in (MAIN_CF, MASTER_CF)]
    paths += plan.files
    paths += [path for table in plan.tables if table.table.present for path in table.files]
    return running is not None and newest(paths, time.time()) > running["loaded"] + CLOCK_SLACK


def _moves(plan: Plan) -> bool:
    """Whether null senders' mail comes in by another family of addresses than before: the master ends where it is to
    listen by one that it has not, so it starts anew with the service that is right and without the other."""
    before, after = (master_cf.services(texts[MASTER_CF]) for texts in (plan.before, plan.after))
    return any(returns(before, name) and not returns(after, name) for name in (RETURN, RETURN_BY_IPV6))


def _due(plan: Plan, missed: bool, stops: bool = False) -> dict[str, Any]:
    """What the daemon needs. If a load was missed, nothing tells any more what it would have changed, so that every
    requested parameter counts as changed. STOPS says that the daemon has to be down meanwhile."""
    request = plan.request
    asked = (name for name in (*request.parameters, *request.optional) if missed)
    restart = request.restart or stops or any(name in RESTART_PARAMETERS for name in (*plan.changed_parameters, *asked))
    return due(restart, plan.changed or missed)
