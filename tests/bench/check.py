# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp_check on its five ports, and on each alone.

The endpoint's clock tells: from the first connection's begin to the last one's end. Ansible and Python, which take as
long for one port as for five, are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from testbed.engine import EngineError

from .figures import Figure
from .stage import Stage, say

ROUND_TRIP = 0.05
ROUNDS = 3
BOUND = 1.2
PORTS = (587, 2587, 465, 2465, 25)
ARGUMENTS = (
    "region={{ ses_region }} username={{ ses_smtp_username }} secret_access_key={{ ses_secret_access_key }}"
    " ca_file={{ ses_tls_ca_file }} sender=bench@example.com recipient=success@simulator.amazonses.com ports="
)


def span(sessions: Iterable[dict[str, Any]]) -> float:
    """The seconds from the first session's begin to the last one's end."""
    known = list(sessions)
    begin = min(datetime.fromisoformat(session["opened"]) for session in known)
    end = max(datetime.fromisoformat(session["closed"]) for session in known)
    return (end - begin).total_seconds()


def elapsed(stage: Stage, ports: tuple[int, ...]) -> float:
    """The best time of some checks of these ports."""
    times = []
    for _round in range(ROUNDS):
        stage.control.reset()
        stage.control.latency(ROUND_TRIP)
        stage.module("mailops.ses.smtp_check", ARGUMENTS + ",".join(map(str, ports)))
        if not stage.control.wait(closed=len(ports), open=0):
            raise EngineError(f"smtp_check left connections open: {stage.control.counters()}")
        times.append(span(stage.control.sessions()))
    say(f"smtp_check of {', '.join(map(str, ports))}: {min(times):.3f} s")
    return min(times)


def measure(stage: Stage) -> list[Figure]:
    """All ports together, and one after the other."""
    together = elapsed(stage, PORTS)
    alone = [elapsed(stage, (port,)) for port in PORTS]
    return [
        Figure("smtp_check, five ports", together, "s", "the slowest port, checked alone", max(alone), bound=BOUND),
        Figure("smtp_check, five ports", together, "s", "the ports one after the other", sum(alone)),
    ]
