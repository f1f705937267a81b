# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a host, by what its steps registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import holds_mail
from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import crashed, message_of

# A host's state -> what is said of it after its name. The first two are good.
STATES = {
    "done": "changed and proven by a mail",
    "unchanged": "had nothing to change",
    "rolled_back": "has what it had",
    "unproven": "changed, and not proven",
    "broken": "broken",
    "dead": "unreachable",
    "not_reached": "not changed yet",
}
GOOD = ("done", "unchanged")
FAILED = ("rolled_back", "unproven", "broken")
# What a look at a host gives, if a wave is made of it.
DUE = ("install", "change", "prove")
UNPROVEN = "was changed, and not proven yet"

Cause = Mapping[str, str]


@dataclass(frozen=True)
class Look:
    """What the plan knows of a host."""

    kind: str  # install (and change), change, prove (changed by a run that was killed), nothing, dead, refused
    message: str = ""
    mta: str = ""
    system: str = ""
    fingerprint: str = ""
    sends: bool = False
    users: list[str] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """A host's state after its wave, and why."""

    state: str
    message: str = ""
    causes: list[Cause] = field(default_factory=list)
    message_id: str = ""


def look_of(result: Mapping[str, Any] | None) -> Look:
    """A host by what the look at it registered."""
    if not result:
        return Look("refused", "It gave no result.")
    if result.get("unreachable"):
        return Look("dead", message_of(result))
    refused = result.get("refused") or result.get("failed")
    kind, message = ("refused", message_of(result)) if refused else _due(result)
    return Look(
        kind,
        message,
        mta=str(result.get("mta") or ""),
        system=str(result.get("system") or ""),
        fingerprint=str(result.get("fingerprint") or ""),
        sends=bool(result.get("sends")),
        users=[str(user) for user in result.get("users") or []],
        causes=causes_of(result),
    )


def _due(result: Mapping[str, Any]) -> tuple[str, str]:
    """What a host that answered needs, and in words."""
    if result.get("next") == "install":
        return "install", f"installs {result.get('mta')}"
    if result.get("due"):
        return "change", "changes its configuration"
    if result.get("stamped") and not result.get("proven"):
        return "prove", UNPROVEN
    return "nothing", "nothing to do"


def outcome_of(
    change: Mapping[str, Any] | None, look: Mapping[str, Any] | None, back: Mapping[str, Any] | None, lost: bool
) -> Outcome:
    """A host of a wave by what its steps registered; LOST says that Ansible gave it up on the way."""
    change, look, back = change or {}, look or {}, back or {}
    for step, words in ((back, "as it was rolled back"), (look, "after it was changed"), (change, "")):
        if step.get("unreachable"):
            return Outcome("dead", f"It became unreachable {words}: {message_of(step)}" if words else message_of(step))
    failed = change if change.get("failed") else look if look.get("failed") else None
    if not change or (lost and not failed and not back):
        return Outcome("dead", "It left the run between two tasks; it has the old configuration or the new one.")
    if failed is None and change.get("next") == "install":
        failed = {"msg": str(back.get("reason") or "What has to be installed was not.")}
    if failed is None:
        return Outcome("done", message_id=str((change.get("probe") or {}).get("message_id") or ""))
    why, causes = message_of(failed), causes_of(failed)
    # Without a state it crashed, and an MTA that was to be installed again was not. Whether it failed is not asked: its
    # task has failed_when.
    if back.get("state") in ("broken", "replaced") or (back and not back.get("state") and not back.get("skipped")):
        return Outcome("broken", f"{message_of(back)} It was to be rolled back because: {why}", causes)
    if back.get("state") == "rolled_back":
        return Outcome("rolled_back", f"{why} {back.get('msg') or ''}".strip(), causes)
    # One that crashed may have come to the host all the same.
    touched = change.get("touched") or change.get("next") == "install" or crashed(change)
    return Outcome("unproven" if touched else "rolled_back", why, causes)


def causes_of(result: Mapping[str, Any]) -> list[Cause]:
    """The causes that a step registered, as plain text."""
    names = ("id", "cause", "remedy", "source")
    return [{name: str(item.get(name) or "") for name in names} for item in result.get("causes") or []]


def queue_fault(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, list[Cause]] | None:
    """What the second look at a queue shows: more mail waits than BEFORE the change, for a cause between the host and
    SES that does not pass, or no queue can be read any more. None where all is well."""
    if before and not after:
        return "Its queue could be read before the change, and cannot be any more.", []
    held = [item for item in after.get("causes") or [] if holds_mail(item["id"])]
    count = sum(item["count"] for item in held)
    earlier = sum(item["count"] for item in before.get("causes") or [] if holds_mail(item["id"]))
    if count <= earlier:
        return None
    first = held[0]
    return (
        f"{count:,} messages wait in its queue, {count - earlier:,} more than before the change: "
        f"{first['cause']} {first['remedy']}"
    ), causes_of({"causes": held})


def same_cause(failed: Iterable[Outcome], others: Iterable[Mapping[str, Any]]) -> str:
    """Why hosts that were not changed cannot send either, where OTHERS, what mail_probe registered on some, all have a
    cause that each host that FAILED has as well; else an empty text."""
    answered = [other for other in others if "delivered" in other]
    if not answered or any(other["delivered"] for other in answered):
        return ""
    theirs = [{str(item.get("id")): item for item in other.get("diagnosis") or []} for other in answered]
    shared = set.intersection(*(set(causes) for causes in theirs))
    ours = [{cause["id"] for cause in outcome.causes} for outcome in failed]
    if not shared or not ours or not all(causes & shared for causes in ours):
        return ""
    known = next(theirs[0][name] for name in theirs[0] if name in shared and all(name in causes for causes in ours[:1]))
    return f"{known.get('cause')} {known.get('remedy')}"
