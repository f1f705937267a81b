# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts over canned fleets: what a host costs the controller, and how a fleet with hosts that fail and die ends.

A host is a file (tests/unit/rollout), whose modules answer at once: the controller's work is all that is measured.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from testbed.engine import EngineError
from unit.rollout.fleets import Fleet

from . import fleet
from .figures import Figure
from .processes import MEGABYTE, Cost, cost
from .stage import RELAY, Stage, say

FAIL, DIE = ("web150", "web300"), ("web450", "web600")  # two each, beyond the second wave's hosts
FIRST: dict[str, Any] = {
    "ses_waves": [1, "10%", "100%"],
    "ses_allowed_failures": len(FAIL),
    "ses_allowed_unreachable": len(DIE),
}
BOUND = 12 * 60.0  # seconds of CPU of LARGE hosts
SHARE = 1.15  # of relay's CPU a host
NEW = {"has": "new", "stamped": True, "proven": True}


def play(folder: Path, size: int, hosts: dict[str, dict[str, Any]], states: dict[str, int]) -> Cost:
    """A rollout over a fleet of SIZE; an EngineError unless so many hosts end in these STATES."""
    members = Fleet.of(folder, size, **hosts)
    environment = members.environment(ANSIBLE_FORKS=str(fleet.FORKS))
    output = folder / "rollout.log"
    used = cost(members.command(**FIRST), output, environment, folder)
    found = {state: len(names) for state, names in members.states().items()}
    if found != states:
        raise EngineError(f"the rollout ended with {used.code}, {found}:\n{output.read_text()[-4000:]}")
    return used


def told(title: str, size: int, used: Cost) -> Cost:
    """Print what a rollout used."""
    say(
        f"{title}, {size} hosts: {used.cpu:.1f} s of CPU, {used.cpu / size:.3f} s a host; {used.main / MEGABYTE:.0f} MB"
    )
    return used


def measure(stage: Stage) -> list[Figure]:
    """A rollout that finds nothing to do beside relay on as many hosts, one that changes them, and a large one."""
    base, large = fleet.BASE, fleet.LARGE
    relay = fleet.measured(stage, RELAY, base)
    costs = {}
    for title, size, hosts, states in (
        ("again", base, {f"web{number}": NEW for number in range(1, base + 1)}, {"unchanged": base}),
        ("changes", base, {}, {"done": base}),
        (
            "some fail and die",
            large,
            {**{name: {"fails": "mail"} for name in FAIL}, **{name: {"dies": "change"} for name in DIE}},
            {"done": large - len(FAIL) - len(DIE), "rolled_back": len(FAIL), "dead": len(DIE)},
        ),
    ):
        with tempfile.TemporaryDirectory(dir=stage.folder) as folder:
            costs[title] = told(f"rollout, {title}", size, play(Path(folder), size, hosts, states))
    against = f"relay again, {base} hosts"
    most = costs["some fail and die"]
    return [
        Figure(
            f"rollout, {base} hosts that have all: CPU a host",
            costs["again"].cpu / base,
            "s",
            against,
            relay.cpu / base,
            bound=SHARE,
        ),
        Figure(
            f"rollout, {base} hosts that change: CPU a host",
            costs["changes"].cpu / base,
            "s",
            against,
            relay.cpu / base,
        ),
        Figure(f"rollout, {large} hosts of which two fail and two die: CPU", most.cpu, "s", bound=BOUND),
        Figure(f"rollout, {large} hosts: memory of the main process", most.main / MEGABYTE, "MB", bound=fleet.MAIN),
    ]
