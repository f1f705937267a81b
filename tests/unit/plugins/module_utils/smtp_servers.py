# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that a script plays, for what the simulator of SES does not do, and the way to them."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple

import trustme
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net, connect
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import Resolved

CLOSED = 1  # nothing listens on this port of a loopback address
NAME = "email-smtp.us-east-1.amazonaws.com"
# Seconds after which a server that waits in vain hangs up. A client that gives up by itself does so long before, also
# on a busy machine; another one tells of a connection that was lost. So no test needs a clock to see whether it does.
PATIENCE = 25
Script = Callable[["Client"], None]


class Authority:
    def __init__(self) -> None:
        self.ca = trustme.CA()
        self._server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(NAME).configure_cert(self._server)

    def client(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context

    def server(self) -> ssl.SSLContext:
        return self._server


class Client:
    """The client, as the script sees it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received: list[bytes] = []

    def send(self, *packets: bytes) -> None:
        for packet in packets:
            self.sock.sendall(packet)

    def line(self) -> bytes:
        line = b""
        try:
            while not line.endswith(b"\n"):
                byte = self.sock.recv(1)
                if not byte:
                    break
                line += byte
        finally:
            self.received.append(line)
        return line

    def answer(self, *packets: bytes) -> bytes:
        """Reads a line, then sends."""
        line = self.line()
        self.send(*packets)
        return line

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def pause(self, seconds: float) -> None:
        """The pace of the server that is played."""
        select.select([self.sock], [], [], seconds)

    def silence(self) -> None:
        """Until the client gives up."""
        while self.sock.recv(4096):
            pass


class Server(NamedTuple):
    port: int
    clients: list[Client]


@contextlib.contextmanager
def serve(script: Script) -> Iterator[Server]:
    """Plays the script to each client, until the end of the test."""
    clients: list[Client] = []
    threads: list[threading.Thread] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def play(client: Client) -> None:
        with contextlib.suppress(OSError), contextlib.closing(client.sock):
            script(client)
            client.sock.close()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client = Client(listener.accept()[0])
                client.sock.settimeout(PATIENCE)
                clients.append(client)
                threads.append(threading.Thread(target=play, args=(client,)))
                threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield Server(listener.getsockname()[1], clients)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for client in clients:
            with contextlib.suppress(OSError):
                client.sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def net(ports: dict[int, int], sleeps: list[float] | None = None, **values: Any) -> Net:
    """Real sockets, but to the ports that play the real ones."""
    given = {
        "resolve": lambda _name: Resolved("lb.example", ["127.0.0.1"]),
        "connect": lambda address, port, timeout: connect(address, ports.get(port, CLOSED), timeout),
        **values,
    }
    return Net(clock=time.monotonic, sleep=(sleeps if sleeps is not None else []).append, **given)


def outcome(report: dict[str, Any]) -> list[tuple[int, str | None, list[str]]]:
    return [(port["port"], port["stage"], [d["id"] for d in port["diagnosis"]]) for port in report["ports"]]
