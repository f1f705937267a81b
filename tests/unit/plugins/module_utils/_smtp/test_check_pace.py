# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy check takes as long as its slowest port, also with what it asks of the path beside the ports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import check
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.mtu import connect_sized
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import Credentials
from ansible_collections.mailops.ses.plugins.module_utils._smtp.tls import verifying_context
from ses_simulator import Simulator
from simulated import simulated
from smtp_servers import NAME, net

CREDENTIALS = Credentials("AKIAEXAMPLE", "SES+pass/word")
LOG_IN = {"credentials": CREDENTIALS, "sender": "web@corp.example", "recipient": "you@there.example"}
ROUND_TRIP = 0.05
BOUND = 1.2
# A busy machine makes some rounds slow; what the check itself adds is in every one of them.
ROUNDS = range(1, 9)
LEAST_ROUNDS = 3


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated(tmp_path_factory.mktemp("simulator"), {CREDENTIALS.username: CREDENTIALS.password}) as simulator:
        yield simulator


def seconds(sim: Simulator, ports: list[int], asked: dict[str, Any], **values: Any) -> float:
    """That a check takes."""
    job = Request(NAME, "us-east-1", ports, verifying_context(sim.ca_file), "web1", 10.0, **asked)
    begun = time.monotonic()
    report = check(job, net(sim.ports, **values))
    took = time.monotonic() - begun
    assert [port["ok"] for port in report["ports"]] == [True] * len(ports)
    assert report["diagnosis"] == []
    return took


@pytest.mark.parametrize("asked", [LOG_IN, {}], ids=["log_in", "tls"])
@pytest.mark.parametrize("ports", [list(PORTS), [587], [465]], ids=str)
def test_a_healthy_check_takes_as_long_as_the_slowest_ports_dialogue(
    sim: Simulator, ports: list[int], asked: dict[str, Any]
) -> None:
    sim.wait(closed=sim.counters()["total"])
    sim.reset()
    sim.latency(ROUND_TRIP)
    slowest = [587] if 587 in ports else ports  # STARTTLS takes more round trips than TLS from the first byte
    sized = {"connect_sized": lambda at, port, left, most: connect_sized(at, sim.ports[port], left, most)}
    whole, plain = [], []
    for number in ROUNDS:
        plain.append(seconds(sim, slowest, asked))  # one port, and nothing is asked of the path
        whole.append(seconds(sim, ports, asked, **sized))
        if number >= LEAST_ROUNDS and min(whole) <= BOUND * min(plain):
            break
    assert min(whole) <= BOUND * min(plain)
    sim.wait(open=0)
    extra = sim.counters()["total"] - len(whole) * len(ports) - len(plain)
    assert extra == len(whole)  # one large write in each check
