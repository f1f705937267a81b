# SPDX-License-Identifier: GPL-3.0-or-later
"""Look-up tables on a host: what is there, what of it is missing, stale or exposed, and its candidate."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.files import exposed, text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import Swap
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Table
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import Postfix, PostfixError


@dataclass(frozen=True)
class TablePlan:
    """The wanted state of one table, and the steps to reach it."""

    table: Table
    type: str
    path: str
    source: str | None  # the source that is there
    index: Mapping[str, str] | None  # what the index that is there holds
    write: bool = False  # whether the source has to be written
    build: bool = False  # whether the index has to be built
    remove: tuple[str, ...] = ()
    former: TablePlan | None = None  # the table whose place this one takes under another name

    @property
    def kind(self) -> maps.Kind:
        """How tables of its type are kept."""
        return maps.KINDS[self.type]

    @property
    def reference(self) -> str:
        """The table as a parameter names it."""
        return f"{self.type}:{self.path}"

    @property
    def changed(self) -> bool:
        """Whether any step is due."""
        return self.write or self.build or bool(self.remove)

    @property
    def ahead(self) -> bool:
        """Whether nothing can read it yet, so that it may be there before what names it."""
        return self.former is not None or (self.source is None and self.index is None)

    @property
    def says_other(self) -> bool:
        """Whether there is a table, and its rows are not the wanted ones."""
        return self._rows is not None and self.rows_change

    @property
    def rows_change(self) -> bool:
        """Whether the rows change that are in force, under whatever name."""
        there = self.former or self
        if not self.table.present:
            return bool(self.remove)
        wanted = maps.folded(self.table.entries, self.kind) if self.kind.suffix else maps.source(self.table.entries)
        return there._rows != wanted

    @property
    def _rows(self) -> Mapping[str, str] | str | None:
        return self.index if self.kind.suffix else self.source

    @property
    def files(self) -> tuple[str, ...]:
        """Where the table is when it is in force."""
        index = (self.path + self.kind.suffix,) if self.kind.suffix else ()
        return index if index and self.table.secret else (self.path, *index)

    def result(self) -> dict[str, Any]:
        """The table's row in the module's result."""
        return {
            "name": self.table.name,
            "path": self.path,
            "type": self.type,
            "parameter": self.table.parameter,
            "rebuilt": self.build,
            "changed": self.changed,
        }

    def diff(self) -> dict[str, str]:
        """The table's part of the diff; a secret table's values are masked."""
        there = self.former or self
        if self.table.secret:
            before, after = self._masked(there)
        else:
            before = there.source or ""
            after = maps.source(self.table.entries) if self.table.present else ""
        if not self.former and before == after:
            if self.build:
                before = f"(the index is missing or stale)\n{before}"
            elif self.remove:
                before = "".join(f"(to be removed: {path})\n" for path in self.remove) + before
            elif self.table.secret:
                before = "(readable by others)\n"
        return {"before_header": there.path, "after_header": self.path, "before": before, "after": after}

    def _masked(self, there: TablePlan) -> tuple[str, str]:
        present = there.index if there.kind.suffix else maps.parse_texthash(there.source or "")
        before, after = present or {}, self.table.entries if self.table.present else {}
        return maps.masked(before, before, self.kind), maps.masked(after, before, self.kind)


def look(table: Table, type_name: str, directory: str, postfix: Postfix | None) -> TablePlan:
    """Compare a wanted table with the host's files."""
    path = os.path.join(directory, table.name)
    kind = maps.KINDS[type_name]
    source = text_of(path)
    index = postfix.index(type_name, path) if postfix and kind.suffix else None
    plan = TablePlan(table, type_name, path, source, index)
    if not table.present:
        leftovers = (path, *(path + suffix for suffix in maps.SUFFIXES))
        return _with(plan, remove=tuple(filter(os.path.lexists, leftovers)))
    listed = table.secret and bool(kind.suffix)
    write = not listed and (source != maps.source(table.entries) or (table.secret and exposed(path)))
    build = bool(kind.suffix) and (
        index is None
        or index != maps.folded(table.entries, kind)
        or (exposed(path + kind.suffix) if table.secret else write or _older(path + kind.suffix, path))
    )
    # Of a secret there is one copy: not the source of an index, nor what another type left.
    others = () if not table.secret else tuple(path + suffix for suffix in maps.SUFFIXES if suffix != kind.suffix)
    remove = ((path,) if listed else ()) + others
    return _with(plan, write=write, build=build, remove=tuple(filter(os.path.lexists, remove)))


def _with(plan: TablePlan, **changes: Any) -> TablePlan:
    return TablePlan(**{**plan.__dict__, **changes})


def _older(index: str, source: str) -> bool:
    """Postfix itself warns of an index that is older than its source, whatever it holds."""
    return os.stat(index).st_mtime < os.stat(source).st_mtime


def stage(plan: TablePlan, swap: Swap, postfix: Postfix) -> None:
    """Make the table's files in the staging directory, have Postfix read them, and plan their exchange. PostfixError
    where Postfix refuses an entry."""
    table, private = plan.table, plan.table.secret
    if plan.build and private:
        index = os.path.join(swap.staging(plan.path + plan.kind.suffix), table.name)
        swap.put(plan.path + plan.kind.suffix, _built(plan, index, postfix, table.entries), private=True)
    elif plan.build or plan.write:
        staged = swap.stage(plan.path, maps.source(table.entries).encode(), private)
        if plan.build:
            swap.put(plan.path + plan.kind.suffix, _built(plan, staged, postfix))
        elif private:
            check(plan, staged, postfix)
        if plan.write:
            swap.put(plan.path, staged, private)


def _built(plan: TablePlan, path: str, postfix: Postfix, entries: Mapping[str, str] | None = None) -> str:
    index = postfix.build(plan.type, path, entries)
    if postfix.index(plan.type, path) != maps.folded(plan.table.entries, plan.kind):
        raise PostfixError(f"tables: {plan.table.name}: the {plan.type} index that postmap built holds something else")
    return index


def check(plan: TablePlan, path: str, postfix: Postfix) -> None:
    """Have Postfix read a table that has no index; PostfixError with its words, but none of a secret table's."""
    complaint = postfix.table_complaint(plan.type, path)
    if complaint:
        # Postfix may quote the line.
        told = "Postfix refuses an entry" if plan.table.secret else complaint
        raise PostfixError(f"tables: {plan.table.name}: {told}")
