# SPDX-License-Identifier: GPL-3.0-or-later
"""An endpoint with addresses of both families, of which one fails, and a host that has one family alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import check
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net, connect, routed
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import Resolved
from ansible_collections.mailops.ses.plugins.module_utils._smtp.tls import verifying_context
from causes import provokes
from ses_simulator import Region, Simulator
from smtp_servers import CLOSED, NAME, net, outcome

FOUR, SIX, OTHER_SIX = "127.0.0.1", "::1", "2001:db8::2"
ERRORS: dict[str, Any] = {"silent": socket.timeout(), "unreachable": OSError(101, "Network is unreachable")}


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    regions = [Region("us-east-1", addresses=[FOUR, SIX])]
    with Simulator(regions=regions, state_dir=tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


def world(sim: Simulator, addresses: list[str], **values: Any) -> Net:
    """What answers at each of ADDRESSES, in DNS's order: `silent`, `refused`, `unreachable`, or by default SES."""
    faults, routes = values.get("faults", {}), values.get("routes", ("IPv4", "IPv6"))

    def dial(address: str, port: int, timeout: float) -> socket.socket:
        fault = faults.get((address, port)) or faults.get(address)
        if fault in ERRORS:
            raise ERRORS[fault]
        return connect(address, CLOSED if fault == "refused" else sim.ports[port], timeout)

    return net(
        {},
        connect=dial,
        resolve=lambda _name: Resolved(None, addresses),
        routed=lambda family: family in routes,
        mta=lambda: values.get("mta"),
    )


def report(sim: Simulator, addresses: list[str], ports: tuple[int, ...] = (587, 465), **values: Any) -> dict[str, Any]:
    context = verifying_context(sim.ca_file)
    request = Request(
        region="us-east-1", client_name="web1", endpoint=NAME, ports=list(ports), context=context, timeout=5
    )
    return check(request, world(sim, addresses, **values))


def test_two_families_that_work_are_no_finding(sim: Simulator) -> None:
    found = report(sim, [SIX, FOUR])
    assert outcome(found) == [(587, "tls", []), (465, "ehlo", [])]
    assert found["diagnosis"] == []


@pytest.mark.parametrize(
    ("cause", "mta", "fault", "says"),
    [
        provokes("family_swallowed", "postfix", "silent", "waits 30 seconds (2 with ses_fallback)", says="Postfix"),
        provokes("family_swallowed", "sendmail", "silent", "Sendmail begins with IPv6", says="two minutes"),
        provokes("family_swallowed", None, "silent", "An MTA waits", says="An MTA waits for its time-out"),
        provokes("family_refused", "postfix", "refused", "at once, so mail leaves in time"),
    ],
)
@pytest.mark.parametrize("first", [SIX, FOUR])
def test_a_family_that_fails_beside_one_that_works(
    sim: Simulator, cause: str, mta: str | None, fault: str, says: str, first: str
) -> None:
    """Whichever the system's resolver puts first, and once for all ports."""
    second = next(address for address in (SIX, FOUR) if address != first)
    found = report(sim, [first, second], faults={SIX: fault}, mta=mta)
    assert outcome(found) == [(587, "tls", []), (465, "ehlo", [])]
    (one,) = found["diagnosis"]
    assert one["id"] == cause
    assert "those of IPv4 take connections and those of IPv6 (::1)" in one["cause"]
    assert says in one["cause"]
    assert "Let IPv6 through" in one["remedy"]


def test_ipv4_that_fails_beside_ipv6(sim: Simulator) -> None:
    (found,) = report(sim, [FOUR, SIX], faults={FOUR: "silent"}, mta="sendmail")["diagnosis"]
    assert f"those of IPv6 take connections and those of IPv4 ({FOUR}) do not answer" in found["cause"]


def test_an_address_that_fails_beside_one_of_its_family(sim: Simulator) -> None:
    """The family works: the address is named by its port."""
    found = report(sim, [OTHER_SIX, SIX, FOUR], ports=(587,), faults={OTHER_SIX: "silent"})
    assert outcome(found) == [(587, "tls", ["address_swallowed"])]
    assert f"{OTHER_SIX} gave no answer" in found["diagnosis"][0]["cause"]


@pytest.mark.parametrize("first", [SIX, FOUR])
@pytest.mark.parametrize("fault", ["silent", "refused"])
def test_a_port_that_fails_for_both_families_says_nothing_of_one(sim: Simulator, first: str, fault: str) -> None:
    second = next(address for address in (SIX, FOUR) if address != first)
    found = report(sim, [first, second], faults={(SIX, 587): fault, (FOUR, 587): fault})
    assert not [cause for cause in found["diagnosis"] if cause["id"].startswith("family_")]
    assert found["ports"][1]["ok"]


def test_an_address_that_fails_at_one_port_alone_is_named_there(sim: Simulator) -> None:
    found = report(sim, [SIX, FOUR], faults={(SIX, 587): "silent"})
    assert outcome(found) == [(587, "tls", ["address_swallowed"]), (465, "ehlo", [])]


def test_a_family_works_if_one_of_its_addresses_does(sim: Simulator) -> None:
    assert report(sim, [FOUR, OTHER_SIX, SIX], faults={OTHER_SIX: "silent"})["diagnosis"] == []


def test_nobody_asks_for_the_mta_where_both_families_work(sim: Simulator) -> None:
    def ask() -> str:
        raise AssertionError("a package manager takes its time")

    request = Request(
        region="us-east-1",
        client_name="web1",
        endpoint=NAME,
        ports=[587],
        context=verifying_context(sim.ca_file),
        timeout=5,
    )
    assert check(request, world(sim, [SIX, FOUR])._replace(mta=ask))["diagnosis"] == []


def test_a_family_that_the_host_has_not_costs_nothing(sim: Simulator) -> None:
    assert report(sim, [FOUR, SIX], faults={SIX: "unreachable"}, routes=("IPv4",))["diagnosis"] == []


@pytest.mark.parametrize(
    ("cause", "addresses", "routes", "says"),
    [
        provokes("family_missing", [FOUR], ["IPv6"], "has IPv4 addresses alone, and this host has no route by IPv4"),
        provokes("family_missing", [SIX], ["IPv4"], "has IPv6 addresses alone, and this host has no route by IPv6"),
        ("network_unreachable", [FOUR], [], "no route to"),
        ("network_unreachable", [FOUR, SIX], ["IPv6"], "no route to"),  # not for want of a family
        ("network_unreachable", [FOUR], ["IPv4", "IPv6"], "no route to"),
    ],
)
def test_a_family_that_the_host_lacks(
    sim: Simulator, cause: str, addresses: list[str], routes: list[str], says: str
) -> None:
    found = report(sim, addresses, ports=(587,), faults=dict.fromkeys(addresses, "unreachable"), routes=routes)
    assert outcome(found) == [(587, "resolve", [cause])]
    assert says in found["diagnosis"][0]["cause"]


@pytest.mark.parametrize(("family", "number"), [("IPv4", socket.AF_INET), ("IPv6", socket.AF_INET6)])
@pytest.mark.parametrize("error", [None, OSError(101, "Network is unreachable")])
def test_a_host_is_asked_for_its_routes(
    monkeypatch: pytest.MonkeyPatch, family: str, number: int, error: OSError | None
) -> None:
    """By what the kernel says without a packet."""
    asked: list[tuple[int, int]] = []

    class Socket(socket.socket):
        def connect(self, _address: Any) -> None:
            asked.append((self.family, self.type))
            if error:
                raise error

    monkeypatch.setattr(socket, "socket", Socket)
    assert routed(family) is (error is None)
    assert asked == [(number, socket.SOCK_DGRAM)]
