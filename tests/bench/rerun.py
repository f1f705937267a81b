# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay playbook on a host that it has configured."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from testbed.engine import EngineError

from . import by_hand, firstrun
from .figures import Figure
from .output import changes, executions
from .stage import RELAY, Stage, say, timed

ROUNDS = 3
PEER = "BENCH_PEER"
MODULES = 2
# The relay playbook's arguments for each MTA, and the bound of its re-run beside the peer's.
MTAS: dict[str, tuple[list[str], float]] = {
    "Postfix": ([], 0.30),
    "Sendmail": (["--extra-vars", "ses_mta=sendmail"], 0.35),
}
# Where the peer is not at hand: its re-run took 6.9 s on a container where packages and postconf by hand took 11.7 s.
STAND_IN = 0.59


def peer() -> Path | None:
    """The peer's checkout, where one is named."""
    name = os.environ.get(PEER)
    if name and not Path(name, "tasks", "main.yml").is_file():
        raise EngineError(f"{PEER}={name}: there is no role in it")
    return Path(name).resolve() if name else None


def again(stage: Stage, playbook: str = RELAY, arguments: Sequence[str] = ()) -> float:
    """The seconds of one more run."""
    seconds = timed(lambda: stage.playbook(*arguments, name=playbook))
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


def settled_by_peer(stage: Stage, role: Path) -> str:
    """The peer's playbook, after its first run on a bare host."""
    playbook = str(peer_playbook(stage, role))

    def first() -> None:
        stage.shell("apt-get -qq update")  # which the peer leaves to others
        stage.playbook(name=playbook)

    say(f"linux-system-roles/postfix on a bare host: {stage.from_bare(first):.1f} s")
    return playbook


def beside_peer(stage: Stage, other: Stage, playbook: str, arguments: Sequence[str]) -> tuple[float, float]:
    """The best re-run of ours and of the peer's, in turn on two hosts, so that both see the same load."""
    rounds = [(again(stage, arguments=arguments), again(other, playbook)) for _round in range(ROUNDS)]
    for name, column in zip(("ours", "the peer's"), zip(*rounds, strict=True), strict=True):
        least, middle, most = sorted(column)
        say(f"{name}: {least:.2f} s at least, {middle:.2f} s in the middle, {most:.2f} s at most")
    ours, theirs = (min(column) for column in zip(*rounds, strict=True))
    return ours, theirs


def measure(stage: Stage) -> list[Figure]:
    """Changes, modules and time of a second run by each MTA."""
    role, other = peer(), stage.second()
    if role:
        playbook, against = settled_by_peer(other, role), "linux-system-roles/postfix again"
    else:
        typed = STAND_IN * min(firstrun.type_by_hand(other) for _round in range(firstrun.ROUNDS))
        against = f"{STAND_IN} x by hand, for linux-system-roles/postfix ({PEER} is not set)"
    rows = []
    for mta, (arguments, bound) in MTAS.items():
        firstrun.play(stage, arguments)
        verbose = stage.playbook("-vvv", *arguments)
        modules = executions(verbose)
        say(f"modules of a re-run by {mta}: {' '.join(modules)}")
        if role:
            ours, theirs = beside_peer(stage, other, playbook, arguments)
        else:
            ours, theirs = min(again(stage, arguments=arguments) for _round in range(ROUNDS)), typed
        rows += [
            Figure(f"re-run, {mta}: tasks changed", changes(verbose), bound=0),
            Figure(f"re-run, {mta}: modules, facts among them", len(modules), bound=MODULES),
            Figure(f"re-run, {mta}", ours, "s", against, theirs, bound=bound),
        ]
    return rows
