# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS of the endpoints: an alias to the region's load balancer, as at AWS; the rest is asked of others."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from dnslib import AAAA, CNAME, QTYPE, RCODE, RR, A, DNSError, DNSRecord  # type: ignore[import-untyped]

from .listeners import EVERYWHERE6, bound, is_wildcard
from .model import Region, SimulatorError

TTL = 5
UPSTREAM_TIMEOUT = 2.0
MOST_ALIASES = 8
_KINDS = {4: (QTYPE.A, A), 6: (QTYPE.AAAA, AAAA)}  # by an address's version


def system_resolvers(path: Path = Path("/etc/resolv.conf")) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [words[1] for words in map(str.split, lines) if len(words) > 1 and words[0] == "nameserver"]


def _normal(name: str) -> str:
    return name.rstrip(".").lower()


def _version(text: str) -> int:
    """4 or 6 of an address, 0 of what is none."""
    try:
        return ipaddress.ip_address(text).version
    except ValueError:
        return 0


def _addresses(target: str | None) -> list[str]:
    """The addresses that a target of `names` lists, with commas between them; none where it is a name."""
    parts = (target or "").split(",")
    return parts if all(map(_version, parts)) else []


def _record(name: str, address: str) -> RR:
    kind, data = _KINDS[_version(address)]
    return RR(name, kind, ttl=TTL, rdata=data(address))


class Zone:
    """Our names, changeable while they are served."""

    def __init__(self, regions: Sequence[Region], default_address: str, names: dict[str, str]) -> None:
        self._regions = {region.name: region for region in regions}
        self._first = {region.name: (region.load_balancer, list(region.addresses)) for region in regions}
        self._first_names = {_normal(name): _normal(target) for name, target in names.items()}
        self._default_address = default_address
        self.reset()

    def reset(self) -> None:
        for name, (load_balancer, addresses) in self._first.items():
            self._regions[name].load_balancer, self._regions[name].addresses = load_balancer, list(addresses)
        self._names = dict(self._first_names)
        self._answers = {name: list(region.addresses) for name, region in self._regions.items()}
        self._gone: set[str] = set()
        self._servfail = False
        self._rotation: int | None = None
        self._turn = 0

    def change(self, values: dict[str, Any]) -> None:
        region = values.pop("region", None)
        of_region = values.keys() & {"load_balancer", "addresses"}
        if of_region and region not in self._regions:
            raise SimulatorError(f"{', '.join(sorted(of_region))} need a region: one of {', '.join(self._regions)}")
        known = {"load_balancer", "addresses", "names", "servfail", "nxdomain", "rotation"}
        if values.keys() - known:
            raise SimulatorError(f"dns takes region, {', '.join(sorted(known))}; not {min(values.keys() - known)}")
        wrong = [a for a in values.get("addresses", []) if not _version(a)]
        if wrong:
            raise SimulatorError(f"addresses must be IPv4 or IPv6 addresses; {wrong[0]} is none")
        if "load_balancer" in values:
            self._regions[region].load_balancer = _normal(values["load_balancer"])
        if "addresses" in values:
            self._answers[region] = list(values["addresses"])
        if "names" in values:
            # A name without a target is forgotten.
            self._names.update({_normal(name): _normal(target or "") for name, target in values["names"].items()})
            self._names = {name: target for name, target in self._names.items() if target}
        if "nxdomain" in values:
            names = values["nxdomain"]
            self._gone = {_normal(name) for name in ([names] if isinstance(names, str) else names or [])}
        self._servfail = bool(values.get("servfail", self._servfail))
        self._rotation = values.get("rotation", self._rotation)

    def state(self) -> dict[str, Any]:
        return {
            "regions": {
                name: {"load_balancer": region.load_balancer, "addresses": self.addresses(name)}
                for name, region in self._regions.items()
            },
            "names": self._names,
            "servfail": self._servfail,
            "nxdomain": sorted(self._gone),
            "rotation": self._rotation,
        }

    def addresses(self, region: str) -> list[str]:
        return self._answers[region] or [self._default_address]

    def answer(self, query: DNSRecord) -> DNSRecord | None:
        """The answer, or None if it is not ours to give."""
        name = _normal(str(query.q.qname))
        reply = query.reply()
        if name not in self._gone and self._target(name) is None and not self._balanced(name):
            return None
        if self._servfail:
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        for _ in range(MOST_ALIASES):
            if name in self._gone:
                reply.header.rcode = RCODE.NXDOMAIN
                return reply
            target = self._target(name)
            if target is None or _addresses(target):
                break
            reply.add_answer(RR(name, QTYPE.CNAME, ttl=TTL, rdata=CNAME(target)))
            if query.q.qtype == QTYPE.CNAME:
                return reply
            name = target
        for address in _addresses(target) or self._balanced(name):
            if query.q.qtype in (QTYPE.ANY, _KINDS[_version(address)][0]):
                reply.add_answer(_record(name, address))
        return reply

    def _target(self, name: str) -> str | None:
        """What a name of ours stands for: another name, or addresses with commas between them."""
        if name in self._names:
            return self._names[name]
        for region in self._regions.values():
            if name in (*region.names, f"email.{region.name}.amazonaws.com") or name.endswith(
                region.names[2].removeprefix("*")
            ):
                return region.load_balancer
        return None

    def _balanced(self, name: str) -> list[str]:
        """The addresses behind a load balancer's name, the next ones in turn."""
        for region in self._regions.values():
            if name == region.load_balancer:
                addresses = self.addresses(region.name)
                self._turn += 1
                count = self._rotation or len(addresses)
                start = self._turn * count if self._rotation else 0
                return [addresses[(start + at) % len(addresses)] for at in range(min(count, len(addresses)))]
        return []


class Resolver:
    """Answers from the zone, or from the upstream resolvers."""

    def __init__(self, zone: Zone, upstream: Sequence[str]) -> None:
        self._zone = zone
        self._upstream = [(host, int(port or 53)) for host, _, port in (u.partition(":") for u in upstream)]
        self._tasks: set[asyncio.Task[None]] = set()
        self._open_ones: list[asyncio.Server | asyncio.DatagramTransport] = []
        self.port = 0

    async def open(self, host: str, port: int) -> None:
        """Answer at this address; at a wildcard by IPv6 too, where the machine has it."""
        await self._open(host, port)
        if is_wildcard(host):
            with contextlib.suppress(OSError):  # a kernel without IPv6
                await self._open(EVERYWHERE6, self.port)

    async def _open(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve_tcp, sock=bound(host, port, socket.SOCK_STREAM))
        self._open_ones.append(server)
        self.port = server.sockets[0].getsockname()[1]
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), sock=bound(host, self.port, socket.SOCK_DGRAM)
        )
        self._open_ones.append(transport)

    def close(self) -> None:
        for one in self._open_ones:
            one.close()

    def datagram(self, transport: asyncio.DatagramTransport, data: bytes, peer: Any) -> None:
        async def work() -> None:
            answer = await self._answer(data, tcp=False)
            if answer and not transport.is_closing():
                transport.sendto(answer, peer)

        task = asyncio.get_running_loop().create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                answer = await self._answer(query, tcp=True)
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, data: bytes, tcp: bool) -> bytes:
        try:
            query = DNSRecord.parse(data)
        except DNSError:
            return b""
        if not query.questions:
            return b""
        ours = self._zone.answer(query)
        if ours is not None:
            return bytes(ours.pack())
        for host, port in self._upstream:
            try:
                async with asyncio.timeout(UPSTREAM_TIMEOUT):
                    return await (_ask_tcp if tcp else _ask_udp)(data, host, port)
            except (OSError, asyncio.IncompleteReadError):  # a time-out is an OSError
                continue
        reply = query.reply()
        reply.header.rcode = RCODE.SERVFAIL if self._upstream else RCODE.REFUSED
        return bytes(reply.pack())


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python 3.11's own datagram transport is no instance of asyncio.DatagramTransport.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._resolver.datagram(self._transport, data, addr)


class _Question(asyncio.DatagramProtocol):
    """One question to an upstream resolver."""

    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        if not self._answer.done():
            self._answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)


async def _ask_udp(data: bytes, host: str, port: int) -> bytes:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Question(answer), remote_addr=(host, port))
    try:
        transport.sendto(data)
        return await answer
    finally:
        transport.close()


async def _ask_tcp(data: bytes, host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(len(data).to_bytes(2, "big") + data)
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    finally:
        writer.close()
