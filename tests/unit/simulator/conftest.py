# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulator for all these tests, reset before each, and a client that shows every byte."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest
from ses_simulator import Region, Simulator

EAST, WEST = "us-east-1", "eu-west-1"
USER, PASSWORD = "AKIAEXAMPLE", "a password + / of it"
CREDENTIALS = {
    USER: PASSWORD,
    "AKIAWEST": {"password": PASSWORD, "regions": [WEST]},
    "AKIADERIVED": {"secret_access_key": "some+secret+key"},
}
TIMEOUT = 10


class Client:
    """A raw SMTP client."""

    def __init__(self, sim: Simulator, port: int, address: str = "127.0.0.1", timeout: float = TIMEOUT) -> None:
        self.sim = sim
        self.region = EAST if address == "127.0.0.1" else WEST
        self.sock: socket.socket = socket.create_connection((address, sim.ports[port]), timeout)
        self.sock.settimeout(TIMEOUT)
        self._rest = b""

    def line(self) -> str:
        """The next line; empty at the end of the connection."""
        while b"\r\n" not in self._rest:
            data = self.sock.recv(65536)
            if not data:
                return ""
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line.decode()

    def reply(self) -> str:
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def send(self, data: str) -> None:
        self.sock.sendall(data.encode())

    def command(self, text: str) -> str:
        self.send(text + "\r\n")
        return self.reply()

    def handshake(self, name: str | None = None, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        context = context or ssl.create_default_context(cafile=self.sim.ca_file)
        secured = context.wrap_socket(self.sock, server_hostname=name or f"email-smtp.{self.region}.amazonaws.com")
        self.sock = secured
        return secured

    def secure(self) -> Client:
        """Up to the EHLO within TLS, by STARTTLS."""
        self.reply()
        self.command("EHLO host.example.com")
        assert self.command("STARTTLS") == "220 Ready to start TLS"
        self.handshake()
        self.command("EHLO host.example.com")
        return self

    def login(self, user: str = USER, password: str = PASSWORD) -> str:
        return self.command(f"AUTH PLAIN {b64(chr(0) + user + chr(0) + password)}")

    def mail(self, body: str = "From: a@example.com\r\n\r\nHello\r\n", sender: str = "a@example.com", *to: str) -> str:
        """The reply to a message's end, or the first reply that refuses it."""
        commands = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in to or ("b@example.net",)), "DATA"]
        for command in commands:
            reply = self.command(command)
            if reply[:1] not in "23":
                return reply
        self.send(body)
        return self.command(".")

    def close(self) -> None:
        self.sock.close()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    regions = [Region(EAST, addresses=["127.0.0.1"]), Region(WEST, addresses=["127.0.0.2"])]
    state = tmp_path_factory.mktemp("simulator")
    with Simulator(regions=regions, credentials=CREDENTIALS, state_dir=state, dns="127.0.0.1:0") as sim:
        yield sim


@pytest.fixture
def sim(_running: Simulator) -> Simulator:
    _running.reset()
    return _running


Dial = Callable[..., Client]


@pytest.fixture
def dial(sim: Simulator) -> Iterator[Dial]:
    """Connect to a port; the connection is closed after the test."""
    clients: list[Client] = []

    def connect(port: int = 587, **options: object) -> Client:
        clients.append(Client(sim, port, **options))  # type: ignore[arg-type]
        return clients[-1]

    yield connect
    for client in clients:
        client.close()
    sim.clear()
    assert sim.wait(open=0, timeout=TIMEOUT)


@pytest.fixture
def session(sim: Simulator) -> Callable[[], dict[str, object]]:
    """The record of the last session, once it is closed."""

    def last() -> dict[str, object]:
        assert sim.wait(closed=sim.counters()["total"], timeout=TIMEOUT)
        return sim.sessions()[-1]

    return last
