# SPDX-License-Identifier: GPL-3.0-or-later
"""A long way between client and endpoint: bytes arrive half a round trip later, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

# The event loop wakes up to a millisecond late: half of it early makes the mean right.
EARLY = 0.0005


class Queue:
    """Calls made after a delay, in order, by one timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._calls: deque[tuple[float, Callable[..., object], tuple[Any, ...]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._held = False

    def put(self, call: Callable[..., object], *args: Any, earliest: float = 0.0) -> None:
        due = max(self._loop.time() + self._seconds, earliest)
        self._calls.append((due, call, args))
        self._arm()

    def hold(self, held: bool) -> None:
        self._held = held
        self._arm()

    def forget(self) -> None:
        self._calls.clear()

    def _arm(self) -> None:
        if self._timer is None and self._calls and not self._held:
            self._timer = self._loop.call_at(self._calls[0][0] - EARLY, self._run)

    def _run(self) -> None:
        self._timer = None
        while self._calls and not self._held and self._calls[0][0] <= self._loop.time() + 2 * EARLY:
            _due, call, args = self._calls.popleft()
            call(*args)
        self._arm()


def feed(protocol: asyncio.BaseProtocol, data: bytes) -> None:
    """Give bytes to a protocol of either kind."""
    if isinstance(protocol, asyncio.BufferedProtocol):
        view = memoryview(data)
        while view:
            buffer = memoryview(protocol.get_buffer(len(view)))
            size = min(len(view), len(buffer))
            buffer[:size] = view[:size]
            protocol.buffer_updated(size)
            view = view[size:]
    else:
        assert isinstance(protocol, asyncio.Protocol)
        protocol.data_received(data)


class DistantTransport(asyncio.Transport):
    """What the upper protocol sees: its peer's transport, far away."""

    _start_tls_compatible = True

    def __init__(self, loop: asyncio.AbstractEventLoop, near: asyncio.Transport, round_trip: float) -> None:
        super().__init__()
        self._near = near
        self._protocol: asyncio.BaseProtocol = asyncio.Protocol()
        self._closing = False
        self._error: Exception | None = None
        # The kernel shook hands at once; over the link that takes a round trip and a half.
        self._open_at = loop.time() + 1.5 * round_trip
        self._inbound = Queue(loop, round_trip / 2)
        self._outbound = Queue(loop, round_trip / 2)

    # From the client

    def opened(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol
        self._inbound.put(protocol.connection_made, self, earliest=self._open_at)

    def received(self, data: bytes) -> None:
        self._inbound.put(self._deliver, data)

    def received_eof(self) -> None:
        self._inbound.put(self._deliver_eof)

    def lost(self, error: Exception | None) -> None:
        self._inbound.hold(False)
        self._inbound.put(self._deliver_loss, error)

    def _deliver(self, data: bytes) -> None:
        if not self._closing:
            feed(self._protocol, data)

    def _deliver_eof(self) -> None:
        if not self._closing:
            assert isinstance(self._protocol, (asyncio.Protocol, asyncio.BufferedProtocol))
            if not self._protocol.eof_received():
                self.close()

    def _deliver_loss(self, error: Exception | None) -> None:
        self._closing = True
        self._protocol.connection_lost(error or self._error)

    # From the endpoint

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if data and not self._closing:
            self._outbound.put(self._near.write, bytes(data))

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._outbound.put(self._near.close)

    def abort(self) -> None:
        self._closing = True
        self._outbound.put(self._near.abort)

    def _force_close(self, error: Exception | None) -> None:  # asyncio's TLS calls it
        self._error = error
        self.abort()

    def is_closing(self) -> bool:
        return self._closing

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There are none: replies are small."""

    def pause_reading(self) -> None:
        self._inbound.hold(True)
        self._near.pause_reading()

    def resume_reading(self) -> None:
        self._inbound.hold(False)
        self._near.resume_reading()

    def is_reading(self) -> bool:
        return self._near.is_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._near.get_extra_info(name, default)


class Link(asyncio.Protocol):
    """The near end: hands what the client sends to the far end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, round_trip: float, far: asyncio.BaseProtocol) -> None:
        self._loop = loop
        self._round_trip = round_trip
        self._far = far

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._distant = DistantTransport(self._loop, transport, self._round_trip)
        self._distant.opened(self._far)

    def data_received(self, data: bytes) -> None:
        self._distant.received(data)

    def eof_received(self) -> bool:
        self._distant.received_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._distant.lost(error)
