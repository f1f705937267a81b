# SPDX-License-Identifier: GPL-3.0-or-later
"""From a bare host to a relay: the playbook, and an engineer who types what AWS documents."""

from __future__ import annotations

from collections.abc import Sequence

from . import by_hand
from .figures import Figure
from .stage import Stage, say

ROUNDS = 2  # the best counts: the packages' mirror is not always as fast
BOUND = 1.15


def type_by_hand(stage: Stage) -> float:
    """The seconds that packages and postconf take on a bare host."""
    script = by_hand.script(stage.endpoint, stage.username, stage.password)
    seconds = stage.from_bare(lambda: stage.shell(script))
    say(f"packages and postconf by hand: {seconds:.1f} s")
    return seconds


def play(stage: Stage, arguments: Sequence[str] = ()) -> float:
    """The seconds that the playbook takes on a bare host."""
    seconds = stage.from_bare(lambda: stage.playbook(*arguments))
    say(f"the relay playbook on a bare host: {seconds:.1f} s")
    return seconds


def measure(stage: Stage) -> list[Figure]:
    """Both, in turn."""
    rounds = [(type_by_hand(stage), play(stage)) for _round in range(ROUNDS)]
    typed, played = (min(column) for column in zip(*rounds, strict=True))
    return [Figure("first run", played, "s", "the same packages and postconf by hand", typed, bound=BOUND)]
