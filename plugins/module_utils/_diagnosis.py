# SPDX-License-Identifier: GPL-3.0-or-later
"""From a symptom, or from a line of an MTA's queue, to the cause in the table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._causes import CAUSES, Cause

# Stands where a symptom lacks a fact that a sentence asks for.
FACTS = {
    "endpoint": "the endpoint",
    "region": "this region",
    "names": "not known",
    "issuer": "an unknown issuer",
    "not_before": "a later time",
    "not_after": "a date in the past",
    "user": "of the credentials",
    "said": "no details",
}
_MAX_SAID = 300

_QUEUE_REPLIES = (
    re.compile(r"said: ([245]\d\d[ -].*)", re.DOTALL),
    re.compile(r"(?<![\d.])([245][0-5]\d[ -].*)", re.DOTALL),
)
_QUEUE_COMMAND = re.compile(r"\s*\(in reply to (?:end of )?([A-Z]+)[^)]*\)\s*$")
_COMMAND_STAGES = {
    "EHLO": "ehlo",
    "STARTTLS": "tls",
    "AUTH": "auth",
    "MAIL": "sender",
    "RCPT": "recipient",
    "DATA": "data",
}


class Symptom(NamedTuple):
    kind: str = "reply"
    text: str = ""  # "535 Authentication Credentials Invalid", or words of OpenSSL or of an MTA
    stage: str = ""  # where it happened, if that is known
    port: int | None = None
    scope: str = ""
    facts: Mapping[str, str] = {}


def diagnose(symptom: Symptom) -> dict[str, str]:
    """The cause as {id, cause, remedy, source}; the table's last row takes whatever no other takes."""
    cause, groups = next(found for found in (_match(cause, symptom) for cause in CAUSES) if found)
    facts = {**FACTS, **symptom.facts}
    facts.update({"said": printable(symptom.text)} if symptom.text else {})
    facts.update((name, printable(value)) for name, value in groups.items() if value)
    return {
        "id": cause.id,
        "cause": cause.cause.format_map(facts),
        "remedy": cause.remedy.format_map(facts),
        "source": cause.source,
    }


def diagnose_text(text: str, facts: Mapping[str, str] | None = None) -> dict[str, str]:
    """The cause of a deferral or bounce as an MTA's queue or log words it."""
    return diagnose(symptom_of(text)._replace(facts=facts or {}))


def symptom_of(text: str) -> Symptom:
    command = _QUEUE_COMMAND.search(text)
    stage = _COMMAND_STAGES.get(command.group(1), "") if command else ""
    words = (text[: command.start()] if command else text).strip()
    reply = next((found for found in (pattern.search(words) for pattern in _QUEUE_REPLIES) if found), None)
    return Symptom("reply", reply.group(1), stage) if reply else Symptom("queue", words, stage)


def union(diagnoses: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Each once, in their order."""
    found: list[dict[str, str]] = []
    for diagnosis in diagnoses:
        if diagnosis not in found:
            found.append(diagnosis)
    return found


def printable(text: str) -> str:
    clean = "".join(char if char.isprintable() else " " for char in text)
    return clean if len(clean) <= _MAX_SAID else clean[:_MAX_SAID] + "…"


def _match(cause: Cause, symptom: Symptom) -> tuple[Cause, dict[str, str]] | None:
    if symptom.kind == "queue":
        found = re.search(cause.queue, symptom.text) if cause.queue or not cause.kinds else None
        return (cause, found.groupdict()) if found else None
    fits = (
        (not cause.kinds or symptom.kind in cause.kinds)
        and (not cause.stages or symptom.stage in cause.stages)
        and (not cause.ports or symptom.port in cause.ports)
        and (not cause.scopes or symptom.scope in cause.scopes)
    )
    said = re.match(cause.says, symptom.text) if fits else None
    return (cause, said.groupdict()) if said else None
