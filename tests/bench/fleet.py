# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets: what a host costs the controller, and how that grows.

Most hosts are canned: a connection plugin answers each execution of a module at once with what a real host answered
(results/), so that the controller's work is all that is measured. Some of them cannot log in. A last case has real
connections, many names of one container.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from testbed.engine import EngineError

from . import firstrun, rerun
from .figures import Figure
from .output import recap
from .processes import MEGABYTE, Cost, cost
from .stage import JSON, RELAY, Stage, say

HERE = Path(__file__).parent
RESULTS = HERE / "results"
WORKS, LOCKED_OUT = "works", "locked_out"
CHECK = "mailops.ses.check"
SIZES = (50, 100, 300, 1000, 3000)
BASE = 100  # hosts, with which other fleets are compared
LARGE = 1000  # hosts, and the largest fleet unless another is asked for
ALIASES = 20
FORKS = 20
FAILING = 0.03  # of a fleet's hosts
CPU = {RELAY: 0.20, CHECK: 0.08}  # seconds a host, of BASE hosts
GROWTH = 1.10
MAIN = 150.0  # MB, at LARGE hosts
PEER = 0.15
FAILED = 2  # what ansible-playbook ends with where a host has failed
SETTINGS = {
    **JSON,
    "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection"),
    "ANSIBLE_FORKS": str(FORKS),
    "TESTBED_EXEC": "engine",  # what a module does on a host is no cost of the controller
}


def sizes(largest: int) -> list[int]:
    """The fleets to measure."""
    return sorted({BASE, largest, *(size for size in SIZES if size < largest)})


def failing(size: int) -> int:
    """How many of a fleet's hosts cannot log in: at least one."""
    return max(1, round(size * FAILING))


def fleet(size: int, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The inventory of a fleet of canned hosts; those that fail are spread over it."""
    step = size // failing(size)
    members: dict[str, dict[str, Any]] = {WORKS: {}, LOCKED_OUT: {}}
    for number in range(1, size + 1):
        fails = number % step == 0 and number // step <= failing(size)
        members[LOCKED_OUT if fails else WORKS][f"mail{number:04}.example.com"] = {}
    groups = {name: {"hosts": hosts, "vars": {"bench_results": str(RESULTS / name)}} for name, hosts in members.items()}
    canned = {**variables, "ansible_connection": "canned", "ansible_user": "ops"}
    return {"all": {"vars": canned, "children": groups}}


def aliases(count: int, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The inventory of one host under many names."""
    return {"all": {"vars": {**variables}, "hosts": {f"alias{number:02}": {} for number in range(1, count + 1)}}}


def run(stage: Stage, playbook: str, inventory: Mapping[str, Any], failures: int = 0) -> Cost:
    """Run a playbook; an EngineError unless FAILURES hosts fail, or all where the playbook ends for all of them."""
    file, output = stage.write("fleet.json", inventory), stage.folder / "fleet.log"
    used = cost(["ansible-playbook", "--inventory", str(file), playbook], output, SETTINGS, stage.folder)
    printed = output.read_text()
    counted = recap(printed)
    if used.code != (FAILED if failures else 0) or counted["unreachable"] or counted["failed"] != failures:
        raise EngineError(f"{playbook} ended with {used.code}, {counted}:\n{printed[-4000:]}")
    return used


def measured(stage: Stage, playbook: str, size: int) -> Cost:
    """A playbook on a fleet of canned hosts. The check fails once, for all."""
    inventory = fleet(size, stage.variables())
    used = run(stage, playbook, inventory, failing(size) if playbook == RELAY else 1)
    say(
        f"{playbook}, {size} hosts: {used.cpu:.1f} s of CPU ({used.system:.1f} s of them in the kernel), "
        f"{used.cpu / size:.3f} s a host; {used.main / MEGABYTE:.0f} MB, all {used.all / MEGABYTE:.0f} MB"
    )
    return used


def figures(playbook: str, costs: Mapping[int, Cost]) -> list[Figure]:
    """What a host costs and what the fleet takes, each beside the same of BASE hosts."""
    name, base, against = playbook.rpartition(".")[2], costs[BASE], f"{BASE} hosts"
    rows = []
    for size, used in costs.items():
        title = f"{name}, {size} hosts"
        seconds, main, whole = used.cpu / size, used.main / MEGABYTE, used.all / MEGABYTE
        if size == BASE:
            rows += [
                Figure(f"{title}: CPU a host", seconds, "s", bound=CPU[playbook]),
                Figure(f"{title}: memory of the main process", main, "MB"),
                Figure(f"{title}: memory of all", whole, "MB"),
            ]
            continue
        bound = GROWTH if size > BASE else None
        rows += [
            Figure(f"{title}: CPU a host", seconds, "s", against, base.cpu / BASE, bound=bound),
            Figure(f"{title}: memory of the main process", main, "MB", against, base.main / MEGABYTE),
            Figure(f"{title}: memory of all", whole, "MB", against, base.all / MEGABYTE),
        ]
        if size == LARGE:
            rows.append(Figure(f"{title}: memory of the main process", main, "MB", bound=MAIN))
    return rows


def through_podman(stage: Stage, canned: Cost) -> list[Figure]:
    """A re-run with real connections, their clients counted, beside the peer's or else beside canned hosts."""
    inventory = aliases(ALIASES, stage.variables())
    ours = run(stage, RELAY, inventory).cpu / ALIASES
    title = f"relay, {ALIASES} names of a container: CPU a host"
    rows = [Figure(title, ours, "s", f"{BASE} canned hosts", canned.cpu / BASE)]
    role = rerun.peer()
    if role:
        other = stage.second()
        playbook = rerun.settled_by_peer(other, role)
        theirs = run(other, playbook, aliases(ALIASES, other.variables())).cpu / ALIASES
        rows.append(Figure(title, ours, "s", "linux-system-roles/postfix", theirs, bound=PEER))
    return rows


def record(stage: Stage) -> None:
    """Take the canned results anew, from a relay that can log in and then cannot, and check."""
    for name, secret in ((WORKS, stage.secret), (LOCKED_OUT, stage.secret[::-1])):
        for old in (RESULTS / name).glob("*.json"):
            old.unlink()
        more = {"ses_secret_access_key": secret, "ansible_connection": "canned", "bench_container": stage.container}
        inventory = aliases(1, {**stage.variables(), **more, "bench_results": str(RESULTS / name)})
        for playbook in (RELAY, CHECK):
            run(stage, playbook, inventory, int(name == LOCKED_OUT))


def measure(stage: Stage, largest: int = LARGE, anew: bool = False) -> list[Figure]:
    """Both playbooks on fleets of growing size, then a re-run with real connections."""
    firstrun.play(stage)
    if anew:
        record(stage)
    rows = []
    for playbook in (RELAY, CHECK):
        costs = {size: measured(stage, playbook, size) for size in sizes(largest)}
        rows += figures(playbook, costs)
        if playbook == RELAY:
            rows += through_podman(stage, costs[BASE])
    return rows
