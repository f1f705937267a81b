# SPDX-License-Identifier: GPL-3.0-or-later
"""What minds a large TLS greeting (ClientHello), as of OpenSSL 3.5, is told apart, and judged as the MTA would."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._smtp import session, tls
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import check
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path import mtu, probe, search
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import Credentials
from ses_simulator import Simulator
from simulated import simulated
from smtp_servers import NAME, Authority, Client, net, outcome, serve

CREDENTIALS = Credentials("AKIAEXAMPLE", "SES+pass/word")
BLOCKED = "large_hello_blocked"
SECONDS = 6.0  # of a check; a handshake that hangs is given up after 3
UNHURRIED = 10.0  # of a check on which a busy machine has to tell that handshakes hang


@pytest.fixture(autouse=True)
def no_packet_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over loopback a busy machine alone sends segments twice, which a check would take for a path that loses some."""

    def calm(sock: socket.socket) -> mtu.TcpInfo:
        return mtu.tcp_info(sock)._replace(retransmits=0, out_of_order=0)

    monkeypatch.setattr(session, "tcp_info", calm)


@pytest.fixture
def handshakes_end_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine has four times as long to end the threads of those that hang before they are asked."""
    monkeypatch.setattr(search, "_ENDED_SHARE", 1 - 4 * (1 - search._ENDED_SHARE))


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated(tmp_path_factory.mktemp("simulator"), {CREDENTIALS.username: CREDENTIALS.password}) as simulator:
        yield simulator


@pytest.fixture
def sim(simulator: Simulator) -> Simulator:
    simulator.wait(closed=simulator.counters()["total"])  # reset forgets only what has ended
    simulator.reset()
    return simulator


def small(context: ssl.SSLContext) -> ssl.SSLContext:
    """Whatever OpenSSL there is, its greeting has no large key."""
    context.set_ecdh_curve("prime256v1")
    return context


def large(context: ssl.SSLContext) -> ssl.SSLContext:
    """Whatever OpenSSL there is, its greeting has the length of OpenSSL 3.5's."""
    small(context)
    context.set_alpn_protocols([f"x-{number:0150}" for number in range(9)])
    return context


def checked(
    ports: dict[int, int],
    usual: ssl.SSLContext,
    other: ssl.SSLContext | None,
    timeout: float = SECONDS,
    **values: Any,
) -> dict[str, Any]:
    """The report; VALUES are the request's, or those of the way to the server."""
    way = {"connect_sized": lambda at, port, left, most: mtu.connect_sized(at, ports[port], left, most)}
    way |= {name: values.pop(name) for name in ("connect_sized", "installed") if name in values}
    installed = way.pop("installed", None)
    job = Request(NAME, "us-east-1", list(ports), usual, "web1", timeout, small=lambda: other, **values)
    return check(job, net(ports, mta=lambda: installed, **way))


def of_simulator(sim: Simulator, ports: list[int], **values: Any) -> dict[str, Any]:
    usual, other = large(tls.verifying_context(sim.ca_file)), small(tls.verifying_context(sim.ca_file))
    given = {port: sim.ports[port] for port in ports}
    return checked(given, usual, other, **{"credentials": CREDENTIALS, **values})


@pytest.mark.parametrize("how", ["reset", "silent"])
def test_a_device_that_minds_large_greetings_does_not_stop_postfix(
    sim: Simulator, how: str, handshakes_end_early: None
) -> None:
    sim.fault(large_hello=how)
    report = of_simulator(sim, [587, 465], mta="postfix", sender="web@corp.example", timeout=UNHURRIED)
    assert outcome(report) == [(port, "sender", [BLOCKED]) for port in (587, 465)]
    assert all(port["ok"] for port in report["ports"])
    assert report["recommended_port"] == 587
    assert len(report["diagnosis"]) == 1
    sim.wait(open=0)
    users = [record["user"] for record in sim.sessions()]
    assert [user for user in users if user] == [CREDENTIALS.username] * 2  # once on each port
    assert len(users) <= 2 + 2 + mtu.REPEATS + 3  # the ports', twice, and what is looked into once for both


@pytest.mark.cause(BLOCKED, "as OpenSSL sends it here")
def test_what_postfix_is_told_of_the_device(sim: Simulator) -> None:
    sim.fault(large_hello="reset")
    found = of_simulator(sim, [587], mta="postfix")["diagnosis"][0]
    assert "as OpenSSL sends it here" in found["cause"]
    assert f"of {tls.hello_size(large(tls.verifying_context(sim.ca_file)), NAME)} bytes" in found["cause"]


@pytest.mark.cause(BLOCKED, "it cannot send")
@pytest.mark.parametrize("how", ["reset", "silent"])
@pytest.mark.parametrize("mta", ["sendmail", None])
def test_a_device_that_minds_large_greetings_stops_what_may_send_one(
    sim: Simulator, how: str, mta: str | None, handshakes_end_early: None
) -> None:
    sim.fault(large_hello=how)
    report = of_simulator(sim, [587], mta=mta, timeout=UNHURRIED)
    assert outcome(report) == [(587, "ehlo", [BLOCKED])]
    assert not report["reachable"]
    assert "Sendmail with them: it cannot send" in report["diagnosis"][0]["cause"]
    assert not any(record["user"] for record in sim.sessions())


def test_the_installed_mta_is_asked_for_where_none_is_given(sim: Simulator) -> None:
    sim.fault(large_hello="reset")
    assert of_simulator(sim, [465], installed="postfix")["reachable"]
    assert not of_simulator(sim, [465], installed="sendmail")["reachable"]


def test_what_a_small_greeting_meets_then_is_told_too(sim: Simulator) -> None:
    sim.fault(large_hello="reset")
    sim.fault(stage="auth", reply="535 Authentication Credentials Invalid")
    report = of_simulator(sim, [587], mta="postfix")
    assert outcome(report) == [(587, "tls", ["credentials_invalid", BLOCKED])]
    assert not report["reachable"]


def test_a_device_that_shows_a_certificate_of_its_own_is_named(sim: Simulator) -> None:
    sim.fault(large_hello="reset", certificate="untrusted")
    report = of_simulator(sim, [587], mta="postfix")
    assert outcome(report) == [(587, "ehlo", ["certificate_untrusted", BLOCKED])]
    assert "Nobody's authority" in report["diagnosis"][0]["cause"]
    assert not any(record["user"] for record in sim.sessions())


@pytest.mark.parametrize("fault", [{"drop": "reset"}, {"drop": True}])
@pytest.mark.parametrize("times", [None, 1])
def test_a_connection_that_is_lost_for_another_reason_is_lost(
    sim: Simulator, fault: dict[str, Any], times: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small greetings fare no better, or the next large one passes."""
    # On a busy machine a handshake that is looked into while it goes on would have another one meet the fault.
    monkeypatch.setattr(probe.PathWatch, "patience", lambda _watch: 60.0)
    sim.fault(stage="tls", **fault, **({"times": times} if times else {}))
    report = of_simulator(sim, [587], mta="postfix")
    assert outcome(report) == [(587, "ehlo", ["connection_lost"])]


def test_silence_for_another_reason_is_silence(sim: Simulator) -> None:
    sim.fault(stage="tls", silent=True)
    report = of_simulator(sim, [587], mta="postfix")
    assert outcome(report) == [(587, "ehlo", ["server_slow"])]
    assert "MTU" not in report["diagnosis"][0]["cause"]


def test_a_server_that_is_slow_but_in_time_passes_with_a_large_greeting(sim: Simulator) -> None:
    sim.fault(stage="tls", delay=2.5, times=1)
    assert outcome(of_simulator(sim, [587], mta="postfix")) == [(587, "auth", [])]


def test_a_small_greeting_that_is_reset_is_not_tried_again(sim: Simulator) -> None:
    """With an OpenSSL that has no large one there is nothing to tell apart."""
    sim.fault(stage="tls", drop="reset")
    report = checked({587: sim.ports[587]}, small(tls.verifying_context(sim.ca_file)), None)
    assert outcome(report) == [(587, "ehlo", ["connection_lost"])]
    sim.wait(open=0)
    assert len(sim.sessions()) <= 3  # the port's, one for a large write that never came, one that looks


def test_packets_that_are_too_large_are_not_taken_for_the_greeting(sim: Simulator) -> None:
    """A path that loses large packets lets the large greeting pass in small ones."""
    sim.fault(large_hello="silent", ports=[465])

    def sized(at: str, _port: int, left: float, most: int | None) -> socket.socket:
        return mtu.connect_sized(at, sim.ports[2465 if most else 465], left, most)

    report = of_simulator(sim, [465], mta="postfix", connect_sized=sized)
    assert outcome(report) == [(465, "connect", ["path_mtu_black_hole"])]


def test_a_reset_of_the_second_segment_alone() -> None:
    """A device that takes the first segment of a greeting and resets when another one follows."""
    authority = Authority()

    def device(client: Client) -> None:
        if int.from_bytes(client.sock.recv(5, socket.MSG_PEEK)[3:5], "big") > 1300:
            client.sock.recv(1200)
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        client.start_tls(authority.server())
        client.send(b"220 mail ESMTP\r\n")
        client.answer(b"250 mail\r\n")
        client.answer(b"221 bye\r\n")

    with serve(device) as server:
        report = checked({465: server.port}, large(authority.client()), small(authority.client()), mta="postfix")
    assert outcome(report) == [(465, "ehlo", [BLOCKED])]


@pytest.mark.cause("certificate_wildcard")
@pytest.mark.parametrize(("mta", "expected"), [("sendmail", "certificate_wildcard"), ("postfix", None), (None, None)])
def test_a_wildcard_in_the_common_name_alone_is_judged_as_the_mta_does(
    sim: Simulator, mta: str | None, expected: str | None
) -> None:
    sim.fault(certificate="wildcard")
    report = of_simulator(sim, [587], mta=mta)
    assert [diagnosis["id"] for diagnosis in report["diagnosis"]] == ([expected] if expected else [])
    assert report["reachable"] is (expected is None)
    sim.wait(open=0)
    assert [bool(record["user"]) for record in sim.sessions()].count(True) == (0 if expected else 1)
    if expected:
        assert f"{NAME} only as *.us-east-1.amazonaws.com" in report["diagnosis"][0]["cause"]
        assert "common_name" not in report["ports"][0]["certificate"]
