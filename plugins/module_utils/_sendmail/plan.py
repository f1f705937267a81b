# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of sendmail_config has to do: the host's texts and tables, and what becomes of them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.files import exposed, text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import Kept
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import conf, generations, sasl, tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import mc as sendmail_mc
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import Request, Table
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError

MC, CONF, CF, SASL = "sendmail.mc", "settings", "sendmail.cf", sasl.FILE
SUBMIT_MC, SUBMIT_CF = "submit.mc", "submit.cf"


@dataclass(frozen=True)
class TablePlan:
    """The wanted state of one table, and the steps to reach it."""

    table: Table
    path: str
    before: str  # the source that is there
    after: str
    index: Mapping[str, str] | None  # what the index that is there holds
    build: bool
    remove: tuple[str, ...]
    outdated: tuple[str, ...] = ()  # what held these rows under another name; it goes once nothing reads it
    generations: bool = False  # a change is a file of another name

    @property
    def write(self) -> bool:
        """Whether the source has to be written; a secret table has none."""
        return not self.table.secret and self.before != self.after

    @property
    def changed(self) -> bool:
        """Whether any step is due."""
        return self.write or self.build or bool(self.remove)

    @property
    def files(self) -> tuple[str, ...]:
        """Where the table is when it is in force."""
        index = (self.path + ".db",) if self.table.kind == "hash" else ()
        return index if self.table.secret else (self.path, *index)

    def result(self) -> dict[str, Any]:
        """The table's row in the module's result."""
        return {"name": self.table.name, "path": self.path, "rebuilt": self.build, "changed": self.changed}

    def diff(self) -> dict[str, str]:
        """The table's part of the diff; values that are secret are masked."""
        before, after = sendmail_mc.masked_rows(self.before), sendmail_mc.masked_rows(self.after)
        if self.table.secret:
            kind, present, wanted = maps.KINDS["hash"], self.index or {}, rows(self.after)
            before, after = maps.masked(present, present, kind), maps.masked(wanted, present, kind)
        if before == after:
            before = f"(an index is missing or stale, or others can read it)\n{before}"
        return {"before_header": self.path, "after_header": self.path, "before": before, "after": after}


@dataclass(frozen=True)
class Plan:
    """Texts by name, before and after, and the tables."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    tables: list[TablePlan]
    stale: bool  # sendmail.cf is not what sendmail.mc means
    queues: tuple[str, ...] = ()  # directories that have to be made
    stale_submission: bool = False  # submit.cf is not what submit.mc means
    warnings: tuple[str, ...] = ()
    files: Mapping[str, Kept | None] = field(default_factory=dict)  # others, which become again what they were

    @property
    def changed_files(self) -> list[str]:
        """The names of the texts that change, in the order in which they are exchanged. What a .cf is made of comes
        before it: the distribution's make, which may run at any time, then builds the same."""
        changed = {name for name in self.after if self.before.get(name, "") != self.after[name]}
        changed |= {CF} if self.stale else set()
        changed |= {SUBMIT_CF} if self.stale_submission else set()
        return [name for name in (CONF, SASL, SUBMIT_MC, SUBMIT_CF, MC, CF) if name in changed]

    @property
    def changed(self) -> bool:
        """Whether anything changes."""
        return bool(self.changed_files or self.queues or self.files) or any(table.changed for table in self.tables)


def rows(source: str) -> dict[str, str]:
    """A source as makemap reads it: keys in lower case, the first of equal ones."""
    found: dict[str, str] = {}
    for key, value in maps.parse_source(source).items():
        found.setdefault(key.lower(), value.strip())
    return found


def make_plan(request: Request, installed: bool) -> Plan:
    """Compare what is wanted with the host's files, without its tools where Sendmail is not INSTALLED; SendmailError
    where sendmail.mc has no mailers."""
    before = {name: text_of(path_of(name, request)) or "" for name in (MC, CONF, SUBMIT_MC, SASL)}
    named = (text_of(path_of(CF, request)) or "", before[MC])
    rest = sendmail_mc.without_block(before[MC], "dnl #")
    lines, tables = list(request.lines), []
    for table in request.tables:
        path = os.path.join(request.directory, table.name)
        own = bool((table.secret or table.kind == "text") and generations.numbers(path, lines))
        plan = look(table, request.directory, installed, rest, named if own else None)
        lines = [sendmail_mc.moved(line, path, plan.path) for line in lines]
        tables.append(plan)
    mc = sendmail_mc.with_settings(before[MC] if installed else "MAILER_DEFINITIONS\n", lines)
    if mc is None:
        raise SendmailError(
            f"{request.directory}/{MC} has no MAILER_DEFINITIONS and no MAILER(), before which the settings stand: "
            "restore the distribution's, or add the mailers"
        )
    after = {
        MC: mc,
        CONF: conf.set_values(before[CONF], request.settings),
        SUBMIT_MC: before[SUBMIT_MC],
        SASL: sasl.with_mechanisms(before[SASL], _mechanisms(request, installed, rest, named[0])),
    }
    if before[SUBMIT_MC]:
        after[SUBMIT_MC] = sendmail_mc.with_settings_last(before[SUBMIT_MC], request.submission)
    queues = tuple(path for path in request.queues if not os.path.isdir(path))
    return Plan(before, after, tables, stale=False, queues=queues)


def _mechanisms(request: Request, installed: bool, rest: str, cf: str) -> tuple[str, ...]:
    """The client's mechanisms, and none where the host logs in to servers of its own: by REST, its lines of
    sendmail.mc, or by rows of a table that these or CF read."""
    access, authinfo = (os.path.join(request.directory, name) for name in ("access", "authinfo"))
    rows = [text_of(access) or ""]
    if re.search(rf"{re.escape(authinfo)}(?![\w-])", cf) or "authinfo" in rest:
        rows += [text_of(authinfo) or "", *((tools.index(authinfo) or {}) if installed else {})]
    ours = [key for table in request.tables if table.secret for key in table.entries]
    return () if sasl.logs_in_elsewhere("\n".join(rows), ours, rest) else request.client_mechanisms


def path_of(name: str, request: Request) -> str:
    """The path of the text with this name, SASL's in a directory of the library's."""
    if name == SASL:
        return sasl.place()
    return request.settings_file if name == CONF else os.path.join(request.directory, name)


def look(
    table: Table, directory: str, installed: bool, rest: str = "", named: Collection[str] | None = None
) -> TablePlan:
    """Compare a wanted table with the host's files; REST, sendmail.mc without the block, says what else reads an
    earlier one. NAMED are the texts that name the generation in force, None for a table without generations."""
    base = os.path.join(directory, table.name)
    indexes: dict[str, Mapping[str, str] | None] = {}

    def held(path: str) -> Mapping[str, str] | None:
        if path not in indexes:
            indexes[path] = tools.index(path) if installed and table.kind == "hash" else None
        return indexes[path]

    def holds(path: str) -> bool | None:
        if table.secret:
            index = held(path)
            return None if index is None else index == rows(maps.source(table.entries))
        text = text_of(path)
        return None if text is None else text == sendmail_mc.with_rows(text, table.entries)

    path = present = base
    if named is not None:
        present = generations.named(base, next(iter(generations.numbers(base, named)), 0))
        path = generations.named(base, generations.choose(base, named, holds))
    before = "" if table.secret else text_of(present) or ""
    after = maps.source(table.entries) if table.secret else sendmail_mc.with_rows(before, table.entries)
    build = table.kind == "hash" and (held(path) != rows(after) or (table.secret and exposed(path + ".db")))
    # Of a secret there is one copy. The distribution's make would build the index anew from a source that is there.
    remove = tuple(source for source in dict.fromkeys((base, path)) if table.secret and os.path.lexists(source))
    earlier = os.path.join(directory, table.replaces) if table.replaces and installed else ""
    outdated = (earlier + ".db",) if earlier and _only_ours(earlier, rows(after), rest) else ()
    return TablePlan(table, path, before, after, held(present), build, remove, outdated, named is not None)


def _only_ours(earlier: str, wanted: Mapping[str, str], rest: str) -> bool:
    """Whether an earlier table holds nothing but rows of ours, and nobody else's line has it read."""
    if os.path.lexists(earlier) or re.search(rf"^(?!dnl|#).*\b{os.path.basename(earlier)}\b", rest, re.MULTILINE):
        return False
    held = tools.index(earlier)
    return bool(held) and set(held or ()) <= set(wanted)
