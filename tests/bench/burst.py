# SPDX-License-Identifier: GPL-3.0-or-later
"""A burst of mail through Sendmail, over a long way, to an endpoint that takes so many connections at once and answers
others with 421: the role's settings, and AWS's documented steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from . import by_hand_sendmail
from .figures import Figure
from .stage import Stage, say

MESSAGES = 400
ROUND_TRIP = 0.1
CONNECTIONS = 10
DEADLINE = 120.0  # seconds for the role's settings
PATIENCE = 3  # as many times what the role's settings took, AWS's may take: what they refused then waits ten minutes
RATE, SHARE, LATER = 2.0, 0.05, 5.0
LATER_SUBJECT = "in the middle"
FEED = f"""\
cat > /tmp/feed.py <<'END'
import smtplib, socket
sender = "root@" + socket.getfqdn()
text = "Subject: burst\\nFrom: root\\nTo: success@simulator.amazonses.com\\n\\nhello\\n"
session = smtplib.SMTP("127.0.0.1")
for _ in range({MESSAGES}):
    session.sendmail(sender, "success@simulator.amazonses.com", text)
END
python3 /tmp/feed.py
"""
LATER_MAIL = f"""\
printf 'Subject: {LATER_SUBJECT}\\nFrom: root\\nTo: success@simulator.amazonses.com\\n\\nhello\\n' | sendmail -t
"""


@dataclass(frozen=True)
class Burst:
    """What became of it: a rate is too high where it had not all left when time was up, never too low."""

    seconds: float
    left: int
    connections: int
    refused: int
    later: float  # seconds that a mail took which was handed over in the middle

    @property
    def rate(self) -> float:
        """Messages a second, at the most."""
        return MESSAGES / self.seconds


def deliver(stage: Stage, deadline: float) -> Burst:
    """Hand the burst over, another mail when half of it has left, and wait for all."""
    stage.control.reset()
    stage.control.latency(ROUND_TRIP)
    stage.control.limits(concurrency=CONNECTIONS)
    begun = time.monotonic()
    feed = threading.Thread(target=stage.shell, args=(FEED,))
    feed.start()
    until(lambda: messages(stage) >= MESSAGES // 2, begun + deadline)
    handed = time.monotonic()
    stage.shell(LATER_MAIL)
    until(lambda: has_left(stage), begun + deadline)
    later = time.monotonic() - handed
    until(lambda: messages(stage) > MESSAGES, begun + deadline)
    seconds = time.monotonic() - begun
    feed.join()
    counters = stage.control.counters()
    return Burst(seconds, int(counters["messages"]), int(counters["total"]), int(counters["too_many"]), later)


def messages(stage: Stage) -> int:
    """How many have arrived."""
    return int(stage.control.counters()["messages"])


def has_left(stage: Stage) -> bool:
    """Whether the later mail is among them."""
    return any(["Subject", LATER_SUBJECT] in message["headers"] for message in stage.control.messages())


def until(condition: Callable[[], bool], end: float) -> None:
    """Wait for it, no longer than to the end."""
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)  # between two questions to the endpoint, no longer than to the end


def converge(stage: Stage) -> None:
    """A host with the role's settings."""
    stage.playbook("--extra-vars", f"ses_mta=sendmail ses_max_connections={CONNECTIONS}")


def document(stage: Stage) -> None:
    """A host after AWS's steps."""
    stage.shell(by_hand_sendmail.script(stage.endpoint, stage.username, stage.password))


def measure(stage: Stage) -> list[Figure]:
    """One after the other, each on a bare host."""
    bursts: list[Burst] = []
    for title, settle in (("the role's settings", converge), ("AWS's steps", document)):
        stage.from_bare(partial(settle, stage))
        say(f"Sendmail, {title}: {MESSAGES} messages at {ROUND_TRIP * 1000:.0f} ms, {CONNECTIONS} connections at once")
        done = deliver(stage, PATIENCE * bursts[0].seconds if bursts else DEADLINE)
        say(
            f"Sendmail, {title}: {done.left} left in {done.seconds:.1f} s over {done.connections} connections, "
            f"{done.refused} answered with 421; the one in the middle took {done.later:.1f} s"
        )
        bursts.append(done)
    ours, aws = bursts
    against = "AWS's documented steps"
    at_most = against if aws.left > MESSAGES else f"{against}, at most: {aws.left} left by then"
    return [
        Figure("Sendmail: answered with 421", ours.refused, "", bound=0),
        Figure("Sendmail: throughput", ours.rate, "messages/s", at_most, aws.rate, ">=", RATE),
        Figure("Sendmail: connections", ours.connections, "", against, aws.connections, "<=", SHARE),
        Figure("Sendmail: a mail in the middle", ours.later, "s", bound=LATER),
    ]
