# SPDX-License-Identifier: GPL-3.0-or-later
"""A queue delivered over a long way: the role's settings, and AWS's documented ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from testbed.engine import EngineError

from . import by_hand
from .figures import Figure
from .stage import Stage, say, timed

ROUND_TRIP = 0.1
CONNECTIONS = 10
INTERVAL = 15  # seconds between two lines of progress; an interval without a mail ends the bench
RATE, SHARE = 2.0, 0.05
# The queue is filled while every mail is held, so that both begin with all of it.
FILL = """\
postconf -e 'smtpd_client_restrictions = check_client_access static:HOLD'
postfix reload
smtp-source -s 5 -l 2000 -m {messages} -f bench@example.com -t success@simulator.amazonses.com inet:127.0.0.1:25
"""
RELEASE = """\
postsuper -H ALL
postqueue -f
"""


@dataclass(frozen=True)
class Delivery:
    """How a queue was delivered."""

    seconds: float
    messages: int
    connections: int

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


def wait(stage: Stage, messages: int) -> None:
    """Until all have come; an EngineError when they stop coming."""
    come = 0
    while not stage.control.wait(timeout=INTERVAL, messages=messages):
        before, come = come, int(stage.control.counters()["messages"])
        say(f"  {come} of {messages} messages")
        if come == before:
            raise EngineError(f"no mail came for {INTERVAL} s: {come} of {messages}\n{stage.shell('mailq | tail -20')}")


def deliver(stage: Stage, messages: int) -> Delivery:
    """Fill the queue, release it, time it."""
    stage.shell(FILL.format(messages=messages))
    stage.control.reset()
    stage.control.latency(ROUND_TRIP)

    def release() -> None:
        stage.shell(RELEASE)
        wait(stage, messages)

    seconds = timed(release)
    counters = stage.control.counters()
    return Delivery(seconds, int(counters["messages"]), int(counters["total"]))


def converge(stage: Stage) -> None:
    """A host with the role's settings."""
    stage.playbook("--extra-vars", f"ses_max_connections={CONNECTIONS}")


def document(stage: Stage) -> None:
    """A host with AWS's settings, at the same number of connections."""
    more = {"default_destination_concurrency_limit": str(CONNECTIONS)}
    stage.shell(by_hand.script(stage.endpoint, stage.username, stage.password, more))


def measure(stage: Stage, messages: int) -> list[Figure]:
    """One after the other, each on a bare host."""
    deliveries = []
    for title, settle in (("the role's settings", converge), ("AWS's settings", document)):
        stage.from_bare(partial(settle, stage))
        say(f"{title}: {messages} messages at {ROUND_TRIP * 1000:.0f} ms over {CONNECTIONS} connections")
        done = deliver(stage, messages)
        say(f"{title}: {done.seconds:.1f} s, {done.connections} connections")
        deliveries.append(done)
    ours, aws = deliveries
    against = "AWS's documented settings"
    return [
        Figure("throughput", ours.rate, "messages/s", against, aws.rate, ">=", RATE),
        Figure("connections", ours.connections, "", against, aws.connections, "<=", SHARE),
    ]
