# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp_check over a path with a narrow middle: what is a black hole, how large it is, and what only looks like one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Way

PRECISION = 4
MOST = 16  # connections beside those of the ports
LARGE_HELLO = Path(__file__).with_name("check_with_large_hello.py")
LONG = {"certificate": "long"}
# Every fifth packet is lost, of whatever size, in either direction.
LOSS = """
table inet loss {
  chain forward {
    type filter hook forward priority 0
    meta l4proto tcp numgen inc mod 5 == 0 drop
  }
}
"""
# A device that knows small TLS greetings (ClientHello) alone: the record's length is in the first packet.
MINDS_LARGE = """
table inet inspection {{
  chain forward {{
    type filter hook forward priority 0
    tcp dport 587 @ih,0,24 0x160301 @ih,24,16 > 1300 {verdict}
  }}
}}
"""
SOME_LOSS = LOSS.replace("inc mod 5 == 0", "random mod 100 < 20")


def ids(report: dict[str, Any]) -> list[str]:
    return [diagnosis["id"] for diagnosis in report["diagnosis"]]


def port(report: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = report["ports"][0]
    return entry


@pytest.mark.cause("path_mtu_black_hole", "the TLS handshake")
@pytest.mark.parametrize(
    ("ends", "middle", "family", "ports"),
    [
        (1500, 1400, 4, [587]),
        (1500, 1492, 4, [465]),
        (9001, 1500, 4, [587]),
        (9001, 1400, 4, [587]),
        (1500, 1300, 4, [587, 2587, 465, 2465, 25]),
        (1500, 1400, 6, [587]),
    ],
)
def test_a_black_hole_on_the_way_from_the_server(
    path: Way, ends: int, middle: int, family: int, ports: list[int]
) -> None:
    path.shape(ends, down=middle, untold=("server",))
    path.control.fault(**LONG)
    report = path.check(ports=ports, family=family)
    assert ids(report) == ["path_mtu_black_hole"]
    assert "the TLS handshake" in report["diagnosis"][0]["cause"]
    assert not report["reachable"]
    for entry in report["ports"]:
        assert entry["stage"] == ("connect" if entry["tls"] == "wrapper" else "ehlo")
        assert middle - PRECISION <= entry["path_mtu"] <= middle
    assert str(port(report)["path_mtu"]) in report["diagnosis"][0]["remedy"]
    assert len(path.sessions()) <= len(ports) + MOST


@pytest.mark.cause("path_mtu_black_hole", "TLS and small mail pass")
@pytest.mark.parametrize(
    ("ends", "middle", "family", "ports"),
    [(1500, 1400, 4, [587]), (9001, 1500, 4, [465]), (9001, 1400, 4, [587, 465]), (1500, 1400, 6, [587])],
)
def test_a_black_hole_on_the_way_to_the_server(
    path: Way, ends: int, middle: int, family: int, ports: list[int]
) -> None:
    path.shape(ends, up=middle, untold=("client",))
    report = path.check(ports=ports, family=family)
    assert report["reachable"]
    assert ids(report) == ["path_mtu_black_hole"]
    assert "TLS and small mail pass, larger mail hangs" in report["diagnosis"][0]["cause"]
    for entry in report["ports"]:
        assert entry["ok"]
        assert len(path.sessions()) <= len(ports) + MOST
        assert middle - PRECISION <= entry["path_mtu"] <= middle


def test_a_client_hello_that_needs_two_packets(path: Way) -> None:
    path.shape(up=1400, untold=("client",))
    report = path.check(ports=[587], driver=LARGE_HELLO)
    assert ids(report) == ["path_mtu_black_hole"]
    assert not report["reachable"]
    assert 1400 - PRECISION <= port(report)["path_mtu"] <= 1400


@pytest.mark.parametrize(("mta", "works"), [("postfix", True), ("sendmail", False)])
@pytest.mark.parametrize("verdict", ["drop", "reject with tcp reset"])
def test_a_device_that_minds_large_client_hellos(path: Way, verdict: str, mta: str, works: bool) -> None:
    path.shape(rules=MINDS_LARGE.format(verdict=verdict))
    report = path.check(ports=[587], mta=mta, timeout=8.0, driver=LARGE_HELLO)
    assert ids(report) == ["large_hello_blocked"]
    assert report["reachable"] is works
    assert len(path.sessions()) <= 1 + MOST


def test_black_holes_in_both_directions(path: Way) -> None:
    path.shape(middle=1400, untold=("client", "server"))
    path.control.fault(**LONG)
    report = path.check(ports=[587, 465])
    assert ids(report) == ["path_mtu_black_hole"]
    assert 1400 - PRECISION <= port(report)["path_mtu"] <= 1400


@pytest.mark.cause("path_mtu_one_way")
def test_a_hole_that_heals_when_this_host_learns_the_size(path: Way) -> None:
    path.shape(middle=1400, untold=("server",))
    path.control.fault(**LONG)
    with path.teacher():
        check = path.begin(ports=[587], timeout=8.0)
        path.until_tls()
    report = path.end(check)
    assert ids(report) == ["path_mtu_one_way"]
    assert port(report)["path_mtu"] == 1400


def test_a_hole_that_heals_when_the_server_learns_the_size(unused_path: Way) -> None:
    path = unused_path
    path.shape(middle=1400, untold=("client",))
    path.control.fault(stage="tls", delay=0.5, **LONG)  # until the connection for the large write is open, too
    report = path.check(ports=[587])
    assert report["reachable"]
    assert ids(report) == ["path_mtu_one_way"]
    assert port(report)["path_mtu"] == 1400


@pytest.mark.parametrize(("ends", "middle"), [(1500, 1500), (1500, 1400), (9001, 1500), (9001, 1400)])
def test_a_narrow_path_that_tells_is_healthy(path: Way, ends: int, middle: int) -> None:
    path.shape(ends, middle)
    path.control.fault(**LONG)
    report = path.check(constants={"probe._LARGE_SECONDS": 20.0}, timeout=20.0)
    assert [entry["ok"] for entry in report["ports"]] == [True] * 5
    assert ids(report) == []
    assert {entry["path_mtu"] for entry in report["ports"]} == {middle}
    assert len(path.sessions()) == 6


def test_wide_ends_and_no_bottleneck(path: Way) -> None:
    path.shape(9001, 9001)
    report = path.check(ports=[587])
    assert ids(report) == []
    assert port(report)["path_mtu"] == 9001


@pytest.mark.cause("server_slow")
@pytest.mark.parametrize("middle", [1500, 1400])
def test_a_slow_server_is_not_the_path(path: Way, middle: int) -> None:
    path.shape(middle=middle)
    path.control.fault(stage="tls", delay=30, **LONG)
    report = path.check(ports=[587, 465])
    assert ids(report) == ["server_slow"]


def test_a_server_that_is_slow_but_in_time(path: Way) -> None:
    path.shape()
    path.control.fault(stage="tls", delay=2.5, **LONG)
    report = path.check(ports=[587])
    assert port(report)["ok"]
    assert ids(report) == []


@pytest.mark.cause("tls_timeout", "a short disturbance")
def test_a_passing_disturbance_is_not_the_path(path: Way) -> None:
    path.shape()
    path.control.fault(stage="tls", silent=True, times=1)
    report = path.check(ports=[587])
    assert ids(report) == ["tls_timeout"]
    assert "a short disturbance" in report["diagnosis"][0]["cause"]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"stage": "tls", "drop": True}, "connection_lost"),
        ({"stage": "tls", "drop": "reset"}, "connection_lost"),
        ({"stage": "banner", "silent": True}, "server_silent"),
        ({"stage": "ehlo", "silent": True}, "server_silent"),
        ({"stage": "starttls", "silent": True}, "server_silent"),
    ],
)
def test_what_is_never_the_path(path: Way, fault: dict[str, Any], cause: str) -> None:
    path.shape(middle=1400, untold=("client", "server"))
    path.control.fault(**fault)
    report = path.check(ports=[587], timeout=2.0)
    assert ids(report) == [cause]


@pytest.mark.cause("path_lossy")
def test_loss_beside_a_black_hole_is_inconclusive(path: Way) -> None:
    path.shape(middle=1400, untold=("client", "server"))
    path.control.fault(**LONG)
    check = path.begin(ports=[587], timeout=8.0)
    path.until_tls()
    path.rule(LOSS)
    report = path.end(check)
    assert ids(report) == ["path_lossy"]


@pytest.mark.parametrize("rules", [LOSS, SOME_LOSS])
def test_a_lossy_path_has_no_black_hole(path: Way, rules: str) -> None:
    path.shape(rules=rules)
    path.control.fault(**LONG)
    report = path.check(ports=[587])
    assert not any("mtu" in cause for cause in ids(report))


@pytest.mark.cause("tls_timeout", "could not be told")
def test_a_time_that_is_too_short_to_tell(path: Way) -> None:
    path.shape(down=1400, untold=("server",))
    path.control.fault(**LONG)
    report = path.check(ports=[587], constants={"mtu.PROOF_SECONDS": 60.0}, timeout=6.0)
    assert ids(report) == ["tls_timeout"]
    assert "could not be told" in report["diagnosis"][0]["cause"]
