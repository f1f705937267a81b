# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate: whether the next wave may begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import listed, plural
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import FAILED, Outcome
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.settings import Settings

NAMES = 5  # of hosts, in a sentence
UNTOUCHED = "SES or the network is at fault, not this change: hosts that were not changed cannot send either."


class Verdict(NamedTuple):
    """passed, failed or inconclusive, and why in sentences; empty where it passed."""

    kind: str
    message: str = ""


def judge(
    outcomes: Mapping[str, Outcome],
    states: Mapping[str, str],
    settings: Settings,
    *,
    first: bool,
    alike: str,
) -> Verdict:
    """The verdict over a wave, whose hosts came to OUTCOMES; STATES are those of all hosts of the rollout with them.
    The FIRST wave has the canaries. ALIKE says why hosts that were not changed cannot send either."""
    names = {state: [host for host, found in outcomes.items() if found.state == state] for state in (*FAILED, "dead")}
    bad = [host for state in FAILED for host in names[state]]
    reasons = [_why(host, outcomes[host]) for host in bad[:NAMES]]
    if alike:
        return Verdict("inconclusive", f"{UNTOUCHED} {alike} Nothing is rolled back.")
    if names["broken"]:
        return Verdict("failed", " ".join([f"Broken, whatever is allowed: {_listed(names['broken'])}.", *reasons]))
    lost = bad + names["dead"]
    if first and lost:
        told = [*reasons, *(_why(host, outcomes[host]) for host in names["dead"][:NAMES])]
        return Verdict("failed", " ".join([f"The first wave has to pass whole: {_listed(lost)} did not.", *told]))
    over = limits(states, settings)
    return Verdict("failed", " ".join([over, *reasons])) if over else Verdict("passed")


def limits(states: Mapping[str, str], settings: Settings) -> str:
    """Which limit so many failed or dead hosts go over, in a sentence; empty where they are allowed."""
    failed = [host for host, state in states.items() if state in FAILED]
    dead = [host for host, state in states.items() if state == "dead"]
    for found, words, limit, variable in (
        (failed, "failed", settings.allowed_failures, "ses_allowed_failures"),
        (dead, "cannot be reached", settings.allowed_unreachable, "ses_allowed_unreachable"),
    ):
        if len(found) > limit.of(len(states)):
            return f"{plural(len(found), 'host')} {words}, and {variable} is {limit}: {_listed(found)}."
    return ""


def _listed(names: list[str]) -> str:
    return listed(sorted(names), NAMES)


def _why(host: str, outcome: Outcome) -> str:
    return f"{host}: {outcome.message}"
