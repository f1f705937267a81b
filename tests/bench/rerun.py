# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay playbook on a host that it has configured."""

from __future__ import annotations

import os
from pathlib import Path

from testbed.engine import EngineError

from . import by_hand, firstrun
from .figures import Figure
from .output import changes, executions
from .stage import RELAY, Stage, say, timed

ROUNDS = 3
PEER = "BENCH_PEER"
BOUND = 0.30
MODULES = 2
# Where the peer is not at hand: its re-run took 6.9 s on a container where packages and postconf by hand took 11.7 s.
STAND_IN = 0.59


def peer() -> Path | None:
    """The peer's checkout, where one is named."""
    name = os.environ.get(PEER)
    if name and not Path(name, "tasks", "main.yml").is_file():
        raise EngineError(f"{PEER}={name}: there is no role in it")
    return Path(name).resolve() if name else None


def again(stage: Stage, playbook: str = RELAY) -> float:
    """The seconds of one more run."""
    seconds = timed(lambda: stage.playbook(name=playbook))
    say(f"{Path(playbook).name} again: {seconds:.2f} s")
    return seconds


def peer_playbook(stage: Stage, role: Path) -> Path:
    """The same relay by linux-system-roles/postfix, which gathers the few facts that it needs by itself."""
    key = by_hand.relayhost(stage.endpoint)
    row = f"{key} {stage.username}:{stage.password}\n"
    variables = {
        "postfix_conf": {"relayhost": key, **by_hand.SETTINGS},
        "postfix_files": [{"name": Path(by_hand.SASL_PASSWD).name, "content": row, "postmap": True}],
    }
    play = {
        "hosts": "all",
        "become": True,
        "gather_facts": False,
        "roles": [{"role": str(role), "vars": variables}],
    }
    return stage.write("linux-system-roles-postfix.json", [play])


def beside_stand_in(stage: Stage) -> tuple[float, str, float]:
    """Best re-run of ours, what it is compared with, and its seconds: as much of the work by hand as the peer took."""
    typed = min(firstrun.type_by_hand(stage.second()) for _round in range(firstrun.ROUNDS))
    ours = min(again(stage) for _round in range(ROUNDS))
    return ours, f"{STAND_IN} x by hand, for linux-system-roles/postfix ({PEER} is not set)", STAND_IN * typed


def settled_by_peer(stage: Stage, role: Path) -> str:
    """The peer's playbook, after its first run on a bare host."""
    playbook = str(peer_playbook(stage, role))

    def first() -> None:
        stage.shell("apt-get -qq update")  # which the peer leaves to others
        stage.playbook(name=playbook)

    say(f"linux-system-roles/postfix on a bare host: {stage.from_bare(first):.1f} s")
    return playbook


def beside_peer(stage: Stage, role: Path) -> tuple[float, str, float]:
    """The same with the peer itself, in turn on two hosts, so that both see the same load."""
    other = stage.second()
    playbook = settled_by_peer(other, role)
    rounds = [(again(stage), again(other, playbook)) for _round in range(ROUNDS)]
    ours, theirs = (min(column) for column in zip(*rounds, strict=True))
    return ours, "linux-system-roles/postfix again", theirs


def measure(stage: Stage) -> list[Figure]:
    """Changes, modules and time of a second run."""
    role = peer()
    firstrun.play(stage)
    verbose = stage.playbook("-vvv")
    modules = executions(verbose)
    say(f"modules of a re-run: {' '.join(modules)}")
    ours, against, other = beside_peer(stage, role) if role else beside_stand_in(stage)
    return [
        Figure("re-run: tasks changed", changes(verbose), bound=0),
        Figure("re-run: modules, facts among them", len(modules), bound=MODULES),
        Figure("re-run", ours, "s", against, other, bound=BOUND),
    ]
