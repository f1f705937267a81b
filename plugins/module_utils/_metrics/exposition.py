# SPDX-License-Identifier: GPL-3.0-or-later
"""A queue and the last proofs as metrics, in Prometheus's text format (version 0.0.4), which node_exporter reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

PREFIX = "ses_relay"
# States that each MTA's queue has, so that a series does not end where the last message of a state leaves.
STATES: Mapping[str, Sequence[str]] = {
    "postfix": ("maildrop", "incoming", "active", "deferred", "hold"),
    "sendmail": ("incoming", "deferred", "hold", "lost", "client"),
}
# Name -> what it tells. All of them are gauges.
HELP = {
    "info": "The relay that the role has configured; the value is 1.",
    "queue_read_success": "Whether the queue could be read: 1, or 0, and then no other metric of the queue is there.",
    "queue_messages": "Messages in the queue, by state.",
    "queue_oldest_message_timestamp_seconds": "When the oldest message in the queue came, in Unix time.",
    "queue_cause_messages": "Messages that wait, by cause, as mail_queue_info names it; one can wait for several.",
    "proof_timestamp_seconds": "When the host last proved that it can send, in Unix time: by a log-in or by a mail.",
}

# Labels -> value.
Samples = Sequence["tuple[Mapping[str, str], float]"]


class Relay(NamedTuple):
    """What the metrics are of."""

    mta: str
    endpoint: str


def exposition(relay: Relay, queue: Mapping[str, Any] | None, proofs: Mapping[str, float], now: float) -> str:
    """The file's text. QUEUE is what mail_queue_info returns, None where it cannot be read. PROOFS has when each kind
    was made and NOW is the time of the look, both in seconds since the epoch."""
    families: dict[str, Samples] = {
        "info": [(relay._asdict(), 1)],
        "queue_read_success": [({}, 0 if queue is None else 1)],
        **({} if queue is None else _of_queue(relay.mta, queue, now)),
        "proof_timestamp_seconds": [({"proof": kind}, when) for kind, when in sorted(proofs.items())],
    }
    return "".join(_family(name, samples) for name, samples in families.items() if samples)


def _of_queue(mta: str, queue: Mapping[str, Any], now: float) -> dict[str, Samples]:
    causes: dict[str, int] = {}
    for reason in queue["reasons"]:
        cause = reason["diagnosis"]["id"]
        causes[cause] = causes.get(cause, 0) + reason["count"]
    age = queue["oldest_age_seconds"]
    states = {**dict.fromkeys(STATES[mta], 0), **queue["states"]}
    return {
        "queue_messages": [({"state": state}, count) for state, count in states.items()],
        "queue_oldest_message_timestamp_seconds": [] if age is None else [({}, int(now) - age)],
        "queue_cause_messages": [({"cause": cause}, count) for cause, count in sorted(causes.items())],
    }


def _family(name: str, samples: Samples) -> str:
    full = f"{PREFIX}_{name}"
    lines = [f"# HELP {full} {HELP[name]}", f"# TYPE {full} gauge"]
    for labels, value in samples:
        pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{full}{{{pairs}}} {value:.15g}" if pairs else f"{full} {value:.15g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
