# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange Postfix's files in steps: a daemon that starts between two of them, or a kill, finds old or new, whole."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from ansible_collections.mailops.ses.plugins.module_utils._host.swap import Kept, Swap
from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf, master_cf
from ansible_collections.mailops.ses.plugins.module_utils._postfix.plan import MAIN_CF, MASTER_CF, Plan
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tables import TablePlan, stage
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import Postfix

_NAMED = re.compile(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))", re.ASCII)


def nothing() -> None:
    """What follows a step that Postfix need not load."""


@dataclass(frozen=True)
class Step:
    """What is there after it: the texts of main.cf and master.cf, and more and fewer tables; then what is due."""

    texts: Mapping[str, str]
    tables: Sequence[TablePlan] = ()
    files: Mapping[str, Kept] | None = None
    remove: Sequence[str] = ()
    then: Callable[[], None] = nothing


def at_once(plan: Plan, run: Callable[[], None]) -> list[Step]:
    """The one step where no mail flows: all files, then RUN."""
    return [Step(plan.after, plan.tables, plan.files, plan.removals, run)]


def in_turn(
    plan: Plan,
    run: Callable[[], None],
    load: Callable[[], None],
    missed: bool,
    ended: Callable[[Collection[str]], None] = lambda _services: None,
) -> list[Step]:
    """The steps while mail flows: what comes, beside what is in use; main.cf, whose one rename is the change, and RUN;
    what was in use before; and what nothing reads any more goes. LOAD has Postfix load a step, and before them what was
    MISSED, which a killed run left. ENDED waits for the processes of services that go: the master would do nothing
    else until they have ended."""
    steps = []
    tables, files = plan.tables, plan.files
    master, main = plan.beside or plan.after[MASTER_CF], _with_named(plan)
    if missed and (plan.beside is not None or main != plan.after[MAIN_CF]):
        steps += [Step(plan.before, then=load)]
    if plan.beside is not None:
        # What nothing names yet. A table that is there under this name is a killed run's.
        ahead = [table for table in plan.tables if table.ahead]
        new = {path: kept for path, kept in plan.files.items() if not os.path.lexists(path)}
        steps += [Step({MASTER_CF: master, MAIN_CF: plan.before[MAIN_CF]}, ahead, new, then=load)]
        tables = [table for table in plan.tables if table not in ahead]
        files = {path: kept for path, kept in plan.files.items() if path not in new}
    services, stay = (set(master_cf.services(text)) for text in (master, plan.after[MASTER_CF]))
    change = partial(_one_by_one, run, partial(ended, {name for name, _type in services - stay}))
    steps += [Step({MASTER_CF: master, MAIN_CF: main}, tables, files, then=change)]
    if master != plan.after[MASTER_CF]:
        steps += [Step({MASTER_CF: plan.after[MASTER_CF], MAIN_CF: main}, then=load)]
    if main != plan.after[MAIN_CF]:
        # Nothing names what goes, so nothing has to be loaded: a queue manager that ends now would leave what is just
        # delivered in the queue, until another one looks for it.
        steps += [Step(plan.after, then=partial(_as_loaded, plan.request.directory))]
    return [*steps, Step(plan.after, remove=plan.removals)]


def _one_by_one(*calls: Callable[[], None]) -> None:
    for call in calls:
        call()


def _as_loaded(directory: str) -> None:
    """Date main.cf as master.cf, which Postfix has loaded: a newer one looks like a reload that is missing."""
    loaded = os.stat(os.path.join(directory, MASTER_CF))
    os.utime(os.path.join(directory, MAIN_CF), ns=(loaded.st_atime_ns, loaded.st_mtime_ns))


def _with_named(plan: Plan) -> str:
    """main.cf as it will be, with the parameters that go and that services in use name: a client that starts before the
    queue manager knows the change has its log-in by one, where a host is from before there were generations."""
    before, after = (main_cf.parameters(texts[MAIN_CF]) for texts in (plan.before, plan.after))
    options = [
        value for found in master_cf.services(plan.before[MASTER_CF]).values() for value in found.options.values()
    ]
    named = {"".join(groups) for value in options for groups in _NAMED.findall(value)}
    going = {name: value for name, value in before.items() if name in named and name not in after}
    return main_cf.set_parameters(plan.after[MAIN_CF], going)


def carry_out(steps: Sequence[Step], plan: Plan, postfix: Postfix) -> None:
    """All steps, or none: all files are made and tried before the first, and where one fails, all are put back."""
    with ExitStack() as stack:
        swaps = []
        texts = plan.before
        for step in steps:
            swap = stack.enter_context(Swap())
            _fill(swap, step, texts, plan.request.directory, postfix)
            swaps.append((swap, step.then))
            texts = step.texts
        _commit(swaps)


def _fill(swap: Swap, step: Step, texts: Mapping[str, str], directory: str, postfix: Postfix) -> None:
    """Tables first and main.cf last, so that main.cf never refers to a table that is missing; what goes after that."""
    for table in step.tables:
        stage(table, swap, postfix)
    for path, kept in (step.files or {}).items():
        swap.put_kept(path, kept)
    for name in (MASTER_CF, MAIN_CF):
        if step.texts[name] != texts[name]:
            target = os.path.join(directory, name)
            swap.put(target, swap.stage(target, step.texts[name].encode("utf-8", "surrogateescape")))
    for path in step.remove:
        swap.remove(path)


def _commit(swaps: Sequence[tuple[Swap, Callable[[], None]]]) -> None:
    def then() -> None:
        due()
        _commit(rest)

    if swaps:
        (swap, due), *rest = swaps
        swap.commit(then)
