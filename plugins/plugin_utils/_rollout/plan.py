# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: what a look at every host means, and in which waves hosts change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import listed
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import DUE, UNPROVEN, Look
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
LEFT = ("unproven", "broken")  # states of hosts that may have the change, and no proof


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
    looks = with_what_is_left(looks, earlier)
    due = [host for host, look in looks.items() if look.kind in DUE]
    rollout = Rollout(asked.playbook, asked.now, asked.now, run=list(looks), left_out=asked.left_out)
    if earlier:
        rollout.started, rollout.waves = earlier.started, earlier.waves
        rollout.hosts = dict(earlier.hosts)
        rollout.passed = _passed(earlier, due)
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


def with_what_is_left(looks: Mapping[str, Look], earlier: Rollout | None) -> dict[str, Look]:
    """The LOOKS, where a host that the EARLIER run left changed and not proven has to be proven: its configuration
    tells nothing of its queue."""
    known = earlier.hosts if earlier else {}
    left = [name for name in known if name in looks and looks[name].kind == "nothing" and known[name].state in LEFT]
    return {**looks, **{name: replace(looks[name], kind="prove", message=UNPROVEN) for name in left}}


def _passed(earlier: Rollout, due: Sequence[str]) -> int:
    """How many waves of the EARLIER rollout count for the hosts that are DUE. None, so that canaries come first again,
    where one of them was not in its plan, or was done and is not any more."""
    if any(host not in earlier.hosts or earlier.hosts[host].state == "done" for host in due):
        return 0
    firsts = [place for place, wave in enumerate(earlier.waves) if wave.number == 1]
    return sum(wave.verdict == "passed" for wave in earlier.waves[firsts[-1] :]) if firsts else 0


def _host(look: Look, earlier: Host | None, now: float) -> Host:
    if earlier and look.kind == "nothing" and earlier.state == "done":
        return replace(earlier, at=now, users=look.users)
    state = _STATES.get(look.kind, "rolled_back")
    if earlier and look.kind == "refused" and earlier.state in LEFT:
        state = earlier.state  # nothing has been given back since
    return Host(
        state=state,
        message="" if look.kind in (*DUE, "nothing") else look.message,
        mta=look.mta,
        system=look.system,
        fingerprint=look.fingerprint or (earlier.fingerprint if earlier else ""),
        sends=look.sends,
        users=look.users,
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
