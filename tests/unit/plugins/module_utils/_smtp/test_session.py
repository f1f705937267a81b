# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection's dialogue, over real sockets and real TLS."""

from __future__ import annotations

import base64
import contextlib
import errno
import socket
import time
from collections.abc import Iterator

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import (
    Credentials,
    Progress,
    Session,
    failure_of,
    open_connection,
)
from smtp_servers import NAME, Authority, Client, Script, serve

CREDENTIALS = Credentials("AKIAEXAMPLE", "pass+word/1")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@contextlib.contextmanager
def session_with(script: Script, timeout: float = 5) -> Iterator[tuple[Session, list[Client]]]:
    with serve(script) as server:
        sock = socket.create_connection(("127.0.0.1", server.port), timeout)
        session = Session(sock, Deadline(time.monotonic, time.monotonic() + timeout), lambda text: text)
        try:
            yield session, server.clients
        finally:
            session.close()


def once(client: Client, answer: bytes) -> None:
    client.answer(answer)
    client.silence()


@pytest.mark.parametrize(
    ("offer", "answers", "sent"),
    [
        (b"AUTH PLAIN LOGIN", [b"235 ok"], [b"AUTH PLAIN AEFLSUFFWEFNUExFAHBhc3Mrd29yZC8x"]),
        (b"AUTH LOGIN PLAIN", [b"235 ok"], [b"AUTH PLAIN AEFLSUFFWEFNUExFAHBhc3Mrd29yZC8x"]),
        (
            b"AUTH=LOGIN",
            [b"334 VXNlcm5hbWU6", b"334 UGFzc3dvcmQ6", b"235 ok"],
            [b"AUTH LOGIN", base64.b64encode(b"AKIAEXAMPLE"), base64.b64encode(b"pass+word/1")],
        ),
    ],
)
def test_the_mechanism_that_is_offered_is_used(
    authority: Authority, offer: bytes, answers: list[bytes], sent: list[bytes]
) -> None:
    def script(client: Client) -> None:
        client.start_tls(authority.server())
        client.answer(b"250-mail\r\n250 " + offer + b"\r\n")
        for answer in answers:
            client.answer(answer + b"\r\n")
        client.silence()

    with session_with(script) as (session, clients):
        session.start_tls(authority.client(), NAME)
        session.greet("web1")
        session.authenticate(CREDENTIALS)
        assert session.verified
        assert clients[0].received == [b"EHLO web1\r\n", *(line + b"\r\n" for line in sent)]


def test_without_tls_no_credential_is_sent() -> None:
    def script(client: Client) -> None:
        client.answer(b"250-mail\r\n250 AUTH PLAIN\r\n")
        client.line()

    with session_with(script) as (session, clients):
        session.greet("web1")
        with pytest.raises(Failure, match="unverified"):
            session.authenticate(CREDENTIALS)
        session.close()
    assert clients[0].received == [b"EHLO web1\r\n", b""]


def test_over_unverified_tls_no_credential_is_sent(authority: Authority) -> None:
    context = authority.client()
    context.check_hostname = False  # the chain alone does not make it the right server

    def script(client: Client) -> None:
        client.start_tls(authority.server())
        client.line()

    with session_with(script) as (session, clients):
        session.start_tls(context, NAME)
        session.offers = {"AUTH": ["PLAIN"]}
        with pytest.raises(Failure, match="unverified"):
            session.authenticate(CREDENTIALS)
        session.close()
    assert clients[0].received == [b""]


def test_replies_in_clear_after_the_one_to_starttls_are_not_taken(authority: Authority) -> None:
    with session_with(lambda client: once(client, b"220 go\r\n250 AUTH PLAIN\r\n")) as (session, _):
        session.command("STARTTLS", 220)
        with pytest.raises(Failure, match="injected"):
            session.start_tls(authority.client(), NAME)


def test_no_known_mechanism(authority: Authority) -> None:
    def script(client: Client) -> None:
        client.start_tls(authority.server())
        client.answer(b"250-mail\r\n250 AUTH CRAM-MD5\r\n")
        client.silence()

    with session_with(script) as (session, _):
        session.start_tls(authority.client(), NAME)
        session.greet("web1")
        with pytest.raises(Failure, match="no_auth: CRAM-MD5"):
            session.authenticate(CREDENTIALS)


def test_a_host_without_a_name_greets_with_its_address() -> None:
    with session_with(lambda client: once(client, b"250 hello\r\n")) as (session, clients):
        session.greet("")
        assert clients[0].received == [b"EHLO [127.0.0.1]\r\n"]


@pytest.mark.parametrize(("left", "waited"), [(0.4, 0.2), (10.0, 1.0)])
def test_quit_waits_for_half_of_what_is_left_and_a_second_at_most(left: float, waited: float) -> None:
    def script(client: Client) -> None:
        client.send(b"220 mail ESMTP\r\n")
        client.line()
        client.silence()

    with session_with(script) as (session, clients):
        session.expect(220)  # the server is there, which on a busy machine may take longer than QUIT waits
        session.deadline = Deadline(lambda: 0.0, left)  # its clock stands still: a busy machine does not count
        session.quit()
        assert session.deadline.seconds() == waited
    assert clients[0].received == [b"QUIT\r\n"]


def test_path_mtu_of_loopback() -> None:
    with session_with(lambda client: client.silence()) as (session, _):
        assert (session.path_mtu or 0) >= 1280


def test_credentials_do_not_show() -> None:
    assert "pass" not in repr(CREDENTIALS)
    assert "pass" not in str([CREDENTIALS])


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_deadline_and_its_shares() -> None:
    clock = Clock()
    deadline = Deadline(clock, 110)
    assert deadline.left() == 10
    assert deadline.share(0.5).left() == 5
    clock.now = 110
    with pytest.raises(socket.timeout):
        deadline.left()
    with pytest.raises(socket.timeout):
        deadline.share(0.5).left()


def test_progress_times_stages_and_keeps_the_last_one_completed() -> None:
    clock = Clock()
    progress = Progress(clock)
    with progress.during("ehlo"):
        clock.now += 0.25
    with progress.during("tls"):
        clock.now += 0.5
    with progress.during("ehlo"):
        clock.now += 0.25

    def fail() -> None:
        with progress.during("auth"):
            clock.now += 2
            raise ConnectionResetError

    with pytest.raises(Failure) as failure:
        fail()
    assert progress.stage == "tls"
    assert progress.timings_ms == {"ehlo": 500.0, "tls": 500.0, "auth": 2000.0}
    assert (failure.value.kind, failure.value.stage) == ("closed", "auth")


class Network:
    """Addresses that answer or fail, and the time-outs that each was given."""

    def __init__(self, clock: Clock, **answers: OSError | None) -> None:
        self.clock = clock
        self.answers = answers
        self.tried: list[tuple[str, float]] = []

    def __call__(self, address: str, _port: int, timeout: float) -> socket.socket:
        self.tried.append((address, timeout))
        answer = self.answers[address]
        if isinstance(answer, socket.timeout):
            self.clock.now += timeout
        if answer:
            raise answer
        return socket.socket()


def test_a_swallowed_address_leaves_time_for_the_next() -> None:
    clock = Clock()
    network = Network(clock, a=socket.timeout(), b=OSError(errno.ENETUNREACH, "unreachable"), c=None)
    opened = open_connection(["a", "b", "c"], 587, Deadline(clock, 109), network)
    opened.sock.close()
    assert opened.failed == {"a": "timeout", "b": "unreachable"}
    assert network.tried == [("a", 3), ("b", 3), ("c", 6)]


@pytest.mark.parametrize(
    ("answers", "kind", "facts"),
    [
        ({"a": socket.timeout(), "b": ConnectionRefusedError()}, "refused", {"refusing": "b", "silent": "a"}),
        ({"a": ConnectionRefusedError(), "b": socket.timeout()}, "refused", {"refusing": "a", "silent": "b"}),
        (
            {"a": socket.timeout(), "b": ConnectionRefusedError(), "c": socket.timeout()},
            "refused",
            {"refusing": "b", "silent": "a, c"},
        ),
        ({"a": socket.timeout(), "b": ConnectionResetError()}, "closed", {}),
        ({"a": OSError(errno.EACCES, ""), "b": socket.timeout()}, "forbidden", {}),
        ({"a": OSError(errno.ENETUNREACH, ""), "b": socket.timeout()}, "timeout", {}),
        ({"a": OSError(errno.ENETUNREACH, ""), "b": ConnectionRefusedError()}, "refused", {}),
        ({"a": OSError(errno.ENETUNREACH, "")}, "unreachable", {}),
        ({}, "unreachable", {}),
    ],
)
def test_which_address_speaks_for_the_port(
    answers: dict[str, OSError | None], kind: str, facts: dict[str, str]
) -> None:
    clock = Clock()
    with pytest.raises(Failure) as failure:
        open_connection(list(answers), 587, Deadline(clock, 110), Network(clock, **answers))
    assert (failure.value.kind, failure.value.facts) == (kind, facts)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (socket.timeout(), "timeout"),
        (TimeoutError(errno.ETIMEDOUT, ""), "timeout"),
        (ConnectionRefusedError(), "refused"),
        (ConnectionResetError(), "closed"),
        (BrokenPipeError(), "closed"),
        (OSError(errno.EHOSTUNREACH, ""), "unreachable"),
        (PermissionError(errno.EPERM, ""), "forbidden"),
        (OSError(errno.EMFILE, ""), "io"),
    ],
)
def test_kinds_of_errors(error: OSError, kind: str) -> None:
    assert failure_of(error).kind == kind
