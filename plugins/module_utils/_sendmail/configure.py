# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a host's whole Sendmail configuration to the wanted state: plan, ask Sendmail, swap, report."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.command import run
from ansible_collections.mailops.ses.plugins.module_utils._host.files import CLOCK_SLACK, newest, text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import (
    Swap,
    differing,
    locked,
    put_back,
    snapshot,
    sweep,
)
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit, UnitError
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import BARE, due, nothing_changes
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import conf, mc, tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.plan import (
    CF,
    CONF,
    MC,
    SASL,
    SUBMIT_CF,
    Plan,
    TablePlan,
    make_plan,
    path_of,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError

CRONTAB = "/etc/cron.d/sendmail"  # which Debian's make writes
LOADING_SECONDS = 20.0  # in which a daemon that was started has written its pid file; it takes less than one


def configure(request: Request, check_mode: bool, scratch: str, unit: Unit | None = None) -> dict[str, Any]:
    """Bring the host to the wanted state and return the module's result; in check mode write nothing.

    The scratch directory is the caller's, private to it. A unit that is given is enabled in the end, runs, and has
    loaded what was written. A SendmailError leaves the host as it was.
    """
    with nothing_changes(SendmailError):
        if tools.installed():
            return _configure(request, check_mode, scratch, unit)
    if not check_mode:
        raise SendmailError("Sendmail is not installed: sendmail, makemap, m4 and make are needed. Install them first")
    return {
        **_report(make_plan(request, installed=False), request),
        **BARE,
        "sendmail_version": "",
        "msg": "Sendmail is not installed yet: the difference is against an empty configuration",
    }


def _configure(request: Request, check_mode: bool, scratch: str, unit: Unit | None) -> dict[str, Any]:
    if not os.path.isdir(request.directory):
        raise SendmailError(f"config_directory: {request.directory} is no directory on this host")
    with nullcontext() if check_mode else locked(request.directory):
        if not check_mode:
            for directory in (request.directory, *(os.path.dirname(path_of(name, request)) for name in (CONF, SASL))):
                if os.path.isdir(directory):
                    sweep(directory)
        plan = make_plan(request, installed=True)
        compiled = _compile(plan, request.directory)
        present = text_of(os.path.join(request.directory, CF)) or ""
        stale = mc.significant(present) != mc.significant(compiled)
        plan = replace(plan, stale=stale)
        missed = _missed(plan, request, compiled)
        if plan.changed:
            _try(plan, compiled, scratch, request.default_mailer)
        wanted = _due(plan, missed, request.restart)
        verbs = unit.due(wanted["action"]) if unit else []
        if (plan.changed or verbs) and not check_mode:
            with _queues(plan.queues), unit.kept() if unit else nullcontext():
                _carry_out(plan, compiled, request, partial(_run, unit, verbs, compiled))
    report = _report(plan, request)
    return {
        **report,
        **wanted,
        "changed": report["changed"] or bool(verbs),
        "sendmail_version": tools.version(compiled),
    }


def _run(unit: Unit | None, verbs: Sequence[str], compiled: str) -> None:
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


def _compile(plan: Plan, directory: str) -> str:
    """The candidate as the distribution's make builds it: m4's output, then sendmail.mc itself as comments."""
    out = tools.compiled(plan.after[MC], directory)
    comments = "".join(f"# {line}\n" for line in plan.after[MC].splitlines())
    return f"{out}### {MC} ###\n{comments}"


def _try(plan: Plan, compiled: str, scratch: str, mailer: str) -> None:
    """Have Sendmail read the candidate, with the tables as they will be, but for secrets, which stay out of scratch."""
    text = tools.silent(compiled)
    for queue in plan.queues:  # which Sendmail would look for
        text = _moved(text, queue, os.path.dirname(queue))
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
            text = _moved(text, table.path, candidate)
    path = os.path.join(scratch, CF)
    _write(path, text)
    tools.check(path, mailer)


def _moved(text: str, path: str, place: str) -> str:
    """The text with another place for a path, also with an index's suffix, and no longer path that begins like it."""
    return re.sub(re.escape(path) + r"(?=\.db\b|[^\w./-]|$)", lambda _match: place, text, flags=re.MULTILINE)


def _write(path: str, text: str) -> None:
    with open(path, "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))


def _carry_out(plan: Plan, compiled: str, request: Request, then: Callable[[], None]) -> None:
    """Exchange the files: tables first and sendmail.cf last, so that sendmail.cf never refers to a table that is
    missing and is younger than what it is made of. Then run the distribution's make, which brings its own files up to
    date and leaves sendmail.cf alone."""
    with Swap() as swap:
        for table in plan.tables:
            _stage(table, swap)
        texts = {**plan.after, CF: compiled}
        for name in plan.changed_files:
            target = path_of(name, request)
            if name == SASL:  # no package need have made its directory
                os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
            swap.put(target, swap.stage(target, texts[name].encode("utf-8", "surrogateescape")))
        for table in plan.tables:
            for path in table.remove:
                swap.remove(path)
        swap.commit(partial(_finish, plan, request.directory, compiled, then))
    # Not before: until the daemon has the new sendmail.cf it reads them.
    for table in plan.tables:
        for path in table.outdated:
            os.unlink(path)


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


@contextmanager
def _queues(paths: Sequence[str]) -> Iterator[None]:
    """Make the directories, and take them away again where what needs them fails: then nothing runs their mail any
    more, so it goes to the queue that each is within."""
    try:
        for path in paths:
            _make_queue(path)
        yield
    except Exception as error:
        left = [path for path in paths if not _emptied(path)]
        if left:
            told = getattr(error, "strerror", None) or error
            raise SendmailError(
                f"{told}; mail is left in {', '.join(left)}, which nothing sends: move it to the directory above once "
                "no sendmail has it at hand"
            ) from error
        raise


def _emptied(path: str) -> bool:
    """Whether a queue's directory is gone, its mail moved up. Mail that a process still sends is waited for: moved
    under the process's hands it would be sent twice."""
    end = time.monotonic() + LOADING_SECONDS
    while os.path.isdir(path):
        for name in (name for name in os.listdir(path) if name.startswith("qf")):
            _move_up(path, name)
        with suppress(OSError):
            os.rmdir(path)
            break
        if time.monotonic() > end:
            return False
        time.sleep(0.1)  # the interval of a bounded poll
    return True


def _move_up(path: str, name: str) -> None:
    """Move one mail, if nothing has it locked: its text before its envelope, without which nothing reads the text."""
    with suppress(OSError), open(os.path.join(path, name), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for part in (*"dx", "q"):
            source, target = (os.path.join(place, f"{part}{name[1:]}") for place in (path, os.path.dirname(path)))
            if os.path.exists(source) and not os.path.exists(target):
                os.rename(source, target)


def _make_queue(path: str) -> None:
    """Make a queue's directory with its parent's owner and mode, closed to others from the beginning."""
    like = os.stat(os.path.dirname(path))
    os.mkdir(path, 0o700)
    os.chown(path, like.st_uid, like.st_gid)
    os.chmod(path, stat.S_IMODE(like.st_mode))


def _stage(plan: TablePlan, swap: Swap) -> None:
    """Make the table's files in the staging directory, and plan their exchange."""
    private = plan.table.secret
    if plan.write:
        swap.put(plan.path, swap.stage(plan.path, plan.after.encode("utf-8", "surrogateescape")))
    if plan.build:
        staged = os.path.join(swap.staging(plan.path + ".db"), "index-" + plan.table.name)
        swap.put(plan.path + ".db", tools.build(staged, plan.after, private), private)


def _report(plan: Plan, request: Request) -> dict[str, Any]:
    diff = []
    for name in (MC, CONF, SASL):
        if plan.before[name] != plan.after[name]:
            path = path_of(name, request)
            texts = {"before": plan.before[name], "after": plan.after[name]}
            diff.append({"before_header": path, "after_header": path, **texts})
    return {
        "changed": plan.changed,
        "files": [os.path.basename(path_of(name, request)) for name in plan.changed_files],
        "queues": list(plan.queues),
        "tables": [table.result() for table in plan.tables],
        "diff": [*diff, *({"prepared": f"{path} is made\n"} for path in plan.queues)]
        + [table.diff() for table in plan.tables if table.changed],
    }


def _missed(plan: Plan, request: Request, compiled: str) -> str:
    """What an earlier run left undone on the daemon: files that are newer than its last load or its start."""
    running = tools.loaded_at(compiled)
    if running is None or not _flushed(plan, request):
        return "restart"  # Debian's unit counts as active whatever became of its daemons
    if newest([request.settings_file], time.time()) > running["started"] + CLOCK_SLACK:
        return "restart"
    paths = [path_of(name, request) for name in (MC, CF, SASL)]
    paths += [path for table in plan.tables for path in table.files]
    return "reload" if newest(paths, time.time()) > running["loaded"] + CLOCK_SLACK else "none"


def _flushed(plan: Plan, request: Request) -> bool:
    """Whether the daemon to which the submission program's queue is left runs, if the queue is left to a daemon."""
    submission = text_of(os.path.join(request.directory, SUBMIT_CF))
    settings = conf.values(plan.after[CONF])
    # Red Hat's file has no mode: its unit sm-client always is a daemon.
    daemon = settings.get("MSP_MODE", "daemon" if "SENDMAIL_OPTS" in settings else "").lower() == "daemon"
    return not (daemon and submission) or tools.loaded_at(submission) is not None


def _due(plan: Plan, missed: str, restart: bool = False) -> dict[str, Any]:
    restart = restart or missed == "restart" or CONF in plan.changed_files
    return due(restart, plan.changed or missed == "reload")
