# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a host's whole Sendmail configuration to the wanted state: plan, ask Sendmail, swap, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.command import run
from ansible_collections.mailops.ses.plugins.module_utils._host.files import CLOCK_SLACK, newest, text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.previous import changing, previous
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import (
    Swap,
    differing,
    locked,
    put_back,
    snapshot,
    sweep,
)
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit, UnitError
from ansible_collections.mailops.ses.plugins.module_utils._host.unit_files import UnitFile, plan_files
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import (
    BARE,
    due,
    files_due,
    kept,
    nothing_changes,
)
from ansible_collections.mailops.ses.plugins.module_utils._mta.restarts import DEBIAN_SCRIPT, sendmail_files
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import conf, generations, mc, tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.back import plan_back
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.plan import (
    CF,
    CONF,
    MC,
    SASL,
    SUBMIT_CF,
    SUBMIT_MC,
    Plan,
    TablePlan,
    make_plan,
    path_of,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.queue_directories import (
    inner,
    made,
    with_queues_gone,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError

CRONTAB = "/etc/cron.d/sendmail"  # which Debian's make writes
# In which one that was told to load its files is there again, or that systemd starts again after its RestartSec of 5.
RETURNING_SECONDS = 10.0
LOADING_SECONDS = 20.0  # in which a daemon that was started has written its pid file; it takes less than one


def configure(
    request: Request,
    check_mode: bool,
    scratch: str,
    unit: Unit | None = None,
    ready: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Bring the host to the wanted state and return the module's result; in check mode write nothing.

    The scratch directory is the caller's, private to it. A unit that is given is enabled in the end, runs, and has
    loaded what was written. READY comes before anything on the host changes, and may raise what keeps it from that. A
    SendmailError leaves the host as it was.
    """
    with nothing_changes(SendmailError):
        if tools.installed():
            return _configure(request, check_mode, scratch, unit, ready)
    if not check_mode:
        raise SendmailError("Sendmail is not installed: sendmail, makemap, m4 and make are needed. Install them first")
    return {
        **_report(make_plan(request, installed=False), request),
        **BARE,
        "sendmail_version": "",
        "msg": "Sendmail is not installed yet: the difference is against an empty configuration",
    }


def _configure(
    request: Request, check_mode: bool, scratch: str, unit: Unit | None, ready: Callable[[], None]
) -> dict[str, Any]:
    if not os.path.isdir(request.directory):
        raise SendmailError(f"config_directory: {request.directory} is no directory on this host")
    with nullcontext() if check_mode else locked(request.directory):
        if not check_mode:
            for directory in (request.directory, *(os.path.dirname(path_of(name, request)) for name in (CONF, SASL))):
                if os.path.isdir(directory):
                    sweep(directory)
        plan = plan_back(request) if request.back else make_plan(request, installed=True)
        compiled = _compile(plan, request.directory)
        present = text_of(os.path.join(request.directory, CF)) or ""
        if request.back:
            plan = replace(
                plan, queues=tuple(path for path in inner(tools.queues(compiled)) if not os.path.isdir(path))
            )
        stale = mc.significant(present) != mc.significant(compiled)
        plan, submission = _with_submission(replace(plan, stale=stale), request.directory)
        _wait_for_daemons(None if check_mode else unit, plan, request, compiled)
        missed = _missed(plan, request, compiled)
        if plan.changed:
            _try(plan, compiled, scratch, request.default_mailer)
            if plan.stale_submission:
                _try_submission(submission, scratch)
        files = _unit_files(plan, request, compiled, unit.name) if unit else []
        due_files = unit is not None and files_due(files, unit)
        # A daemon that the distribution's script has started would go on beside one of ours.
        wanted = _due(plan, missed, request.restart or due_files)
        verbs = unit.due(wanted["action"]) if unit else []
        if not check_mode:
            ready()
        if (plan.changed or due_files or verbs) and not check_mode:
            with made(plan.queues), kept([unit] if unit else [], files, due_files, SendmailError):
                _carry_out(plan, compiled, submission, request, partial(_run, unit, verbs, compiled, submission))
            if request.back and unit:
                plan = replace(plan, warnings=(*plan.warnings, *with_queues_gone(present, compiled)))
        elif not check_mode:
            with changing(request.directory, ()):  # this proves a change that was interrupted
                pass
        if not check_mode:
            _tidy(plan, request, compiled, submission)
    report = _report(plan, request, files)
    return {
        **report,
        **wanted,
        "changed": report["changed"] or due_files or bool(verbs),
        "sendmail_version": tools.version(compiled),
        "warnings": list(plan.warnings),
    }


def _run(unit: Unit | None, verbs: Sequence[str], compiled: str, submission: str = "") -> None:
    """Bring the unit to the files that are there now. Debian's script reports success whatever became of the daemons,
    so wait until the daemon itself has loaded its configuration."""
    if not unit or not verbs:
        return
    begun = time.time()
    try:
        unit.carry_out(verbs)
    except UnitError as error:
        raise SendmailError(f"the host keeps what it had: {error}") from error
    if unit.offline or set(verbs) <= {"enable"}:
        return
    end = time.monotonic() + LOADING_SECONDS
    while (tools.loaded_at(compiled) or {"loaded": 0.0})["loaded"] < begun - CLOCK_SLACK:
        if time.monotonic() > end:
            raise SendmailError(
                f"the host keeps what it had: {unit.name} did not load its configuration within "
                f"{LOADING_SECONDS:.0f} s of `systemctl {verbs[-1]}`; see what it logged: "
                f"journalctl -t sendmail -t sm-mta -u {unit.name}"
            )
        time.sleep(0.1)  # the interval of a bounded poll
    if submission and (tools.loaded_at(submission) or {"loaded": begun})["loaded"] < begun - CLOCK_SLACK:
        tools.hang_up(submission, LOADING_SECONDS)


def _compile(plan: Plan, directory: str) -> str:
    """The candidate as the distribution's make builds it: m4's output, then sendmail.mc itself as comments."""
    return _built(MC, plan.after[MC], directory)


def _built(name: str, text: str, directory: str) -> str:
    comments = "".join(f"# {line}\n" for line in text.splitlines())
    return f"{tools.compiled(text, directory)}### {name} ###\n{comments}"


def _with_submission(plan: Plan, directory: str) -> tuple[Plan, str]:
    """The plan, and submit.cf as it will be. One that submit.mc does not make is the host's own, and stays."""
    present = text_of(os.path.join(directory, SUBMIT_CF)) or ""
    before, after = (texts.get(SUBMIT_MC, "") for texts in (plan.before, plan.after))
    if not present or not before:
        return plan, present
    try:
        made = [_built(SUBMIT_MC, text, directory) for text in (before, after)]
    except SendmailError:
        made = []
    of_this_version = bool(made) and tools.version(present) == tools.version(made[0])
    if not made or (of_this_version and mc.significant(present) not in map(mc.significant, made)):
        told = f"{directory}/{SUBMIT_CF} is not what {SUBMIT_MC} makes, and stays as it is: run `make -C {directory}`"
        return replace(plan, after={**plan.after, SUBMIT_MC: before}, warnings=(told,)), present
    return replace(plan, stale_submission=mc.significant(present) != mc.significant(made[1])), made[1]


def _try(plan: Plan, compiled: str, scratch: str, mailer: str) -> None:
    """Have Sendmail read the candidate, with the tables as they will be, but for secrets, which stay out of scratch."""
    text = tools.silent(compiled)
    for queue in plan.queues:  # which Sendmail would look for
        text = mc.moved(text, queue, os.path.dirname(queue))
    for table in plan.tables:
        if table.table.entries and table.path not in compiled:
            raise SendmailError(
                f"tables: {table.table.name}: nothing in {MC} reads {table.path}; declare it among features or sections"
            )
        if table.changed and not table.table.secret:
            candidate = os.path.join(scratch, table.table.name)
            _write(candidate, table.after)
            if table.table.kind == "hash":
                tools.build(candidate, table.after, secret=False)
            text = mc.moved(text, table.path, candidate)
    path = os.path.join(scratch, CF)
    _write(path, text)
    tools.check(path, mailer)


def _try_submission(submission: str, scratch: str) -> None:
    path = os.path.join(scratch, SUBMIT_CF)
    _write(path, tools.silent(submission))
    tools.check(path)


def _write(path: str, text: str) -> None:
    with open(path, "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))


def _carry_out(plan: Plan, compiled: str, submission: str, request: Request, then: Callable[[], None]) -> None:
    """Exchange the files: tables first and sendmail.cf last, so that sendmail.cf never refers to a table that is
    missing and is younger than what it is made of. Then run the distribution's make, which brings its own files up to
    date and leaves sendmail.cf alone. Tables with generations get new names: whatever runs meanwhile, it has the old
    sendmail.cf and its tables, or the new one and its."""
    with Swap() as swap:
        for table in plan.tables:
            _stage(table, swap)
        for path, kept in plan.files.items():
            if kept:
                swap.put_kept(path, kept)
            else:
                swap.remove(path)
        texts = {**plan.after, CF: compiled, SUBMIT_CF: submission}
        for name in plan.changed_files:
            target = path_of(name, request)
            if name == SASL:  # no package need have made its directory
                os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
            swap.put(target, swap.stage(target, texts[name].encode("utf-8", "surrogateescape")))
        for table in plan.tables:
            for path in table.remove:
                swap.remove(path)
        with changing(request.directory, _replaced(plan, request), request.back):
            swap.commit(partial(_finish, plan, request.directory, compiled, then))


def _replaced(plan: Plan, request: Request) -> list[str]:
    """The files whose contents a way back needs. A table with generations stays where it is, for whoever still runs
    with the sendmail.cf that names it."""
    shared = (table for table in plan.tables if table.changed and not table.generations and not table.table.secret)
    texts = [path_of(name, request) for name in plan.changed_files]
    return [*texts, *plan.files, *chain.from_iterable(table.files for table in shared)]


def _tidy(plan: Plan, request: Request, compiled: str, submission: str) -> None:
    """Remove the generations that neither sendmail.cf nor the way back names, once nothing is left that runs with
    another sendmail.cf: a daemon that has not loaded it yet, or a queue run that began before."""
    kept = [file.content.decode("utf-8", "replace") for file in (previous(request.directory) or {}).values() if file]
    texts = [compiled, plan.after[MC], *kept]
    stray = [path for table in plan.tables for path in _stray(table, request.directory, texts)]
    running = tools.loaded_at(compiled) if stray else None
    if not stray or (running and newest([path_of(CF, request)], time.time()) > running["loaded"] + CLOCK_SLACK):
        return
    if not tools.older(compiled, submission, running["loaded"] if running else time.time()):
        for path in stray:
            os.unlink(path)


def _stray(plan: TablePlan, directory: str, texts: Sequence[str]) -> Iterator[str]:
    base = os.path.join(directory, plan.table.name)
    if plan.table.secret or plan.table.kind == "text":
        named = generations.numbers(base, texts)
        for path, number in generations.files(base).items():
            # Rows of others stay.
            if number not in named and (plan.table.secret or not mc.without_block(text_of(path) or "", "#").strip()):
                yield path
    earlier = os.path.join(directory, plan.table.replaces)
    yield from (path for path in plan.outdated if not generations.numbers(earlier, texts))


def _finish(plan: Plan, directory: str, compiled: str, then: Callable[[], None]) -> None:
    """What make writes of its own (Debian's: itself and what it knows of sendmail.mc, indexes, the crontab) goes back,
    too, where something fails: a start runs make again, and would make the queues that it knows."""
    before = snapshot(directory, CRONTAB) if plan.changed else {}
    made: list[str] = []
    try:
        if plan.changed:
            try:
                _make(directory, compiled)
            finally:
                made = differing(before, snapshot(directory, CRONTAB))
        then()
    except Exception:
        for path in made:
            put_back(path, before.get(path))
        raise


def _make(directory: str, compiled: str) -> None:
    status, out, err = run(["make", "-s", "-C", directory])
    built = text_of(os.path.join(directory, CF)) or ""
    if status or mc.significant(built) != mc.significant(compiled):
        said = (err or out).strip() or f"its {CF} is another than m4's"
        raise SendmailError(f"the host keeps what it had: make -C {directory} ended with {status}: {said}")


def _stage(plan: TablePlan, swap: Swap) -> None:
    """Make the table's files in the staging directory, and plan their exchange."""
    private = plan.table.secret
    if plan.write:
        swap.put(plan.path, swap.stage(plan.path, plan.after.encode("utf-8", "surrogateescape")))
    if plan.build:
        staged = os.path.join(swap.staging(plan.path + ".db"), "index-" + plan.table.name)
        swap.put(plan.path + ".db", tools.build(staged, plan.after, private), private)


def _report(plan: Plan, request: Request, files: Sequence[UnitFile] = ()) -> dict[str, Any]:
    diff = []
    for name in (MC, SUBMIT_MC, CONF, SASL):
        if name in plan.changed_files:
            path = path_of(name, request)
            texts = {"before": plan.before[name], "after": plan.after[name]}
            diff.append({"before_header": path, "after_header": path, **texts})
    return {
        "changed": plan.changed,
        "files": [os.path.basename(path_of(name, request)) for name in plan.changed_files],
        "queues": list(plan.queues),
        "tables": [table.result() for table in plan.tables],
        "unit_files": [file.result() for file in files],
        "diff": [*diff, *({"prepared": f"{path} is made\n"} for path in plan.queues)]
        + [table.diff() for table in plan.tables if table.changed]
        + [{"prepared": f"{path} is again what it was before the last change\n"} for path in plan.files]
        + [file.diff() for file in files if file.changed],
    }


def _missed(plan: Plan, request: Request, compiled: str) -> str:
    """What an earlier run left undone on the daemon: files that are newer than its last load or its start."""
    running = tools.loaded_at(compiled)
    if running is None or not _flushed(plan, request):
        return "restart"  # Debian's unit counts as active whatever became of its daemons (_wait_for_daemons)
    if newest([request.settings_file], time.time()) > running["started"] + CLOCK_SLACK:
        return "restart"
    paths = [path_of(name, request) for name in (MC, CF, SASL)]
    paths += [path for table in plan.tables for path in table.files]
    submission = text_of(path_of(SUBMIT_CF, request))
    flushing = tools.loaded_at(submission) if submission else None
    loads = [(paths, running), ([path_of(SUBMIT_CF, request)], flushing)]
    missed = any(daemon and newest(files, time.time()) > daemon["loaded"] + CLOCK_SLACK for files, daemon in loads)
    return "reload" if missed else "none"


def _wait_for_daemons(unit: Unit | None, plan: Plan, request: Request, compiled: str) -> None:
    """Wait while daemons load their files, as after a run that was killed: a restart would end deliveries, whose mail
    is sent again. Not where a restart is due whatever they do."""

    def run() -> bool:
        return tools.loaded_at(compiled) is not None and _flushed(plan, request)

    if not unit or request.restart or CONF in plan.changed_files or run():
        return
    unit.settle(LOADING_SECONDS)
    if not unit.active():
        return
    end = time.monotonic() + RETURNING_SECONDS
    while not run() and time.monotonic() < end:
        time.sleep(0.05)  # the interval of a bounded poll


def _flushed(plan: Plan, request: Request) -> bool:
    """Whether the daemon to which the submission program's queue is left runs, if the queue is left to a daemon."""
    submission = _submission(plan, request)
    return not submission or tools.loaded_at(submission) is not None


def _submission(plan: Plan, request: Request) -> str:
    """The configuration of the daemon to which the submission program's queue is left; empty where there is none."""
    settings = conf.values(plan.after[CONF])
    # Red Hat's file has no mode: its unit sm-client always is a daemon.
    daemon = settings.get("MSP_MODE", "daemon" if "SENDMAIL_OPTS" in settings else "").lower() == "daemon"
    return (text_of(os.path.join(request.directory, SUBMIT_CF)) or "") if daemon else ""


def _unit_files(plan: Plan, request: Request, compiled: str, unit: str) -> list[UnitFile]:
    """What systemd has to be told, so that both daemons come back by themselves."""
    return plan_files(
        sendmail_files(
            unit,
            pid_file=tools.pid_file(compiled),
            control=tools.control_socket(compiled),
            settings_file=request.settings_file,
            msp=bool(_submission(plan, request)),
            debian=os.path.exists(DEBIAN_SCRIPT),
        )
    )


def _due(plan: Plan, missed: str, restart: bool = False) -> dict[str, Any]:
    restart = restart or missed == "restart" or CONF in plan.changed_files
    return due(restart, plan.changed or missed == "reload")
