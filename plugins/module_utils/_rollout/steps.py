# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a rollout on one host that lead on: change and prove, look again. What leads back is steps_back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import installed_packages
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import System
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import offline, unit_named
from ansible_collections.mailops.ses.plugins.module_utils._probe import mail, send
from ansible_collections.mailops.ses.plugins.module_utils._queue import look as queue
from ansible_collections.mailops.ses.plugins.module_utils._role import config
from ansible_collections.mailops.ses.plugins.module_utils._role.bring import BringError
from ansible_collections.mailops.ses.plugins.module_utils._role.log_in import LogInError
from ansible_collections.mailops.ses.plugins.module_utils._role.mtas import part_of
from ansible_collections.mailops.ses.plugins.module_utils._role.opening import opened
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import RefusedError
from ansible_collections.mailops.ses.plugins.module_utils._rollout import stamp
from ansible_collections.mailops.ses.plugins.module_utils._rollout.back import BackError
from ansible_collections.mailops.ses.plugins.module_utils._rollout.before import DIRECTORIES, note, sends

ARGUMENTS: dict[str, Any] = {
    **config.ARGUMENTS,
    "variables": {"type": "dict", "default": {}},
    "step": {"type": "str", "choices": ["change", "look", "back", "clear", "restore", "forget"], "default": "change"},
    "recipient": {"type": "str", "default": "success@simulator.amazonses.com"},
    "before": {"type": "dict"},
    "fingerprint": {"type": "str"},
    "proven": {"type": "bool", "default": True},
    "patience": {"type": "float", "default": 0.0},
    # These are the controller's, and are not sent.
    "change": {"type": "dict"},
    "reason": {"type": "str"},
    "fault": {"type": "dict"},
}
_RECIPIENT_NAMES = {"recipient": "ses_probe_recipient"}
PAUSE_SECONDS = 5.0  # between two log-ins with a key that AWS may not know everywhere yet
# Causes of a log-in that SES refuses: a new key needs up to some minutes to be known.
REFUSED_KEYS = frozenset(("credentials_invalid", "password_of_another_key", "password_of_another_region"))


def change(module: Any, system: System, names: Sequence[str]) -> dict[str, Any]:
    """Bring the host to the relay and send a mail through it; in check mode look alone. The stamp says from before the
    first change on what there was. Errors are those of relay_config: after all but MetricsError the host keeps what it
    had, and the stamp that it had."""
    with opened(module.params["mta"], module.check_mode) as sentences:
        return _change(module, system, names, sentences)


def _change(module: Any, system: System, names: Sequence[str], sentences: Sequence[str]) -> dict[str, Any]:
    params = module.params
    mta, directory = params["mta"], DIRECTORIES[params["mta"]]

    def configure() -> dict[str, Any]:
        return patient(lambda: config.run(module, system, sentences), params["patience"], time.monotonic, time.sleep)

    mark = stamp.fingerprint(
        mta, {**params["variables"], "ses_fallback": params["fallback"], "ses_identities": params["identities"]}
    )
    old = stamp.read(directory)
    same = old is not None and old["fingerprint"] == mark
    known = {"system": names[0], "mta": mta, "fingerprint": mark}
    if module.check_mode:
        found = configure()
        # What is still kept of an MTA that was replaced goes with a proof.
        proven = bool(old and same and old["proven"]) and not os.path.isdir(stamp.KEPT)
        stamped = {"stamped": same, "proven": proven}
        # `changed` is what a task may say otherwise. A log-in that SES did not take is an error.
        due = {"due": found["changed"], "logged_in": bool(found.get("log_in"))}
        return {
            **known,
            **_brief(found),
            **due,
            **stamped,
            "sends": sends(mta, units_of(module, system), module.run_command),
        }
    over = old is not None and old["proven"]
    if over:  # what was kept for that change serves no way back any more
        stamp.forget()
    claimed = _claim(module, mark)
    units = units_of(module, system)
    waiting = _queue(module)
    before = params["before"] or (old["before"] if old and same and not over else claimed)
    if before is None:
        before = note(mta, units, installed_packages(module.run_command), module.run_command)
    mails = [] if old is None or over else old.get("probe") or []  # our own, that wait in its queue
    if os.path.isdir(directory):
        stamp.write(directory, {"fingerprint": mark, "before": before, "proven": None, "probe": mails})
    try:
        found = configure()
        if found["next"] == "install" and before["other_mtas"] and not claimed:
            _keep(module, mark, before)
    except (RefusedError, LogInError, BringError):  # these alone promise that the host keeps what it had
        if not params["before"]:  # else packages were installed since the first call
            _unstamp(directory, old)
        raise
    known = {**known, **_brief(found), "queue": waiting}
    if found["next"] == "install":
        return {**known, "before": before}
    probe = probe_of(module, mta, found["endpoint"])
    proven_at = int(time.time()) if probe["delivered"] else None
    mails = [] if proven_at else [*mails, *(probe.get("queue_ids") or [])]
    stamp.write(directory, {"fingerprint": mark, "before": before, "proven": proven_at, "probe": mails})
    kept = {"kept": True} if kept_before(mta) else {}
    return {**known, "touched": True, **kept, "probe": probe, **_of_probe(probe)}


def look_again(module: Any) -> dict[str, Any]:
    """The queue as it is now."""
    return {"changed": False, "queue": _queue(module)}


def kept_before(mta: str, fingerprint: str | None = None) -> dict[str, Any] | None:
    """What a host had before a change to this MTA that replaced another one, and did not come to its end: any, or that
    of this FINGERPRINT."""
    if not os.path.isdir(stamp.KEPT):
        return None
    # A host compiles every file that is loaded, and few replace an MTA.
    from ansible_collections.mailops.ses.plugins.module_utils._rollout import replaced  # noqa: PLC0415

    note = replaced.kept(mta)
    return note["before"] if note and fingerprint in (None, note["fingerprint"]) else None


def _claim(module: Any, fingerprint: str) -> dict[str, Any] | None:
    """What the host had before an earlier change replaced its MTA and did not come to its end, which this one goes on
    with. RefusedError where what is kept of it cannot be read."""
    if not os.path.isdir(stamp.KEPT):
        return None
    from ansible_collections.mailops.ses.plugins.module_utils._rollout import replaced  # noqa: PLC0415  (as above)

    run, mta = module.run_command, module.params["mta"]
    try:
        present = installed_packages(run).others_than(mta)
        note = replaced.claim(replaced.Change(mta, fingerprint), present, run, offline())
    except (OSError, BackError) as error:
        raise RefusedError([f"An earlier rollout to {mta} is not over, and does not go on: {error}."], []) from error
    return note["before"] if note else None


def _keep(module: Any, fingerprint: str, before: Mapping[str, Any]) -> None:
    """Keep what the host has of the MTAs that are to be replaced. RefusedError without room for it."""
    from ansible_collections.mailops.ses.plugins.module_utils._rollout import replaced  # noqa: PLC0415  (as above)

    run, mta = module.run_command, module.params["mta"]
    packages = installed_packages(run)
    if packages.others_than(mta) != before["other_mtas"]:
        return  # it has gone already
    units = {other: replaced.units_of(other, run, offline()) for other in before["other_mtas"]}
    # Of other MTAs it is not known how they send.
    running = {other: [unit for unit in own if unit.active()] for other, own in units.items()}
    sending = any(sends(other, own, run) for other, own in running.items() if other in DIRECTORIES and own)
    try:
        replaced.keep(replaced.Change(mta, fingerprint), before, packages.names, sending, units)
    except OSError as error:
        stamp.forget()
        others = ", ".join(before["other_mtas"])
        sentence = f"{others} would be replaced, and what the host has of it cannot be kept for a way back: {error}."
        raise RefusedError([sentence], []) from error


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


def probe_of(module: Any, mta: str, endpoint: str | None) -> dict[str, Any]:
    """What became of a mail that was sent through this MTA; ENDPOINT is the one that is to take it, None for any."""
    defaults = {name: option.get("default") for name, option in mail.ARGUMENTS.items()}
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


def units_of(module: Any, system: System) -> list[Unit]:
    """The units of the MTA that is to relay."""
    return [unit_named(module, name, offline()) for name in system.of(module.params["mta"]).units]


def _unstamp(directory: str, old: Mapping[str, Any] | None) -> None:
    """The stamp as it was: the host keeps what it had."""
    if old:
        stamp.write(directory, old)
    else:
        stamp.drop(directory)
