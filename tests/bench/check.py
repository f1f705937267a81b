# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp_check on its five ports, beside the dialogue of the slowest of them.

The endpoint's clock tells how long the check takes: from the first connection's begin to the last one's end, with
those that ask after the path. Ansible and Python, which take as long for one port as for five, are not in it. How long
a port's dialogue takes, its own stages tell, without the goodbye.
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


def dialogues(report: dict[str, Any]) -> list[float]:
    """The seconds of each port's stages from the connection on."""
    stages = [{**port["timings_ms"], "resolve": 0.0} for port in report["ports"]]
    return [sum(timings.values()) / 1000 for timings in stages]


def check(stage: Stage) -> tuple[float, list[float]]:
    """The seconds of a check of all ports, and of each port's dialogue in it."""
    stage.control.reset()
    stage.control.latency(ROUND_TRIP)
    report = stage.module("mailops.ses.smtp_check", ARGUMENTS + ",".join(map(str, PORTS)))
    if not stage.control.wait(closed=len(PORTS), open=0):
        raise EngineError(f"smtp_check left connections open: {stage.control.counters()}")
    whole, ports = span(stage.control.sessions()), dialogues(report)
    say(f"smtp_check: {whole:.3f} s, its ports {', '.join(f'{seconds:.3f}' for seconds in ports)}")
    return whole, ports


def measure(stage: Stage) -> list[Figure]:
    """The best of some checks."""
    whole, ports = min(check(stage) for _round in range(ROUNDS))
    return [
        Figure("smtp_check, five ports", whole, "s", "its slowest port's dialogue", max(ports), bound=BOUND),
        Figure("smtp_check, five ports", whole, "s", "its ports' dialogues one after the other", sum(ports)),
    ]
