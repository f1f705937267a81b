# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint, its name and the way to it have faults, while a host sends."""

from __future__ import annotations

import ipaddress
import time
from typing import Any

from testbed import engine
from testbed.impostors import IMPOSTORS

from . import tally
from .stage import until
from .trial import Trial

REGION = "us-east-1"
NAME = f"email-smtp.{REGION}.amazonaws.com"
THROTTLED = "454 Throttling failure: Maximum sending rate exceeded."
TTL = 6.0  # seconds after which nobody has the endpoint's address in mind
OUTAGE = 20.0  # seconds
STAGES = ("connect", "banner", "ehlo", "starttls", "tls", "auth", "mail", "rcpt", "data")
HANG = "hang"


def without_dns(trial: Trial, **fault: Any) -> None:
    """DNS does not give the endpoint's address for a while."""
    trial.control.dns(**fault)
    time.sleep(TTL)  # what was asked before is forgotten
    trial.send(20)
    until(lambda: not trial.missing(), OUTAGE)
    trial.control.reset()


def name_denied(trial: Trial) -> None:
    """DNS says that there is no such name."""
    without_dns(trial, nxdomain=[NAME])


def name_without_address(trial: Trial) -> None:
    """DNS knows the name, and no address of it."""
    without_dns(trial, names={NAME: "nowhere.us-east-1.elb.amazonaws.com"})


def dns_fails(trial: Trial) -> None:
    """DNS answers SERVFAIL."""
    without_dns(trial, servfail=True)


def moved(trial: Trial) -> None:
    """The endpoint's load balancer gets another name and another address, under a stream."""
    layout = trial.stage.layout
    address = str(ipaddress.ip_address(layout.simulator_address) + len(layout.regions) + 1)
    bits = layout.subnet.partition("/")[2]
    simulator = layout.container(engine.SIMULATOR)
    engine.run("podman", "exec", simulator, *f"ip address replace {address}/{bits} dev eth0".split())
    with trial.stream(rate=20):
        time.sleep(3)  # of mail to the old address
        trial.control.dns(region=REGION, load_balancer="renamed.us-east-1.elb.amazonaws.com", addresses=[address])
        if not until(lambda: any(session["local"] == address for session in trial.control.sessions()), 25):
            trial.fail("no mail went to the new address")


def throttled(trial: Trial) -> None:
    """The endpoint takes no mail for a while, since too many came."""
    trial.control.fault(stage="mail", reply=THROTTLED)
    trial.send(20)
    if not trial.deferred(20):
        trial.fail("they did not wait")
    trial.control.clear()


def dropped(trial: Trial) -> None:
    """The connection is cut at each stage before the message's end, twice."""
    for stage in STAGES:
        trial.control.fault(stage=stage, drop="reset", times=2)
        trial.send(2)
    until(lambda: not trial.control.faults() or not trial.missing(), 15)
    trial.control.clear()


def reply_lost(trial: Trial) -> None:
    """The endpoint keeps the message, and the connection is cut before it can say so."""
    trial.control.fault(stage="eod", drop="reset", kept=True, times=5)
    trial.send(20)


def impostors(trial: Trial) -> None:
    """Servers that do not prove that they are the endpoint; the mail waits for the right one."""
    kinds = {
        **{name: fault for name, (fault, _word) in IMPOSTORS.items()},
        "balancer": {"certificate": "load_balancer"},
    }
    for name, fault in kinds.items():
        trial.stage.restart()  # so that no connection is open
        last = max((session["session"] for session in trial.control.sessions()), default=0)
        trial.control.fault(**fault)
        sent = set(trial.send(3))
        seen = until(lambda at=last: trial.control.sessions(at), 15)  # type: ignore[misc]
        waits = trial.deferred(3, 15)
        trial.leaked += tally.leaked(trial.control.sessions(last))
        if not seen or not waits:
            trial.fail(f"{name}: {'no session' if not seen else 'the mail does not wait'}")
        trial.control.clear()
        trial.gone(sent, 15, flush=True)


def hanging(trial: Trial) -> None:
    """Mails for some recipients hang at the endpoint; those are not counted, the others leave beside them."""
    trial.control.limits(idle=600)
    trial.control.fault(stage="rcpt", matching=HANG, silent=True)
    trial.stage.hand(HANG, 20)
    until(lambda: trial.control.counters()["open"] >= 2, 10)
    trial.send(20)
    trial.settle()


def few_connections(trial: Trial) -> None:
    """The endpoint takes two connections at once, over a way of 100 ms, and a burst of mail uses more."""
    if not trial.control.wait(open=0, timeout=15):
        trial.fail("a connection of an earlier case is open")
    trial.control.latency(0.1)
    trial.control.limits(concurrency=2)
    trial.send(60, "smtp")


def known_connections(trial: Trial) -> None:
    """The same, and the host has been told of the endpoint's limit."""
    trial.stage.converge(ses_max_connections=2)
    few_connections(trial)
    trial.settle()
    refused = trial.control.counters()["too_many"]
    if refused:
        trial.fail(f"{refused} connections were refused")
    trial.stage.converge()
