# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy check takes as long as its slowest port, also with what it asks of the path beside the ports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import check
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path import probe
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
    job = Request(NAME, "us-east-1", ports, verifying_context(sim.ca_file), "web1", 60.0, **asked)
    begun = time.monotonic()
    report = check(job, net(sim.ports, **values))
    took = time.monotonic() - begun
    assert [port["ok"] for port in report["ports"]] == [True] * len(ports)
    assert report["diagnosis"] == []
    return took


def seconds_apart(sim: Simulator, ports: list[int], asked: dict[str, Any]) -> float:
    """That the slowest of as many checks takes, of one port each and at the same time."""
    with ThreadPoolExecutor(len(ports)) as pool:
        return max(pool.map(lambda port: seconds(sim, [port], asked), ports))


@pytest.mark.parametrize("asked", [LOG_IN, {}], ids=["log_in", "tls"])
@pytest.mark.parametrize("ports", [list(PORTS), [587], [465]], ids=str)
def test_a_healthy_check_takes_as_long_as_the_slowest_ports_dialogue(
    sim: Simulator, ports: list[int], asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_LARGE_SECONDS", 20.0)  # a large write that a busy machine slows is not looked into
    sim.wait(closed=sim.counters()["total"])
    sim.reset()
    sim.latency(ROUND_TRIP)
    # As many connections as a check makes with its large write, so that the machine has as much to do for either.
    alone = [*ports, ports[0]]
    sized = {"connect_sized": lambda at, port, left, most: connect_sized(at, sim.ports[port], left, most)}
    whole, plain = [], []
    for number in ROUNDS:
        plain.append(seconds_apart(sim, alone, asked))  # nothing is asked of the path
        whole.append(seconds(sim, ports, asked, **sized))
        if number >= LEAST_ROUNDS and min(whole) <= BOUND * min(plain):
            break
    assert min(whole) <= BOUND * min(plain)
    sim.wait(open=0)
    extra = sim.counters()["total"] - len(whole) * len(ports) - len(plain) * len(alone)
    assert extra == len(whole)  # one large write in each check
