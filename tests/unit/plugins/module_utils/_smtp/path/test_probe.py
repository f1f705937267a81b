# SPDX-License-Identifier: GPL-3.0-or-later
"""Further handshakes, over real sockets and real TLS. What real paths do to them, tests/system/paths shows."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._smtp import session, tls
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import check
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path import mtu, probe, search
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.handshake import Way, attempt, start
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import Request
from smtp_servers import NAME, Authority, Client, Script, net, outcome, serve


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(autouse=True)
def no_packet_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over loopback a busy machine alone sends segments twice, which a check would take for a path that loses some."""

    def calm(sock: socket.socket) -> mtu.TcpInfo:
        return mtu.tcp_info(sock)._replace(retransmits=0, out_of_order=0)

    monkeypatch.setattr(session, "tcp_info", calm)


def clear(client: Client) -> None:
    client.send(b"220 mail ESMTP\r\n")
    client.answer(b"250-mail\r\n250 STARTTLS\r\n")
    client.answer(b"220 go\r\n")


def silent_at_once(client: Client) -> None:
    client.silence()


def silent_in_clear(client: Client) -> None:
    client.send(b"220 mail ESMTP\r\n")
    client.silence()


def silent_to_starttls(client: Client) -> None:
    client.send(b"220 mail ESMTP\r\n")
    client.answer(b"250-mail\r\n250 STARTTLS\r\n")
    client.silence()


def silent_in_tls(client: Client) -> None:
    clear(client)
    client.silence()


def closes(client: Client) -> None:
    clear(client)


def busy(client: Client) -> None:
    client.send(b"421 Too many concurrent SMTP connections\r\n")


def garbage(client: Client) -> None:
    clear(client)
    client.send(b"no TLS\r\n" * 100)
    client.silence()


def far(client: Client) -> None:
    clear(client)
    client.start_tls(Authority().server())
    client.silence()


def tried(script: Script, context: Any, tls: str = "starttls", wait: float = 5, whole: float = 10) -> mtu.Attempt:
    """An attempt that may take WHOLE seconds, WAIT of them for TLS."""
    with serve(script) as server:
        way = Way(mtu.connect_sized, context, "web1", NAME, time.monotonic, "127.0.0.1", server.port, tls)
        return attempt(way, Deadline(time.monotonic, time.monotonic() + whole), lambda: wait)


@pytest.mark.parametrize(
    ("script", "seconds", "expected"),
    [
        (silent_at_once, {"whole": 0.6}, mtu.LATE),
        (silent_in_clear, {"whole": 0.6}, mtu.LATE),
        (silent_in_tls, {"wait": 0.3}, mtu.STALLED),
        (closes, {}, mtu.REFUSED),
        (busy, {}, mtu.REFUSED),
        (garbage, {}, mtu.PASSED),  # whatever it is, it came
    ],
)
def test_how_an_attempt_ends(authority: Authority, script: Script, seconds: dict[str, float], expected: str) -> None:
    assert tried(script, authority.client(), **seconds).outcome == expected


def test_an_attempt_that_passes(authority: Authority) -> None:
    def script(client: Client) -> None:
        client.start_tls(authority.server())
        client.silence()

    begun = time.monotonic()
    done = tried(script, authority.client(), "wrapper")
    assert done.clean
    assert done.opened.segment
    assert done.ended.path_mtu
    assert 0 < done.seconds <= time.monotonic() - begun


def test_a_certificate_that_is_refused_has_come(authority: Authority) -> None:
    assert tried(far, authority.client()).outcome == mtu.PASSED


def test_where_nobody_listens_an_attempt_is_refused(authority: Authority) -> None:
    way = Way(mtu.connect_sized, authority.client(), "web1", NAME, time.monotonic, "127.0.0.1", 1, "wrapper")
    assert attempt(way, Deadline(time.monotonic, time.monotonic() + 10), lambda: 1).outcome == mtu.REFUSED


@pytest.mark.parametrize("size", [1400, 2048, 9600, 12_600])
def test_a_large_client_hello(authority: Authority, size: int) -> None:
    seen: list[int] = []

    def script(client: Client) -> None:
        record = client.sock.recv(5)
        seen.append(int.from_bytes(record[3:5], "big"))

    tried(script, tls.large_hello_context(size), "wrapper")
    assert size <= seen[0] <= size + 1000


def test_a_large_client_hello_is_taken(authority: Authority) -> None:
    def script(client: Client) -> None:
        client.start_tls(authority.server())
        client.silence()

    assert tried(script, tls.large_hello_context(12_600), "wrapper").outcome == mtu.PASSED


def test_what_is_late_is_left_behind() -> None:
    over = threading.Event()
    ask = start(lambda: over.wait(10))
    assert ask(0.01) is None
    over.set()
    assert ask(5) is True


def checked(
    script: Script,
    authority: Authority,
    timeout: float,
    port: int = 587,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[dict[str, Any], int]:
    """The report, and how many connections there were."""
    with serve(script) as server:
        job = Request(NAME, None, [port], authority.client(), "web1", timeout)
        way = net(
            {port: server.port},
            connect_sized=lambda at, _port, left, most: mtu.connect_sized(at, server.port, left, most),
        )
        return check(job, way._replace(clock=clock)), len(server.clients)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that end with what they wait for are long enough for a busy machine."""
    monkeypatch.setattr(probe, "_GRACE", 20 * probe._GRACE)
    monkeypatch.setattr(search, "_MARGIN", 25 * search._MARGIN)


def test_a_healthy_port_costs_one_more_connection(
    authority: Authority, unhurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_LARGE_SECONDS", 20.0)  # a large write that a busy machine slows is not looked into

    def script(client: Client) -> None:
        clear(client)
        mails(authority, client)

    report, connections = checked(script, authority, timeout=30)
    assert outcome(report) == [(587, "tls", [])]
    assert connections == 2


def mails(authority: Authority, client: Client) -> None:
    client.start_tls(authority.server())
    client.answer(b"250 mail\r\n")
    client.answer(b"221 bye\r\n")


def is_large(client: Client) -> bool:
    """Whether its ClientHello is, whatever packets it comes in."""
    return int.from_bytes(client.sock.recv(5, socket.MSG_PEEK)[3:5], "big") > 1300


@pytest.mark.cause("large_hello_unanswered")
@pytest.mark.parametrize("port", [587, 465])
def test_a_server_that_does_not_answer_large_hellos(
    authority: Authority, port: int, unhurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mtu, "PROOF_FACTOR", 1)  # on a busy machine one small handshake takes many times another's time

    def script(client: Client) -> None:
        if port == 587:
            clear(client)
        if is_large(client):
            client.silence()
        client.start_tls(authority.server())
        if port == 465:
            client.send(b"220 mail ESMTP\r\n")
        client.answer(b"250 mail\r\n")
        client.answer(b"221 bye\r\n")

    # Nearly all of these 30 seconds are left unused: the server's PATIENCE is less, and its end would be no silence.
    report, connections = checked(script, authority, timeout=30, port=port)
    assert report["reachable"]
    assert [diagnosis["id"] for diagnosis in report["diagnosis"]] == ["large_hello_unanswered"]
    assert report["ports"][0]["path_mtu"]
    assert connections == 1 + 1 + mtu.REPEATS + 2  # the port's, a large one, small ones, once more large and ordinary


@pytest.mark.parametrize("after", [1, 2])
def test_a_server_that_falls_silent_is_not_said_to_mind_large_hellos(authority: Authority, after: int) -> None:
    """It answers the port's own handshake, then none; or large ones again, after the first."""
    handshakes: list[Client] = []
    outlasted: list[Client] = []

    def script(client: Client) -> None:
        clear(client)
        large = is_large(client)
        handshakes.append(client)
        if len(handshakes) > 1 and (after == 1 or (large and len(handshakes) == after)):
            try:
                client.silence()
            except socket.timeout:  # the check has not given up before the server's PATIENCE ended
                outlasted.append(client)
        mails(authority, client)

    report, _connections = checked(script, authority, timeout=30)
    assert not outlasted
    assert outcome(report) == [(587, "tls", [])]


def test_a_slow_server_has_no_time_for_a_large_hello(authority: Authority, unhurried: None) -> None:
    """What its own handshake took is not left: nothing could be told."""
    large: list[bool] = []
    taken = [0.0]

    def script(client: Client) -> None:
        clear(client)
        large.append(is_large(client))
        taken[0] = 4.0  # the server's pace by the check's clock, whose patience is 5 seconds
        mails(authority, client)

    report, connections = checked(script, authority, timeout=40, clock=lambda: time.monotonic() + taken[0])
    assert outcome(report) == [(587, "tls", [])]
    assert connections == 2
    assert not any(large)


def test_a_large_write_that_begins_late_is_waited_for(authority: Authority, unhurried: None) -> None:
    """Its connection takes longer to open than the check's own dialogue takes in all."""

    def healthy(client: Client) -> None:
        clear(client)
        mails(authority, client)

    def hole(client: Client) -> None:
        clear(client)
        if len(client.sock.recv(2000, socket.MSG_PEEK)) > 1300:
            client.silence()
        mails(authority, client)

    with serve(hole) as narrow, serve(healthy) as small:

        def late(at: str, _port: int, left: float, most: int | None) -> socket.socket:
            threading.Event().wait(0.2)  # the path's own delay
            return mtu.connect_sized(at, small.port if most else narrow.port, left, most)

        job = Request(NAME, None, [587], authority.client(), "web1", 20.0)
        report = check(job, net({587: narrow.port}, connect_sized=late))
    assert outcome(report) == [(587, "tls", ["path_mtu_black_hole"])]
    assert report["reachable"]


@pytest.fixture
def until_looked_into(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """The clock of a check whose time ends when the path has been looked into: a busy machine has a long time-out."""
    passed = [0.0]
    look = probe.PathWatch.look

    def look_and_end(watch: probe.PathWatch, way: Way, opened: mtu.TcpInfo) -> None:
        look(watch, way, opened)
        passed[0] = 60.0

    monkeypatch.setattr(probe.PathWatch, "patience", lambda _watch: 1.0)
    monkeypatch.setattr(probe.PathWatch, "look", look_and_end)
    return lambda: time.monotonic() + passed[0]


def test_the_path_is_looked_into_before_the_dialogues_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []
    monkeypatch.setattr(search, "investigate", lambda _first, _way, deadline: left.append(deadline.left()))
    monkeypatch.setattr(search, "resets_large", lambda _way, deadline: left.append(deadline.left()))
    watch: Any = probe.PathWatch(None, Deadline(lambda: 0.0, 10.0))
    watch.look(None, None)
    watch.resets_large(None)
    assert left == [pytest.approx(9.5)] * 2


@pytest.mark.cause("server_slow")
def test_a_server_that_is_silent_in_tls(authority: Authority, until_looked_into: Callable[[], float]) -> None:
    report, connections = checked(silent_in_tls, authority, timeout=5, clock=until_looked_into)
    assert outcome(report) == [(587, "ehlo", ["server_slow"])]
    assert connections == 1 + 1 + mtu.REPEATS + 1  # the port's, one held back, small ones, and once more as at first


@pytest.mark.cause("tls_timeout", "a short disturbance")
def test_a_server_that_stalls_once(authority: Authority, until_looked_into: Callable[[], float]) -> None:
    clients: list[Client] = []

    def script(client: Client) -> None:
        clients.append(client)
        clear(client)
        if client is not clients[0]:
            client.start_tls(authority.server())
        client.silence()

    report, _connections = checked(script, authority, timeout=20, clock=until_looked_into)
    assert outcome(report) == [(587, "ehlo", ["tls_timeout"])]
    assert "a short disturbance" in report["diagnosis"][0]["cause"]


def test_a_server_that_refuses_a_second_connection(
    authority: Authority, until_looked_into: Callable[[], float]
) -> None:
    clients: list[Client] = []

    def script(client: Client) -> None:
        clients.append(client)
        if client is not clients[0]:
            busy(client)
            return
        silent_in_tls(client)

    report, _connections = checked(script, authority, timeout=20, clock=until_looked_into)
    assert outcome(report) == [(587, "ehlo", ["tls_timeout"])]
    assert "could not be told" in report["diagnosis"][0]["cause"]


@pytest.mark.parametrize(("script", "cause"), [(silent_at_once, "server_silent"), (silent_in_clear, "server_silent")])
def test_before_tls_nothing_is_looked_into(authority: Authority, script: Script, cause: str) -> None:
    report, connections = checked(script, authority, timeout=0.6)
    assert [diagnosis["id"] for diagnosis in report["diagnosis"]] == [cause]
    assert connections <= 2  # the port's, and one that asks whether it speaks TLS


def test_the_reply_to_starttls_is_no_handshake(authority: Authority) -> None:
    report, connections = checked(silent_to_starttls, authority, timeout=2)
    assert outcome(report) == [(587, "ehlo", ["server_silent"])]
    assert connections == 2  # the port's, and one for a large write that never came
