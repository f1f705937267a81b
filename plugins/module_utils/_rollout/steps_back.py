# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps by which one host goes back to what it had before a rollout, the MTA that was replaced among it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import installed_packages
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import System
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import UnitError
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import offline, scratch
from ansible_collections.mailops.ses.plugins.module_utils._rollout import replaced, stamp
from ansible_collections.mailops.ses.plugins.module_utils._rollout.back import BackError, Mta, go_back
from ansible_collections.mailops.ses.plugins.module_utils._rollout.before import DIRECTORIES, way_back
from ansible_collections.mailops.ses.plugins.module_utils._rollout.steps import kept_before, probe_of, units_of


def back(module: Any, system: System) -> dict[str, Any]:
    """Go back to what the stamp notes, or O(before), and prove by a mail that it works if it did. Where another MTA was
    replaced, tell what has to be installed for that."""
    mark, before = _noted(module)
    if before is None:
        return {"changed": False, "state": "rolled_back", "msg": "It has what it had: nothing was changed."}
    if module.check_mode:
        return {"changed": True, "state": "rolled_back", "msg": "It would get back what it had."}
    if before["other_mtas"]:
        return _replaced(module, system, mark, before)
    try:
        told = _go_back(module, system, mark, before)
    except BackError as error:
        return _broken(error)
    stamp.drop(DIRECTORIES[module.params["mta"]])
    return _as_before(module, module.params["mta"], told) if before["sends"] else _rolled_back(told)


def clear(module: Any, system: System) -> dict[str, Any]:
    """Have the MTA that took another one's place, and is empty and stopped, be what it was before that."""
    mta = module.params["mta"]
    mark, before = _noted(module)
    if before is None or module.check_mode:
        return {"changed": before is not None}
    try:
        replaced.see_drained(mta)
        with replaced.open_to_root(mta):  # it stays stopped, whatever it did before
            told = _go_back(module, system, mark, {**before, "active": dict.fromkeys(before["active"], False)})
        replaced.see_drained(mta)  # root's mail may have come meanwhile
    except BackError as error:
        return _broken(error)
    return {"changed": True, "msg": told}


def restore(module: Any) -> dict[str, Any]:
    """Have the MTAs that were replaced, whose packages are there again, be what they were, and prove it by a mail."""
    run, mta, note = module.run_command, module.params["mta"], replaced.kept(module.params["mta"])
    if note is None:
        return _broken(BackError("nothing is kept of the MTA that was replaced"))
    if module.check_mode:
        return {"changed": True, "state": "rolled_back", "msg": "It would get back what it had."}
    try:
        present = installed_packages(run).others_than(mta)
        told = replaced.restore(note, mta, present, replaced.units_kept(note, run, offline()), run)
    except (BackError, UnitError, OSError) as error:
        for name in (*note["units"], mta):  # mail that is handed over waits, even where nobody delivers it now
            with suppress(BackError):
                replaced.reopen(name)
        return _broken(error)
    stamp.drop(DIRECTORIES[mta])
    stamp.forget()
    followed = [name for name in note["units"] if name in DIRECTORIES]
    return _as_before(module, followed[0], told) if note["sends"] and followed else _rolled_back(told)


def forget(module: Any) -> dict[str, Any]:
    """Keep nothing any more of MTAs that were replaced."""
    there = os.path.isdir(stamp.KEPT)
    if not module.check_mode:
        stamp.forget()
    return {"changed": there}


def _replaced(module: Any, system: System, mark: Mapping[str, Any] | None, before: Mapping[str, Any]) -> dict[str, Any]:
    """What a host needs that had other MTAs: nothing, or their packages."""
    run, mta, note = module.run_command, module.params["mta"], replaced.kept(module.params["mta"])
    packages = installed_packages(run)
    present, others = packages.others_than(mta), ", ".join(before["other_mtas"])
    if note is None and present != before["other_mtas"]:
        return _broken(BackError(f"{others} was replaced by {mta}, and nothing is kept of it"))
    if note is None or replaced.untouched(note, present, replaced.units_kept(note, run, offline())):
        stamp.forget()
        if mark:
            stamp.drop(DIRECTORIES[mta])
        return _rolled_back(f"It has what it had: {others} was not replaced.", changed=False)
    replaced.drop(mta, (mark or {}).get("probe") or (), run)  # it would wait for an MTA that is to go
    due = {
        "package_manager": system.family.package_manager,
        "missing_packages": packages.missing(note["packages"]),
        "other_mtas": [],
    }
    return {"changed": False, "state": "replaced", "msg": f"{others} was replaced by {mta}.", "install": due}


def _noted(module: Any) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The stamp of the change that is to be taken back, and what there was before it; None where there is none."""
    params, found = module.params, stamp.read(DIRECTORIES[module.params["mta"]])
    mark = _own(found, params["fingerprint"], params["proven"])
    if mark:
        return mark, mark["before"]
    over = found is not None and found["proven"] and found["fingerprint"] == params["fingerprint"]
    return None, params["before"] or (None if over else kept_before(params["mta"], params["fingerprint"]))


def _go_back(module: Any, system: System, mark: dict[str, Any] | None, before: dict[str, Any]) -> str:
    """Have this MTA be what it was; BackError where it is not."""
    mta = module.params["mta"]

    def gone() -> None:  # what the configuration goes back to next time is what it leaves now
        before["way_back"] = way_back(mta)
        if mark:
            stamp.write(DIRECTORIES[mta], mark)

    with scratch(module) as private:
        return go_back(Mta(mta, units_of(module, system), system.of(mta), private), before, gone)


def _as_before(module: Any, mta: str, told: str) -> dict[str, Any]:
    """A host that has what it had, and a mail through it."""
    probe = probe_of(module, mta, None)
    if probe["delivered"]:
        return {**_rolled_back(f"{told} A mail left by it."), "probe": probe}
    why = f"{told} A mail does not leave by it either: {probe['msg']}"
    return {"changed": True, "failed": True, "state": "broken", "msg": why, "causes": probe["diagnosis"]}


def _rolled_back(told: str, changed: bool = True) -> dict[str, Any]:
    return {"changed": changed, "state": "rolled_back", "msg": told}


def _broken(error: Exception) -> dict[str, Any]:
    return {"changed": True, "failed": True, "state": "broken", "msg": f"It is not as it was: {error}."}


def _own(mark: dict[str, Any] | None, fingerprint: str | None, proven: bool) -> dict[str, Any] | None:
    """The stamp if it is of this change, or where none is named, of any. One that was PROVEN counts only where that is
    asked for and the change is named: going back by the stamp of an earlier run would undo what that run proved."""
    if mark is None or (mark["proven"] and not (proven and fingerprint)):
        return None
    return mark if fingerprint is None or mark["fingerprint"] == fingerprint else None
