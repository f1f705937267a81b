# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: what a look at every host means, and in which waves hosts change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import listed
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import DUE, Look
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.settings import Settings
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Host, Rollout
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.verdict import NAMES, limits
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.waves import canaries_of, split

# What a look gives -> the state before any wave.
_STATES = {
    "install": "not_reached",
    "change": "not_reached",
    "prove": "not_reached",
    "nothing": "unchanged",
    "dead": "dead",
}


@dataclass(frozen=True)
class Asked:
    """What is asked of a plan besides its settings."""

    playbook: str
    now: float  # seconds since the epoch
    canaries: Sequence[str] | None = None  # by name; None for one of each kind
    left_out: int = 0  # hosts that --limit leaves out


def make_plan(looks: Mapping[str, Look], settings: Settings, asked: Asked, earlier: Rollout | None = None) -> Rollout:
    """The rollout that these LOOKS at its hosts ask for, or the EARLIER one, which goes on. Its message says why no
    wave may begin."""
    due = [host for host, look in looks.items() if look.kind in DUE]
    rollout = Rollout(asked.playbook, asked.now, asked.now, run=list(looks), left_out=asked.left_out)
    if earlier:
        rollout.started, rollout.waves = earlier.started, earlier.waves
        rollout.hosts = dict(earlier.hosts)
        rollout.passed = sum(wave.verdict == "passed" for wave in earlier.waves)
    rollout.hosts.update({name: _host(look, rollout.hosts.get(name), asked.now) for name, look in looks.items()})
    chosen = [host for host in asked.canaries or () if host in looks]
    if asked.canaries is None:
        chosen = canaries_of(due, {host: (looks[host].mta, looks[host].system) for host in due})
    changed = sum(host.state == "done" for host in rollout.hosts.values())
    rollout.planned = split(due, chosen, settings.waves, len(due) + changed, rollout.passed)
    rollout.message = _refusal(looks, chosen, settings)
    if rollout.message:
        rollout.status = "failed"
    return rollout


def _host(look: Look, earlier: Host | None, now: float) -> Host:
    if earlier and look.kind == "nothing" and earlier.state == "done":
        return replace(earlier, at=now)
    state = _STATES.get(look.kind, "rolled_back")
    return Host(
        state=state,
        message="" if look.kind in (*DUE, "nothing") else look.message,
        mta=look.mta,
        system=look.system,
        fingerprint=look.fingerprint or (earlier.fingerprint if earlier else ""),
        sends=look.sends,
        at=now if look.kind == "nothing" else None,
        causes=look.causes,
    )


def _refusal(looks: Mapping[str, Look], canaries: Sequence[str], settings: Settings) -> str:
    """Why no wave may begin, with what is wrong on the hosts; empty where one may."""
    lost = {host: look for host, look in looks.items() if look.kind in ("dead", "refused")}
    states = {host: _STATES.get(look.kind, "rolled_back") for host, look in looks.items()}
    missing = [host for host in canaries if host in lost]
    refusal = f"Canaries cannot be changed: {listed(missing, NAMES)}." if missing else limits(states, settings)
    if not refusal:
        return ""
    named = [*missing, *(host for host in lost if host not in missing)]
    return " ".join([refusal, *(f"{host}: {lost[host].message}" for host in named[:NAMES]), "Nothing was changed."])
