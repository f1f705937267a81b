# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator itself: its parts put together, and the operations that control it."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .certificates import Certificates
from .control import ControlServer
from .credentials import Credentials
from .dialogue import Dialogue
from .dns import Resolver, Zone, system_resolvers
from .faults import Faults
from .link import Link
from .listeners import LOOPBACK, Door, Doors, is_wildcard
from .model import Limits, Region, SimulatorError
from .policy import Policy
from .records import Book
from .wire import Wire

CLOSING = 2.0


@dataclasses.dataclass
class Options:
    """What a simulator is started with."""

    regions: Sequence[Region]
    state_dir: Path
    credentials: dict[str, Any] = dataclasses.field(default_factory=dict)
    host: str = LOOPBACK
    ports: str = "real"
    dns: str | None = None
    upstream: Sequence[str] | None = None
    names: dict[str, str] = dataclasses.field(default_factory=dict)


def own_address() -> str:
    """The address by which this machine reaches others; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            return LOOPBACK
        return str(sock.getsockname()[0])


class Engine:
    """Runs in one event loop; open() and close() in it."""

    def __init__(self, options: Options) -> None:
        if options.ports not in ("real", "ephemeral"):
            raise SimulatorError("ports must be real or ephemeral")
        if not options.regions:
            raise SimulatorError("a simulator needs a region")
        self.loop = asyncio.get_running_loop()
        self.state_dir = options.state_dir
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self._options = options
        # Copies: the zone changes them while it is served.
        regions = [dataclasses.replace(region, addresses=list(region.addresses)) for region in options.regions]
        self._regions = {region.name: region for region in regions}
        self._latency = 0.0
        self.connections: set[Wire] = set()
        self.limits = Limits()
        self.policy = Policy(self.limits)
        self.credentials = Credentials(options.credentials)
        self.certificates = Certificates(self.state_dir, regions)
        self.book = Book(self.state_dir / "sessions.jsonl")
        self.faults = Faults(self._regions.keys())
        self.doors = Doors(options.host, options.ports == "ephemeral", self._addresses, self._protocol)
        default = own_address() if is_wildcard(options.host) else options.host
        self.zone = Zone(regions, default, options.names)
        upstream = system_resolvers() if options.upstream is None else options.upstream
        self.resolver = Resolver(self.zone, upstream) if options.dns else None
        self._control = ControlServer(self.call)
        self._by_address: dict[str, list[str]] = {}
        for region in regions:
            for address in region.addresses:
                self._by_address.setdefault(address, []).append(region.name)

    async def open(self) -> None:
        await self.doors.open()
        if self.resolver is not None:
            host, _, port = str(self._options.dns).rpartition(":")
            await self.resolver.open(host, int(port))
        await self._control.open(self.state_dir)

    async def close(self) -> None:
        self._control.close()
        if self.resolver is not None:
            self.resolver.close()
        self.doors.close()
        for connection in list(self.connections):
            connection.cut()
        await self.book.wait(CLOSING, open=0)
        self.book.close()

    def regions_at(self, address: str) -> list[str]:
        return self._by_address.get(address) or list(self._regions)

    def _addresses(self, region: str | None) -> list[str]:
        chosen = self._regions.values() if region is None else [self._regions[region]]
        return [address for each in chosen for address in each.addresses]

    def _protocol(self, door: Door) -> asyncio.BaseProtocol:
        dialogue = Dialogue(self, door)
        return Link(self.loop, self._latency, dialogue) if self._latency else dialogue

    # Operations

    async def call(self, op: str, values: dict[str, Any]) -> dict[str, Any]:
        """One operation by its name; raises SimulatorError with a sentence."""
        method = getattr(self, f"_op_{op}", None)
        if method is None:
            known = sorted(name.removeprefix("_op_") for name in dir(self) if name.startswith("_op_"))
            raise SimulatorError(f"there is no operation {op}; there are {', '.join(known)}")
        try:
            result: dict[str, Any] = await method(**values)
        except TypeError as error:
            raise SimulatorError(f"{op}: {error}") from error
        return result

    async def _op_ping(self) -> dict[str, Any]:
        return {"ports": {str(door.port): door.real for door in self.doors.doors}}

    async def _op_fault(self, **values: Any) -> dict[str, Any]:
        region = values.get("region")
        unbound = region in self._regions and not self._addresses(region)
        if unbound and (values.get("refuse") or values.get("swallow")):
            raise SimulatorError(f"{region} has no addresses of its own that a port could be closed at")
        fault = self.faults.add(values)
        await self.doors.apply(self.faults.doors())
        if fault.seconds is not None:
            self.loop.call_later(fault.seconds, self._expire, fault.id)
        return {"id": fault.id}

    def _expire(self, number: int) -> None:
        self.faults.discard(number)
        self._task = self.loop.create_task(self.doors.apply(self.faults.doors()))

    async def _op_clear(self, id: int | None = None) -> dict[str, Any]:
        self.faults.clear(id)
        await self.doors.apply(self.faults.doors())
        return {}

    async def _op_faults(self) -> dict[str, Any]:
        return {"faults": [dataclasses.asdict(fault) for fault in self.faults.all()]}

    async def _op_sessions(self, since: int = 0) -> dict[str, Any]:
        return {"sessions": self.book.sessions(since)}

    async def _op_counters(self) -> dict[str, Any]:
        return {"counters": self.book.counters()}

    async def _op_wait(self, timeout: float = 10.0, **bounds: int) -> dict[str, Any]:
        known = {"total", "closed", "messages", "open"}
        if not bounds or bounds.keys() - known:
            raise SimulatorError(f"wait takes a timeout and at least one of {', '.join(sorted(known))}")
        return {"reached": await self.book.wait(timeout, **bounds), "counters": self.book.counters()}

    async def _op_latency(self, seconds: float | None = None) -> dict[str, Any]:
        if seconds is not None:
            if seconds < 0:
                raise SimulatorError("latency must not be negative")
            self._latency = float(seconds)
        return {"seconds": self._latency}

    async def _op_limits(self, **values: Any) -> dict[str, Any]:
        self.limits.change(values)
        return {"limits": dataclasses.asdict(self.limits)}

    async def _op_dns(self, **values: Any) -> dict[str, Any]:
        self.zone.change(values)
        return {"dns": self.zone.state()}

    async def _op_credentials(self, credentials: dict[str, Any] | None = None) -> dict[str, Any]:
        if credentials is not None:
            self.credentials.replace(credentials)
        return {"users": self.credentials.users()}

    async def _op_identities(self, verified: list[str] | None = None, sandbox: bool = False) -> dict[str, Any]:
        return {"identities": self.policy.change(verified, sandbox)}

    async def _op_reset(self) -> dict[str, Any]:
        """Everything as it was at the start; the number of the last session goes on."""
        self.faults.clear()
        self._latency = 0.0
        self.limits.change(dataclasses.asdict(Limits()))
        self.policy.reset()
        self.zone.reset()
        self.credentials.replace(self._options.credentials)
        self.book.reset()
        await self.doors.apply([])
        return {}
