# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as a person reads them: the words that the reports share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS

# What every report calls a stage, in the order of a STARTTLS dialogue; a wrapper port has tls before banner.
_STAGE_WORDS = {
    "resolve": "resolve",
    "connect": "connect",
    "banner": "banner",
    "ehlo": "EHLO",
    "tls": "TLS",
    "auth": "auth",
    "sender": "sender",
    "recipient": "recipient",
    "data": "data",
}
STAGES = tuple(_STAGE_WORDS)
_WRAPPER = ("resolve", "connect", "tls", "banner", "ehlo", "auth", "sender", "recipient", "data")

# A reply can hold anything: control characters are shown by their pictures; what is no character of XML, or turns
# the direction of the text around it, by the sign for a character that cannot be shown.
_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)}
_PICTURES[0x7F] = 0x2421
_UNSHOWN = re.compile("[\x80-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_ACRONYMS = {word.lower(): word for word in ("TLS", "MTU", "DNS", "IAM", "AWS", "SMTP", "STARTTLS", "MTA")}
# A host's state after its name, and where it stands alone.
STATE_WORDS = {
    "can_send": "can send",
    "can_log_in": "can log in",
    "not_logged_in": "reached SES, not logged in",
    "only_accepted": "logged in, sending not known",
    "cannot_send": "cannot send",
    "mail_waits": "logged in, but mail waits",
    "unreachable": "unreachable",
    "not_checked": "not checked",
}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def visible(value: Any) -> str:
    """Text that is safe in XML 1.0 and in HTML once it is escaped."""
    return _UNSHOWN.sub("\ufffd", str(value).translate(_PICTURES))


def markup(value: Any) -> str:
    """Text as it stands in HTML."""
    return escape(visible(value))


def headline(summary: Mapping[str, int]) -> str:
    """The fleet in a sentence without its full stop."""
    hosts, sending = summary["hosts"], summary["can_send"]
    others = {state: summary[state] for state in ("can_log_in", "not_logged_in", "only_accepted")}
    if not hosts:
        return "No host was checked"
    everyone = "The host" if hosts == 1 else f"All {hosts:,} hosts"
    if sending == hosts:
        return f"{everyone} {STATE_WORDS['can_send']}"
    for state, count in others.items():
        if count == hosts:
            return f"{everyone} {STATE_WORDS[state]}"
    reached = [f"{count:,} {STATE_WORDS[state]}" for state, count in others.items() if count]
    return "; ".join([f"{sending:,} of {plural(hosts, 'host')} {STATE_WORDS['can_send']}", *reached])


def title(identifier: str) -> str:
    """The id of a cause as words."""
    words = [_ACRONYMS.get(word, word) for word in identifier.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def stage_words(stage: str) -> str:
    """The name of a stage."""
    return _STAGE_WORDS.get(stage, stage)


def ports_words(ports: list[int]) -> str:
    """Ports in words; all five are too many to read."""
    if not ports:
        return ""
    return (
        "all ports" if set(ports) >= set(PORTS) else f"port{'s' if len(ports) > 1 else ''} {', '.join(map(str, ports))}"
    )


def plural(count: int, noun: str) -> str:
    """A count and its noun, which takes an s for all counts but 1."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def age(seconds: float) -> str:
    """An age in seconds in its largest unit."""
    size, unit = next((entry for entry in _UNITS if seconds >= entry[0]), _UNITS[-1])
    return f"{int(seconds // size)} {unit}"


def milliseconds(value: float) -> str:
    """Milliseconds in at most four characters, and the unit."""
    return f"{value:.0f} ms" if value < 999.5 else f"{value / 1000:.1f} s"


def total(timings: dict[str, float]) -> float:
    """The milliseconds of all stages."""
    return sum(timings.values())


def ordered(timings: dict[str, float], tls: str | None) -> list[tuple[str, float]]:
    """The stages as the dialogue went through them: a registered result may come sorted by name."""
    order = _WRAPPER if tls == "wrapper" else STAGES
    return sorted(timings.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))


def failed_at(port: Mapping[str, Any]) -> str:
    """The stage at which a port failed: the last one that took time, or the one after the last completed."""
    order = _WRAPPER if port["tls"] == "wrapper" else STAGES
    stage = port["stage"]
    timed = ordered(port["timings_ms"], port["tls"])
    if timed and timed[-1][0] != stage:
        return timed[-1][0]
    following = order[order.index(stage) + 1 :] if stage in order else order
    return following[0] if following else str(stage)


def failure_words(port: Mapping[str, Any]) -> str:
    """Where a port failed. report.html has the first two words in its style, for who listens and in its legend."""
    return f"fails at {stage_words(failed_at(port))}"


def way_words(way: Mapping[str, Any]) -> str:
    """What the check has found of a further way."""
    if not way["endpoint"]:
        return str(way["message"])
    place = f"{way['endpoint']}, port {way['port'] or '?'}"
    if way["message"]:
        return f"{place} cannot be used"
    return f"{place}: {STATE_WORDS['can_log_in' if way['logs_in'] else 'not_logged_in']}"


def listed(names: list[str], most: int) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
