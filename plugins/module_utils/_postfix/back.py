# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: a plan that makes the files what they were before the last change."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.previous import as_now, changed_since, previous
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import Kept
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf, master_cf
from ansible_collections.mailops.ses.plugins.module_utils._postfix.plan import MAIN_CF, MASTER_CF, Plan
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import PostfixError


def plan_back(request: Request, rewriting: Iterable[str]) -> Plan:
    """Everything as it was before the last change; PostfixError where nothing is known of that. REWRITING are the
    parameters whose change is one for mail that waits."""
    kept = previous(request.directory)
    paths = {name: os.path.realpath(os.path.join(request.directory, name)) for name in (MAIN_CF, MASTER_CF)}
    if kept is None or not all(kept.get(path) for path in paths.values()):
        raise PostfixError(
            f"state: {request.directory} has no previous configuration: this module keeps what its changes replace, "
            "and has changed nothing here yet"
        )
    before = {name: text_of(path) or "" for name, path in paths.items()}
    after = {name: _text(kept[path]) for name, path in paths.items()}
    rest = {path: file for path, file in kept.items() if path not in paths.values()}
    changed = changed_since(rest)
    there, then = (master_cf.services(texts[MASTER_CF]) for texts in (before, after))
    # What goes stays, where nothing names it: the master would kill its processes, and wait for them.
    after[MASTER_CF] = _with(after[MASTER_CF], [found for key, found in there.items() if key not in then])
    other = {key: found for key, found in then.items() if there.get(key) != found}
    in_use = _in_use(before)
    first = [found for key, found in other.items() if key[0] not in in_use]
    return Plan(
        before,
        after,
        sorted(other),
        [],
        request,
        beside=_with(before[MASTER_CF], first) if first else None,
        files={path: file for path, file in changed.items() if file},
        gone=[path for path, file in changed.items() if not file],
        kept=list(kept),
        meanings=_meanings(rewriting, (before, as_now(rest)), (after, rest)),
    )


def _in_use(texts: Mapping[str, str]) -> set[str]:
    """The services that main.cf leads to, and those that their options name."""
    services = {found.name: found for found in master_cf.services(texts[MASTER_CF]).values()}
    values = (value.partition(":")[0] for value in main_cf.parameters(texts[MAIN_CF]).values())
    led = {name for name in values if name in services}
    return led | {value for name in led for value in services[name].options.values() if value in services}


def _with(text: str, services: Iterable[master_cf.Service]) -> str:
    return master_cf.set_services(text, [master_cf.as_wanted(found) for found in services])[0]


def _meanings(names: Iterable[str], *states: tuple[Mapping[str, str], Mapping[str, Kept | None]]) -> list[str]:
    """The parameters of these NAMES that say something else, their tables' contents in the place of the tables' names:
    these are other ones in another generation."""
    found = []
    for texts, files in states:
        contents = {path: file.content for path, file in files.items() if file}
        parameters = main_cf.parameters(texts[MAIN_CF])
        found.append({name: _spelled_out(parameters.get(name, ""), contents) for name in names})
    return sorted(name for name in found[0] if found[0][name] != found[1][name])


def _spelled_out(value: str, contents: Mapping[str, bytes]) -> list[object]:
    found: list[object] = []
    for item in re.split(r"[,\s]+", value):
        path = item.rpartition(":")[2]
        found.append([contents[path + suffix] for suffix in ("", *maps.SUFFIXES) if path + suffix in contents] or item)
    return found


def _text(kept: Kept | None) -> str:
    return kept.content.decode("utf-8", "surrogateescape") if kept else ""
