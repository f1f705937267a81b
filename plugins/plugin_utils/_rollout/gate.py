# SPDX-License-Identifier: GPL-3.0-or-later
"""A wave from its beginning to its verdict, as a change of the rollout's state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import GOOD, Outcome, outcome_of
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.settings import Settings
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Rollout, Wave
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.verdict import judge

ASKED = 2  # hosts, when a wave fails; of one alone it could be a fault of its own

Results = Mapping[str, Mapping[str, Any]]  # by host, what a step registered


@dataclass(frozen=True)
class Registered:
    """What the steps of a wave registered, and the hosts that are still in the play."""

    changes: Results
    looks: Results
    backs: Results
    left: set[str]

    def outcome(self, host: str) -> Outcome:
        """What became of a host."""
        lost = host not in self.left
        return outcome_of(self.changes.get(host), self.looks.get(host), self.backs.get(host), lost)


def begin(rollout: Rollout, batch: Iterable[str], now: float) -> Wave:
    """The wave that these hosts are of, as it begins."""
    batch = set(batch)
    number, hosts = next((number, hosts) for number, hosts in enumerate(rollout.planned) if batch & set(hosts))
    wave = Wave(rollout.passed + number + 1, list(hosts), now)
    rollout.waves.append(wave)
    rollout.status, rollout.message = "running", ""
    return wave


def to_ask(rollout: Rollout, wave: Iterable[str]) -> list[str]:
    """Hosts outside the WAVE whose mail shows whether SES takes any: first those that have the old configuration, and
    send by it, then those that had nothing to change, then those that were proven."""
    others = {name: rollout.hosts[name] for name in rollout.run if name not in set(wave)}
    ranked = [
        [name for name, host in others.items() if host.state == "not_reached" and host.sends],
        *([name for name, host in others.items() if host.state == state] for state in reversed(GOOD)),
    ]
    return sum(ranked, [])[:ASKED]


def compared(registered: Registered) -> list[Outcome]:
    """The hosts of the wave that failed before any roll back, as they stand."""
    found = [registered.outcome(host) for host in registered.changes]
    return [outcome for outcome in found if outcome.state not in (*GOOD, "dead")]


def judge_wave(rollout: Rollout, registered: Registered, settings: Settings, alike: str, now: float) -> Wave:
    """Judge the wave that began last. ALIKE says why hosts that were not changed cannot send either."""
    wave = rollout.waves[-1]
    outcomes = {host: registered.outcome(host) for host in wave.hosts}
    for name, outcome in outcomes.items():
        host = rollout.hosts[name]
        host.state, host.message, host.causes = outcome.state, outcome.message, outcome.causes
        host.message_id, host.wave, host.at = outcome.message_id, wave.number, now
    verdict = judge(outcomes, rollout.states(), settings, first=wave.number == 1, alike=alike)
    wave.ended, wave.verdict, wave.message = now, verdict.kind, verdict.message
    if verdict.kind != "passed":
        rollout.status, rollout.message = verdict
    return wave


def close(rollout: Rollout) -> None:
    """The status of a run that ends without a wave that stopped it."""
    if rollout.status in ("planned", "running"):
        rollout.status = "incomplete" if rollout.remaining() else "passed"
