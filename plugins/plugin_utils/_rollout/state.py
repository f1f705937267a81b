# SPDX-License-Identifier: GPL-3.0-or-later
"""The rollout as it stands: rollout.json is this, the other reports show it, and a run goes on by it after a kill."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import GOOD, STATES, Cause

VERSION = 1
# Of these a rollout is over, and the next one begins anew.
OVER = ("passed",)


class StateError(Exception):
    """Why the file is of no use, and what helps."""


@dataclass
class Host:
    """One host. Times are seconds since the epoch."""

    state: str = "not_reached"
    message: str = ""
    mta: str = ""
    system: str = ""
    fingerprint: str = ""
    sends: bool = False
    users: list[str] = field(default_factory=list)  # SMTP user names that it logs in with, as the plan saw it
    wave: int | None = None
    at: float | None = None  # when its wave was judged, or a look showed that nothing is to change
    message_id: str = ""  # of the mail that proved it
    causes: list[Cause] = field(default_factory=list)


@dataclass
class Wave:
    """One wave that began. Its verdict is empty until it is judged."""

    number: int
    hosts: list[str]
    began: float
    ended: float | None = None
    verdict: str = ""
    message: str = ""


@dataclass
class Rollout:
    """A rollout, over all runs that belong to it."""

    playbook: str
    started: float
    updated: float
    status: str = "planned"  # planned, running, passed, incomplete, failed, inconclusive, stopped
    message: str = ""  # why it did not pass
    planned: list[list[str]] = field(default_factory=list)  # the waves of this run
    passed: int = 0  # waves of earlier runs that passed
    run: list[str] = field(default_factory=list)  # the hosts of this run
    left_out: int = 0  # hosts that --limit leaves out
    waves: list[Wave] = field(default_factory=list)
    hosts: dict[str, Host] = field(default_factory=dict)

    def states(self) -> dict[str, str]:
        """The state of each host of this run."""
        return {name: self.hosts[name].state for name in self.run}

    def remaining(self) -> list[str]:
        """The hosts that are not where they have to be."""
        return sorted(name for name, host in self.hosts.items() if host.state not in GOOD)

    def summary(self) -> dict[str, int]:
        """The number of hosts, and how many are in each state."""
        states = [host.state for host in self.hosts.values()]
        return {"hosts": len(states), **{state: states.count(state) for state in STATES}}

    @property
    def left_its_change(self) -> bool:
        """Whether hosts have its change, or may have it."""
        changed = any(host.state in ("done", "unproven", "broken") for host in self.hosts.values())
        return changed or any(wave.ended is None for wave in self.waves)

    @property
    def over(self) -> bool:
        """Whether nothing of it is left to go on with."""
        return self.status in OVER


def render(rollout: Rollout) -> str:
    """The whole file: a host a line, in ASCII."""
    found = asdict(rollout)
    hosts = found.pop("hosts")
    head = _compact({"version": VERSION, "summary": rollout.summary(), **found})
    lines = ",\n".join(f"{_compact(name)}:{_compact(host)}" for name, host in hosts.items())
    return f'{head[:-1]},"hosts":{{\n{lines}\n}}}}\n'


def read(text: str, path: str) -> Rollout:
    """The rollout of a file; StateError where it is not one, or was cut off."""
    try:
        found = json.loads(text)
        if found["version"] != VERSION:
            raise StateError(
                f"{path} has the version {found['version']!r}, and this release knows {VERSION}: run the release that "
                "wrote it, or begin anew with ses_rollout_restart=true."
            )
        names = set(Rollout.__dataclass_fields__) - {"hosts", "waves"}
        return Rollout(
            **{name: found[name] for name in names},
            waves=[Wave(**wave) for wave in found["waves"]],
            hosts={name: Host(**host) for name, host in found["hosts"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(
            f"{path} is no state of a rollout, or was cut off. What the hosts have is known from them: begin anew with "
            "ses_rollout_restart=true."
        ) from error


def earlier_of(known: Rollout | None, fingerprints: Mapping[str, str], path: str) -> Rollout | None:
    """The KNOWN rollout if one with these FINGERPRINTS, by host, goes on with it, None where a new one begins, as
    with hosts that it has none of.
    StateError where another rollout has left its change on hosts and is not over."""
    if known is None or known.over or not set(fingerprints) & set(known.hosts):
        return None
    others = sorted(
        name
        for name, mark in fingerprints.items()
        if mark and name in known.hosts and known.hosts[name].fingerprint not in ("", mark)
    )
    if not others:
        return known
    if not known.left_its_change:
        return None
    raise StateError(
        f"{path} has another rollout, which is not over ({known.status}): the variables of {others[0]}"
        f"{f' and {len(others) - 1:,} more hosts' if others[1:] else ''} are not those that it began with. Go on with "
        "its variables, or begin anew with ses_rollout_restart=true."
    )


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
