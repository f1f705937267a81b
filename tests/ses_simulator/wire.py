# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection below its dialogue: TLS, the idle time-out, faults, and how replies leave."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
import struct
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

from . import replies
from .certificates import GOOD
from .faults import Fault
from .model import WRAPPER

if TYPE_CHECKING:
    from .engine import Engine
    from .listeners import Door

GARBAGE = bytes(range(128, 256)) + b"\x00\x16\x03\r\n"
# Records say what happened; aiosmtpd's log would repeat it on stderr.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
PACKET_GAP = 0.01
ONE_PACKET = 1400  # bytes: a longer ClientHello is large
LARGEST_HELLO = 1 << 16


class Ended(Exception):  # noqa: N818  (how a dialogue ends, by a QUIT among others; no error)
    """The dialogue is over; the argument says how: quit, idle, drop, limit or client."""


class Wire(SMTP):
    """aiosmtpd's protocol with what a faulty or distant endpoint does to a connection."""

    def __init__(self, engine: Engine, door: Door, **options: Any) -> None:
        super().__init__(object(), loop=engine.loop, hostname=replies.HOST, **options)
        self.engine = engine
        self.door = door
        self.limits = engine.limits
        self.region = ""
        self.regions: list[str] = []
        self.modifiers: dict[str, Any] = {}
        self._substitute: str | None = None
        self._busy = False

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self.regions = self.engine.regions_at(local[0])
        self.region = self.regions[0]
        self.record = self.engine.book.begin(self.door.port, self.region, peer[0], local[0])
        self.engine.connections.add(self)
        assert isinstance(transport, asyncio.Transport)
        self._raw = transport
        if self.door.mode == WRAPPER:
            transport.pause_reading()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._close_record()

    def _close_record(self) -> None:
        self.engine.connections.discard(self)
        if self.record.data["closed"] is None:
            self.record.data["end"] = self.record.data["end"] or "client"
            self.engine.book.end(self.record)

    def eof_received(self) -> bool:
        # A client may close right after QUIT: what it sent before is still to be read.
        if self._busy:
            assert self._handler_coroutine is not None
            self._handler_coroutine.cancel()
        self._reader.feed_eof()
        return False

    def data_received(self, data: bytes) -> None:
        self._last = self.loop.time()
        super().data_received(data)

    async def start_tls(self) -> None:
        """Take the client's handshake; raises Ended if it fails."""
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.pause_reading()
        # RFC 3207: what was sent in clear after STARTTLS is not to be heard.
        self._reader._buffer.clear()  # type: ignore[attr-defined]
        if not await self.begin("tls"):
            raise Ended("drop")
        if "large_hello" in self.modifiers and await self._hello_size() > ONE_PACKET:
            await self._mind_large_hello(self.modifiers["large_hello"])
        context = self.engine.certificates.context(
            self.regions, self.modifiers.get("certificate", GOOD), self.modifiers.get("tls_max", "")
        )
        self._busy = True
        self._raw._force_close = self._refuse_handshake  # type: ignore[attr-defined]
        try:
            secured = await self.loop.start_tls(
                self._raw,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self.limits.idle,
            )
            if secured is None:
                raise ConnectionResetError("closed during the handshake")
        except (OSError, ssl.SSLError) as error:
            self.record.data["tls_error"] = str(error) or type(error).__name__
            # asyncio tells of a failed handshake here only, not by connection_lost.
            assert self._timeout_handle is not None
            self._timeout_handle.cancel()
            self.record.data["end"] = "client"
            self._close_record()
            raise Ended("client") from error
        finally:
            self._busy = False
            del self._raw._force_close  # type: ignore[attr-defined]
        self._tls_protocol = secured  # type: ignore[assignment]  # aiosmtpd asks only whether there is one
        self._original_transport = self._raw
        self.transport = secured
        self._reader._transport = self._writer._transport = secured  # type: ignore[attr-defined]
        self._reset_timeout()
        self._note_tls(secured.get_extra_info("ssl_object"))

    async def _hello_size(self) -> int:
        """The bytes of the client's first message, which stays to be read; 0 where none comes."""
        ends = self.loop.time() + self.limits.idle
        with socket.socket(fileno=os.dup(self._raw.get_extra_info("socket").fileno())) as sock:
            while self.loop.time() < ends:
                with contextlib.suppress(BlockingIOError):
                    head = sock.recv(5, socket.MSG_PEEK)
                    if len(head) in (0, 5):
                        return int.from_bytes(head[3:], "big")
                await asyncio.sleep(PACKET_GAP)  # the interval of a bounded poll
        return 0

    async def _mind_large_hello(self, how: str) -> None:
        """As a device in between that knows small ones alone."""
        if how == "reset":
            self.drop(reset=True)
        self._busy = True
        # A reader that is full would not see the client's end.
        self._reader._limit = LARGEST_HELLO  # type: ignore[attr-defined]
        self._raw.resume_reading()
        await asyncio.Event().wait()

    def _refuse_handshake(self, error: Exception | None) -> None:
        """asyncio would close without the alert that OpenSSL has written."""
        alert = self._raw.get_protocol()._outgoing.read()  # type: ignore[attr-defined]
        if alert:
            self._raw.write(alert)
        type(self._raw)._force_close(self._raw, error)  # type: ignore[attr-defined]

    def _note_tls(self, connection: ssl.SSLObject) -> None:
        cipher = connection.cipher()
        sni = getattr(connection, "ses_sni", None)
        if len(self.regions) > 1:
            self.region = self.engine.certificates.region_of(sni) or self.region
        self.record.data.update(
            tls=connection.version(), cipher=cipher and cipher[0], sni=sni, region=self.region
        )  # fmt: skip

    # Time

    def _reset_timeout(self, duration: float | None = None) -> None:
        self._last = self.loop.time()
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timeout_handle = self.loop.call_later(self.limits.idle, self._timeout_cb)

    def _timeout_cb(self) -> None:
        left = self.limits.idle if self._busy else self._last + self.limits.idle - self.loop.time()
        if left > 0:
            self._timeout_handle = self.loop.call_later(left, self._timeout_cb)
            return
        assert self._handler_coroutine is not None
        self.record.data["end"] = "idle"
        self.record.reply(replies.IDLE)
        self._writer.write(replies.IDLE.encode() + b"\r\n")
        self._handler_coroutine.cancel()
        self.hang_up()

    # Faults

    async def begin(self, stage: str, line: str = "") -> bool:
        """Let the faults of this stage strike; False if one has answered for us."""
        self.modifiers = {}
        self._substitute = None
        self._drop_after = 0
        for fault in self.engine.faults.take(stage, self.door.port, self.region, line):
            self.modifiers.update(fault.actions())
            if not await self._strike(fault, stage):
                return False
        return True

    async def _strike(self, fault: Fault, stage: str) -> bool:
        self._busy = True
        try:
            if fault.delay:
                await asyncio.sleep(fault.delay)
            # During the data a drop waits for some of it; after the data, where it is kept, for the message.
            self._drop_after = fault.after
            if fault.drop and not (stage == "data" and fault.after) and not fault.kept:
                self.drop(reset=fault.drop == "reset")
            if fault.silent:
                self._raw.resume_reading()
                await asyncio.Event().wait()
            if fault.garbage:
                self._raw_write(GARBAGE if fault.garbage is True else bytes.fromhex(str(fault.garbage)))
                return False
            if fault.endless:
                await self._endless(b"x" * 1024 if fault.endless == "line" else b"250-endless\r\n" * 80)
        finally:
            self._busy = False
        return fault.reply is None or await self._answer(fault.reply)

    async def _answer(self, text: str) -> bool:
        """A positive text takes the place of the stage's own; any other one ends the stage."""
        if text[:1] in "23":
            self._substitute = text
            return True
        await self.push(text)
        if text.startswith("421"):
            raise Ended("limit")
        return False

    async def _endless(self, chunk: bytes) -> None:
        while True:
            self._raw_write(chunk)
            await self._writer.drain()
            await asyncio.sleep(PACKET_GAP)

    def _raw_write(self, data: bytes) -> None:
        self._writer.write(data)

    def hang_up(self) -> None:
        """Close with TLS's goodbye, and don't wait for the client's."""
        if not self._raw.is_closing():
            self._writer.close()
            self._raw.close()

    def drop(self, reset: bool = False) -> None:
        """Close without a word: not even TLS says goodbye."""
        if reset:
            sock = self._raw.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.cut()
        raise Ended("drop")

    def cut(self) -> None:
        self.record.data["end"] = "drop"
        self._raw.abort()

    # Replies

    async def push(self, status: str | bytes) -> None:
        text = status.decode() if isinstance(status, bytes) else status
        if not text:
            return
        if self._substitute is not None and text[:1] == self._substitute[:1]:
            text, self._substitute = self._substitute, None
        text = replies.TRANSLATED.get(text, text).replace("\r\n", "\n").replace("\n", "\r\n")
        self.record.reply(text.replace("\r\n", "\n"))
        data = text.encode("utf-8", "surrogateescape") + b"\r\n"
        self._last = self.loop.time()
        split = self.modifiers.get("split")
        for packet in packets_of(data, split):
            self._writer.write(packet)
            if split:
                await asyncio.sleep(PACKET_GAP)
        await self._writer.drain()


def packets_of(data: bytes, split: str | None) -> list[bytes]:
    if split == "lines":
        return data.splitlines(keepends=True)
    if split == "bytes":
        return [data[at : at + 3] for at in range(0, len(data), 3)]
    return [data]
