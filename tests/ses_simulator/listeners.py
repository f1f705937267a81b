# SPDX-License-Identifier: GPL-3.0-or-later
"""The five ports: open, refused or swallowed, on all addresses or on a region's."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import functools
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .faults import Fault
from .model import PORTS

BACKLOG = 512
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
# Classic BPF: load the destination address, jump if equal, return; SKF_NET_OFF is the IP header.
LOAD_WORD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
DESTINATION = 0xFFF00000 + 16
PASS, DISCARD = 0x40000, 0
EVERYWHERE, LOOPBACK = "0.0.0.0", "127.0.0.1"
TRIES = 20


def is_wildcard(host: str) -> bool:
    return host in {EVERYWHERE, ""}


def swallow(sock: socket.socket, addresses: Sequence[str]) -> None:
    """Have the kernel discard every packet for these addresses: a SYN stays unanswered. It takes no privilege."""
    if not addresses:
        sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        return
    program = []
    for address in addresses:
        program += [(LOAD_WORD, 0, 0, DESTINATION), (JUMP_EQUAL, 0, 1, _number(address)), (RETURN, 0, 0, DISCARD)]
    program.append((RETURN, 0, 0, DISCARD if EVERYWHERE in addresses else PASS))
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(buffer)))


def _number(address: str) -> int:
    return int.from_bytes(socket.inet_aton(address), "big")


@dataclass
class Door:
    """One of the ports: the number that it plays, and the one it has."""

    port: int
    mode: str
    real: int
    refused: frozenset[str] = frozenset()
    listening: list[socket.socket] = field(default_factory=list)
    silent: list[socket.socket] = field(default_factory=list)
    servers: list[asyncio.Server] = field(default_factory=list)
    filtered: bool = False

    def close(self) -> None:
        for server in self.servers:
            server.close()
        for sock in [*self.listening, *self.silent]:
            sock.close()
        self.listening, self.silent, self.servers, self.filtered = [], [], [], False


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
            here = [fault for fault in faults if not fault.ports or door.port in fault.ports]
            refused = frozenset(a for fault in here if fault.refuse for a in self._struck(fault))
            if refused != door.refused:
                door.close()
                door.refused = refused
                await self._open(door)
            swallowed = [a for fault in here if fault.swallow for a in self._struck(fault)]
            if swallowed or door.filtered:
                for sock in door.listening:
                    swallow(sock, swallowed)
                door.filtered = bool(swallowed)

    def close(self) -> None:
        for door in self.doors:
            door.close()

    def _struck(self, fault: Fault) -> list[str]:
        return [EVERYWHERE] if fault.region is None else self._addresses_of(fault.region)

    def _layout(self, door: Door) -> list[str]:
        """The addresses to bind: one wildcard, unless some of its addresses are to refuse."""
        if is_wildcard(self._host) and door.refused <= {EVERYWHERE}:
            return [self._host]
        first = LOOPBACK if is_wildcard(self._host) else self._host
        return list(dict.fromkeys([first, *self._addresses_of(None)]))

    async def _open(self, door: Door) -> None:
        for at, address in enumerate(self._layout(door)):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((address, door.real))
            except OSError as error:
                sock.close()
                # A region may have addresses that are elsewhere, or nowhere.
                if at and error.errno == errno.EADDRNOTAVAIL:
                    continue
                raise
            door.real = sock.getsockname()[1]
            if {EVERYWHERE, address} & door.refused:
                # Bound but not listening: the port is kept, and refuses.
                door.silent.append(sock)
                continue
            door.listening.append(sock)
            loop = asyncio.get_running_loop()
            door.servers.append(
                await loop.create_server(functools.partial(self._protocol, door), sock=sock, backlog=BACKLOG)
            )
