# SPDX-License-Identifier: GPL-3.0-or-later
"""The five ports: open, refused or swallowed, on all addresses or on a region's."""

from __future__ import annotations

import asyncio
import errno
import functools
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .faults import Fault
from .model import PORTS

BACKLOG = 512
EVERYWHERE, LOOPBACK = "0.0.0.0", "127.0.0.1"
EVERYWHERE6, LOOPBACK6 = "::", "::1"
TRIES = 20
REFUSE, SWALLOW = "refuse", "swallow"


def is_wildcard(host: str) -> bool:
    return host in {EVERYWHERE, ""}


def bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """A socket at this address, of its family alone; OSError where it cannot be had."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    try:
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in address:  # beside a socket of the same port by IPv4
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock


@dataclass
class Door:
    """One of the ports: the number that it plays, and the one it has."""

    port: int
    mode: str
    real: int
    shut: dict[str, str] = field(default_factory=dict)
    servers: list[asyncio.Server] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)

    def close(self) -> None:
        for server in self.servers:
            server.close()
        for sock in self.sockets:
            sock.close()
        self.servers, self.sockets = [], []


class Doors:
    """The listeners, and the faults that strike before a connection exists."""

    def __init__(
        self,
        host: str,
        ephemeral: bool,
        addresses_of: Callable[[str | None], list[str]],
        protocol: Callable[[Door], asyncio.BaseProtocol],
    ) -> None:
        self._host = host
        self._addresses_of = addresses_of
        self._protocol = protocol
        self.doors = [Door(port, mode, 0 if ephemeral else port) for port, mode in PORTS.items()]

    async def open(self) -> None:
        for door in self.doors:
            for attempt in range(TRIES):
                try:
                    await self._open(door)
                    break
                except OSError as error:
                    # An ephemeral port that is free at one address may be taken at another.
                    if error.errno != errno.EADDRINUSE or door.port == door.real or attempt == TRIES - 1:
                        raise
                    door.close()
                    door.real = 0

    async def apply(self, faults: Sequence[Fault]) -> None:
        """Bring every port into the state that the faults want."""
        for door in self.doors:
            shut: dict[str, str] = {}
            for fault in faults:
                if not fault.ports or door.port in fault.ports:
                    struck = [EVERYWHERE] if fault.region is None else self._addresses_of(fault.region)
                    shut.update(dict.fromkeys(struck, REFUSE if fault.refuse else SWALLOW))
            if shut != door.shut:
                door.close()
                door.shut = shut
                await self._open(door)

    def close(self) -> None:
        for door in self.doors:
            door.close()

    def _layout(self, door: Door) -> list[str]:
        """The addresses to bind: a wildcard of each family, unless some of its addresses are shut."""
        if not is_wildcard(self._host):
            return list(dict.fromkeys([self._host, *self._addresses_of(None)]))
        families = ((4, self._host, LOOPBACK), (6, EVERYWHERE6, LOOPBACK6))
        return [address for family in families for address in self._of_family(door, *family)]

    def _of_family(self, door: Door, version: int, wildcard: str, loopback: str) -> list[str]:
        def ours(addresses: Iterable[str]) -> list[str]:
            return [address for address in addresses if (":" in address) == (version == 6)]

        if not ours(door.shut.keys() - {EVERYWHERE}):
            return [wildcard]
        return list(dict.fromkeys([loopback, *ours(self._addresses_of(None))]))

    async def _open(self, door: Door) -> None:
        for at, address in enumerate(self._layout(door)):
            try:
                sock = bound(address, door.real, socket.SOCK_STREAM)
            except OSError as error:
                # A region may have addresses that are elsewhere, or nowhere, and a kernel no IPv6.
                if at and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    continue
                raise
            door.real = sock.getsockname()[1]
            shut = door.shut.get(address) or door.shut.get(EVERYWHERE)
            if shut is None:
                loop = asyncio.get_running_loop()
                serve = functools.partial(self._protocol, door)
                door.servers.append(await loop.create_server(serve, sock=sock, backlog=BACKLOG))
                continue
            # Bound but not listening: the port is kept, and refuses.
            door.sockets.append(sock)
            if shut == SWALLOW:
                door.sockets.append(fill_up(sock))


def fill_up(sock: socket.socket) -> socket.socket:
    """Listen with the shortest queue and fill it: further SYNs stay unanswered. It takes no privilege."""
    sock.listen(0)
    host, port = sock.getsockname()[:2]
    loopback = {EVERYWHERE: LOOPBACK, EVERYWHERE6: LOOPBACK6}
    return socket.create_connection((loopback.get(host, host), port), timeout=1)
