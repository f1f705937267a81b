# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's opinion of a candidate: raise on what it refuses, before anything on the host changes."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._mta.text import MASK
from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf, master_cf, starts
from ansible_collections.mailops.ses.plugins.module_utils._postfix.plan import MAIN_CF, MASTER_CF, Plan
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tables import check
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import Postfix, PostfixError


def ask(plan: Plan, postfix: Postfix, running: bool) -> list[str]:
    """Have Postfix judge the two texts, and return what it warns of; PostfixError where it refuses them. Its words on
    the host's own texts do not count. Leaves the candidate in place for postmap."""
    try:
        known = postfix.doubts()
        known_refusals = None
    except PostfixError as error:
        known, known_refusals = {"refused": [], "said": []}, {"postconf": [str(error)]}
    _check_commands(plan, postfix)
    postfix.candidate(*plan.after.values())
    said = postfix.doubts()
    refused = [text for text in said["refused"] if text not in known["refused"]]
    if refused:
        raise _refusal(refused, plan)
    _start_all(plan, postfix)
    refusals = postfix.refusals(running)
    if refusals:
        if known_refusals is None:
            postfix.candidate(*plan.before.values())
            known_refusals = postfix.refusals(running)
            postfix.candidate(*plan.after.values())
        old = {text for lines in known_refusals.values() for text in lines}
        new = [text for lines in refusals.values() for text in lines if text not in old]
        if new:
            raise _refusal(new, plan)
    return [_scrub(text, plan) for text in said["said"] if text not in known["said"]]


def _start_all(plan: Plan, postfix: Postfix) -> None:
    """Refuse what any of Postfix's programs would die of as it starts, or the queue manager at a mail."""
    after = main_cf.parameters(plan.after[MAIN_CF])
    changed = {name: after[name] for name in plan.changed_parameters if name in after}
    said = starts.complaints(postfix, master_cf.services(plan.after[MASTER_CF]).values())
    if said:
        postfix.candidate(*plan.before.values())
        known = starts.complaints(postfix, master_cf.services(plan.before[MASTER_CF]).values())
        postfix.candidate(*plan.after.values())
        said = [text for text in said if text not in known]
    said += starts.transport_complaints(changed)
    if said:
        raise _refusal(said, plan)


def _refusal(said: Iterable[str], plan: Plan) -> PostfixError:
    """Postfix's words, and the parameters that they mean where it quotes only a value."""
    text = "; ".join(dict.fromkeys(said))
    after = main_cf.parameters(plan.after[MAIN_CF])
    meant = [name for name in plan.changed_parameters if f'"{after.get(name)}"' in text and name not in text]
    hint = f" (the value of {', '.join(meant)})" if meant else ""
    if "unused parameter" in text:
        hint += " (give parameters that only some versions know as optional_parameters)"
    return PostfixError(_scrub(f"Postfix does not accept the configuration: {text}{hint}", plan))


def _check_commands(plan: Plan, postfix: Postfix) -> None:
    """Refuse a service whose program is missing: the master finds that out only when it starts the service."""
    directory = postfix.directory("daemon_directory")
    defined = master_cf.services(plan.after[MASTER_CF])
    for want in plan.request.services:
        service = defined.get((want["name"], want["type"]))
        if want["state"] == "present" and service and not os.access(os.path.join(directory, service.command), os.X_OK):
            label = f"services: {service.name} ({service.type})"
            raise PostfixError(f"{label}: there is no program {service.command} in {directory}")


def _scrub(text: str, plan: Plan) -> str:
    for texts in (plan.before, plan.after):
        for value in (*main_cf.secret_values(texts[MAIN_CF]), *master_cf.secret_values(texts[MASTER_CF])):
            text = text.replace(value, MASK)
    return text


def try_tables(plan: Plan, postfix: Postfix, scratch: str) -> None:
    """Have Postfix read the tables that have no index, but for secrets, which stay out of scratch; PostfixError where
    it refuses one."""
    for table in plan.tables:
        if table.write and not table.kind.suffix and not table.table.secret:
            path = os.path.join(scratch, table.table.name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(maps.source(table.table.entries))
            os.utime(path, (0, 0))  # Postfix reads a texthash of the last second again and again, until it is older
            check(table, path, postfix)
