# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a rollout on one host: change and prove, look again, go back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import installed_packages
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import System
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import offline, scratch, unit_named
from ansible_collections.mailops.ses.plugins.module_utils._probe import mail, send
from ansible_collections.mailops.ses.plugins.module_utils._queue import look as queue
from ansible_collections.mailops.ses.plugins.module_utils._role import config
from ansible_collections.mailops.ses.plugins.module_utils._role.bring import BringError
from ansible_collections.mailops.ses.plugins.module_utils._role.log_in import LogInError
from ansible_collections.mailops.ses.plugins.module_utils._role.mtas import part_of
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import RefusedError
from ansible_collections.mailops.ses.plugins.module_utils._rollout import stamp
from ansible_collections.mailops.ses.plugins.module_utils._rollout.back import BackError, Mta, go_back
from ansible_collections.mailops.ses.plugins.module_utils._rollout.before import DIRECTORIES, note, sends, way_back

ARGUMENTS: dict[str, Any] = {
    **config.ARGUMENTS,
    "variables": {"type": "dict", "default": {}},
    "step": {"type": "str", "choices": ["change", "look", "back"], "default": "change"},
    "recipient": {"type": "str", "default": "success@simulator.amazonses.com"},
    "before": {"type": "dict"},
    "fingerprint": {"type": "str"},
    "proven": {"type": "bool", "default": True},
    "patience": {"type": "float", "default": 0.0},
    # These two are the controller's, and are not sent.
    "change": {"type": "dict"},
    "reason": {"type": "str"},
}
_RECIPIENT_NAMES = {"recipient": "ses_probe_recipient"}
PAUSE_SECONDS = 5.0  # between two log-ins with a key that AWS may not know everywhere yet
# Causes of a log-in that SES refuses: a new key needs up to some minutes to be known.
REFUSED_KEYS = frozenset(("credentials_invalid", "password_of_another_key", "password_of_another_region"))


def change(module: Any, system: System, names: Sequence[str]) -> dict[str, Any]:
    """Bring the host to the relay and send a mail through it; in check mode look alone. The stamp says from before the
    first change on what there was. Errors are those of relay_config: after all but MetricsError the host keeps what it
    had, and the stamp that it had."""
    params = module.params
    mta, directory = params["mta"], DIRECTORIES[params["mta"]]
    mark = stamp.fingerprint(
        mta, {**params["variables"], "ses_fallback": params["fallback"], "ses_identities": params["identities"]}
    )
    old = stamp.read(directory)
    same = old is not None and old["fingerprint"] == mark
    known = {"system": names[0], "mta": mta, "fingerprint": mark}
    if module.check_mode:
        found = patient(lambda: config.run(module, system), params["patience"], time.monotonic, time.sleep)
        stamped = {"stamped": same, "proven": bool(old and same and old["proven"])}
        # `changed` is what a task may say otherwise. A log-in that SES did not take is an error.
        due = {"due": found["changed"], "logged_in": bool(found.get("log_in"))}
        return {
            **known,
            **_brief(found),
            **due,
            **stamped,
            "sends": sends(mta, _units(module, system), module.run_command),
        }
    units = _units(module, system)
    waiting = _queue(module)
    before = params["before"] or (old["before"] if old and same and not old["proven"] else None)
    if before is None:
        before = note(mta, units, installed_packages(module.run_command), module.run_command)
    if os.path.isdir(directory):
        stamp.write(directory, {"fingerprint": mark, "before": before, "proven": None})
    try:
        found = patient(lambda: config.run(module, system), params["patience"], time.monotonic, time.sleep)
    except (RefusedError, LogInError, BringError):  # these alone promise that the host keeps what it had
        if not params["before"]:  # else packages were installed since the first call
            _unstamp(directory, old)
        raise
    known = {**known, **_brief(found), "queue": waiting}
    if found["next"] == "install":
        return {**known, "before": before}
    probe = _probe(module, found["endpoint"])
    proven_at = int(time.time()) if probe["delivered"] else None
    stamp.write(directory, {"fingerprint": mark, "before": before, "proven": proven_at})
    return {**known, "touched": True, "probe": probe, **_of_probe(probe)}


def look_again(module: Any) -> dict[str, Any]:
    """The queue as it is now."""
    return {"changed": False, "queue": _queue(module)}


def back(module: Any, system: System) -> dict[str, Any]:
    """Go back to what the stamp notes, or O(before), and prove by a mail that it works if it did."""
    params = module.params
    mta, directory = params["mta"], DIRECTORIES[params["mta"]]
    mark = _own(stamp.read(directory), params["fingerprint"], params["proven"])
    before = mark["before"] if mark else params["before"]
    if before is None:
        return {"changed": False, "state": "rolled_back", "msg": "It has what it had: nothing was changed."}
    if module.check_mode:
        return {"changed": True, "state": "rolled_back", "msg": "It would get back what it had."}

    def gone() -> None:  # what the configuration goes back to next time is what it leaves now
        before["way_back"] = way_back(mta)
        if mark:
            stamp.write(directory, mark)

    try:
        with scratch(module) as private:
            others = installed_packages(module.run_command).others_than(mta)
            there = Mta(mta, _units(module, system), system.of(mta), private)
            told = go_back(there, {**before, "others_now": others}, gone)
    except BackError as error:
        return {"changed": True, "failed": True, "state": "broken", "msg": f"It is not as it was: {error}."}
    stamp.drop(directory)
    if not before["sends"]:
        return {"changed": True, "state": "rolled_back", "msg": told}
    probe = _probe(module, None)
    if probe["delivered"]:
        return {"changed": True, "state": "rolled_back", "msg": f"{told} A mail left by it.", "probe": probe}
    why = f"{told} A mail does not leave by it either: {probe['msg']}"
    return {"changed": True, "failed": True, "state": "broken", "msg": why, "causes": probe["diagnosis"]}


def _own(mark: dict[str, Any] | None, fingerprint: str | None, proven: bool) -> dict[str, Any] | None:
    """The stamp if it is of this change, or where none is named, of any. One that was PROVEN counts only where that is
    asked for and the change is named: going back by the stamp of an earlier run would undo what that run proved."""
    if mark is None or (mark["proven"] and not (proven and fingerprint)):
        return None
    return mark if fingerprint is None or mark["fingerprint"] == fingerprint else None


def patient(
    attempt: Callable[[], dict[str, Any]], seconds: float, clock: Callable[[], float], sleep: Callable[[float], None]
) -> dict[str, Any]:
    """What ATTEMPT returns, which is made again for SECONDS as long as SES refuses the key alone."""
    ends = clock() + seconds
    while True:
        try:
            return attempt()
        except LogInError as error:
            refused = {item["id"] for item in causes_of(error.report)}
            if not refused or not refused <= REFUSED_KEYS or clock() + PAUSE_SECONDS > ends:
                raise
        sleep(PAUSE_SECONDS)


def causes_of(report: Mapping[str, Any]) -> list[dict[str, str]]:
    """The causes of a log-in's report, each id once."""
    ports = report.get("ports") or []
    found = [*(report.get("diagnosis") or []), *(item for port in ports for item in port.get("diagnosis") or [])]
    return list({item["id"]: dict(item) for item in reversed(found)}.values())


def _brief(found: Mapping[str, Any]) -> dict[str, Any]:
    """Of relay_config's result what a rollout needs: a fleet's results are kept in memory."""
    names = ("changed", "next", "endpoint", "port", "diff", "warnings", "installs")
    return {name: found[name] for name in names if name in found}


def _of_probe(probe: Mapping[str, Any]) -> dict[str, Any]:
    return {} if probe["delivered"] else {"failed": True, "msg": probe["msg"], "causes": probe["diagnosis"]}


def _probe(module: Any, endpoint: str | None) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in mail.ARGUMENTS.items()}
    mta = module.params["mta"]
    asked = {
        "recipient": module.params["recipient"],
        "endpoint": endpoint,
        "mta": mta,
        "option_names": _RECIPIENT_NAMES,
    }
    found = send.outcome({**defaults, **asked}, lambda: mta, False)
    return {"delivered": False, "diagnosis": [], **found}


def _queue(module: Any) -> dict[str, Any]:
    """What waits, in short; empty where no queue can be read."""
    mta = module.params["mta"]
    if not part_of(mta).installed():
        return {}
    found = queue.outcome(mta, None, lambda: mta, module.run_command)
    if "failed" in found:
        return {}
    causes = [{**reason["diagnosis"], "count": reason["count"]} for reason in found["reasons"]]
    return {"messages": found["messages"], "states": found["states"], "causes": causes}


def _units(module: Any, system: System) -> list[Unit]:
    return [unit_named(module, name, offline()) for name in system.of(module.params["mta"]).units]


def _unstamp(directory: str, old: Mapping[str, Any] | None) -> None:
    """The stamp as it was: the host keeps what it had."""
    if old:
        stamp.write(directory, old)
    else:
        stamp.drop(directory)
