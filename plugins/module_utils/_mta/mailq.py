# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail queue as data, whichever MTA it is of: counts, ages, and the reasons for which mail waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose_text, printable
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import symptom_of

MAX_REASONS = 100  # beyond it, further wordings of a cause count with its first one
SUBMITTED = "client"  # the state of mail that a user handed over, and the host's own MTA has not taken yet
MAX_RECIPIENTS = 1000  # of a message; SES takes 50
# Seconds since the epoch between which mail can have come: a clock that was never set or a damaged file gives others.
_TIMES = (946_684_800, 10_000_000_000)


class QueueError(Exception):
    """Why the queue cannot be read, and what helps, for the user."""


class Message(NamedTuple):
    """One queued message."""

    state: str
    arrived: float | None = None  # seconds since the epoch
    sender: str = ""
    recipients: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()  # the MTA's words; empty while no delivery has failed
    name: str = ""  # the MTA's own for it, where the listing tells it


@dataclass
class Reason:
    """Messages that wait for the same cause."""

    text: str
    diagnosis: dict[str, str]
    count: int = 0
    age: int | None = None  # of the oldest, in seconds

    def add(self, age: int | None) -> None:
        """Count one more message of this age."""
        self.count += 1
        self.age = older(self.age, age)


def summarize(
    messages: Iterable[Message], now: float, endpoint: str | None = None, way: Way | None = None
) -> dict[str, Any]:
    """Counts by state, the oldest age, and the reasons with their diagnosis, most frequent first.

    NOW is in seconds since the epoch, ages in seconds. WAY is the one that mail for other domains takes: a service of
    the host's own that is not on this way keeps none of that mail.
    """
    states: dict[str, int] = {}
    reasons: dict[tuple[str, str], Reason] = {}
    oldest: int | None = None
    for message in messages:
        states[message.state] = states.get(message.state, 0) + 1
        age = _age(message.arrived, now)
        oldest = older(oldest, age)
        for reason in {id(found): found for found in _reasons_of(message, endpoint, way, reasons)}.values():
            reason.add(age)
    ranked = sorted(reasons.values(), key=lambda reason: (-reason.count, -(reason.age or 0)))
    return {
        "messages": sum(states.values()),
        "states": states,
        "oldest_age_seconds": oldest,
        "reasons": [
            {
                "count": reason.count,
                "text": reason.text,
                "oldest_age_seconds": reason.age,
                "diagnosis": reason.diagnosis,
            }
            for reason in ranked
        ],
    }


def _age(arrived: float | None, now: float) -> int | None:
    """None when it is not known; a clock that was set back makes nothing younger than new."""
    return max(0, int(now - arrived)) if arrived is not None and _TIMES[0] <= arrived < _TIMES[1] else None


def older(one: int | None, other: int | None) -> int | None:
    """The larger of two ages; None stands for an age that is not known."""
    return max((age for age in (one, other) if age is not None), default=None)


def _reasons_of(
    message: Message, endpoint: str | None, way: Way | None, reasons: dict[tuple[str, str], Reason]
) -> Iterable[Reason]:
    """The groups that a message belongs to; a new one is opened in REASONS."""
    for text in message.reasons:
        diagnosis = diagnose_text(text, _facts(message, text, endpoint, way))
        key = (diagnosis["id"], diagnosis["cause"])
        if key not in reasons and len(reasons) >= MAX_REASONS:
            key = next((known for known in reasons if known[0] == key[0]), (key[0], ""))
        yield reasons.setdefault(key, Reason(printable(text), diagnosis))


def _facts(message: Message, text: str, endpoint: str | None, way: Way | None) -> dict[str, str]:
    submitted = message.state == SUBMITTED
    told = symptom_of(text).facts if submitted or way or not endpoint else {}
    # What waits in Sendmail's submission queue has met nobody but the host's own MTA, which its replies do not name.
    own = submitted and not {"server", "loopback"} & set(told)
    named = {
        "endpoint": endpoint or told.get("host", ""),
        "submission": "true" if own else "",
        "past": "true" if way and not submitted and not way.leads_over(told.get("loopback", "")) else "",
        "sender": message.sender,
        "recipients": ", ".join(message.recipients[:MAX_RECIPIENTS]),
    }
    return {name: value for name, value in named.items() if value}
