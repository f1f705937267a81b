# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay playbook on a host that it has configured."""

from __future__ import annotations

import os
from pathlib import Path

from . import by_hand, firstrun
from .figures import Figure
from .output import changes, executions
from .stage import HOST, RELAY, Stage, say, timed

ROUNDS = 3
PEER = "BENCH_PEER"
BOUND = 0.45
MODULES = 6
# Where the peer is not at hand: its re-run took 6.9 s on a container where packages and postconf by hand took 11.7 s.
STAND_IN = 0.59


def best(stage: Stage, playbook: str) -> float:
    """The best time of some runs, of which none may change anything."""
    times = []
    for _round in range(ROUNDS):
        seconds = timed(lambda: stage.playbook(name=playbook))
        say(f"{playbook} again: {seconds:.2f} s")
        times.append(seconds)
    return min(times)


def peer_playbook(stage: Stage, role: Path) -> Path:
    """The same relay by linux-system-roles/postfix, which gathers the few facts that it needs by itself."""
    key = by_hand.relayhost(stage.endpoint)
    row = f"{key} {stage.username}:{stage.password}\n"
    variables = {
        "postfix_conf": {"relayhost": key, **by_hand.SETTINGS},
        "postfix_files": [{"name": Path(by_hand.SASL_PASSWD).name, "content": row, "postmap": True}],
    }
    play = {"hosts": HOST, "become": True, "gather_facts": False, "roles": [{"role": str(role), "vars": variables}]}
    return stage.write("peer.json", [play])


def compare(stage: Stage) -> tuple[str, float]:
    """What the re-run is compared with, and its seconds."""
    role = os.environ.get(PEER)
    if not role:
        typed = min(firstrun.type_by_hand(stage) for _round in range(firstrun.ROUNDS))
        return f"{STAND_IN} x by hand, for linux-system-roles/postfix ({PEER} not set)", STAND_IN * typed
    playbook = str(peer_playbook(stage, Path(role).resolve()))
    stage.bare()
    say("linux-system-roles/postfix on a bare host")
    stage.shell("apt-get -qq update")  # which it leaves to others
    stage.playbook(name=playbook)
    return "linux-system-roles/postfix again", best(stage, playbook)


def measure(stage: Stage) -> list[Figure]:
    """Changes, modules and time of a second run."""
    against, other = compare(stage)
    firstrun.play(stage)
    verbose = stage.playbook("-vvv")
    modules = executions(verbose)
    say(f"modules of a re-run: {' '.join(modules)}")
    ours = best(stage, RELAY)
    return [
        Figure("re-run: tasks changed", changes(verbose), bound=0),
        Figure("re-run: modules beyond facts", len(modules), bound=MODULES),
        Figure("re-run", ours, "s", against, other, bound=BOUND),
    ]
