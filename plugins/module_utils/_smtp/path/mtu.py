# SPDX-License-Identifier: GPL-3.0-or-later
"""The path MTU, without root: what the kernel tells of a connection, and what a few handshakes tell together.

On a path that silently drops large packets a handshake stalls. Other handshakes tell whether the path is to blame:
three with small segments, and one more like the first.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Callable, NamedTuple

SMALL_SEGMENT = 1200  # fits all but exotic paths, IPv6's minimum of 1280 bytes included
REPEATS = 3  # measured on 16 paths with 15 to 30 % loss: 1 small handshake misjudged three of them, 3 misjudged none
PRECISION = 4  # bytes
ETHERNET = 1500
# A stalled handshake proves something only when it was given far longer than small ones took.
PROOF_FACTOR = 4
PROOF_SECONDS = 1.0

PASSED = "passed"  # the handshake came to an end, be it a refused certificate
STALLED = "stalled"  # no end in time
LATE = "late"  # it took too long to get as far as the handshake
REFUSED = "refused"  # the server, or something in its place, ended it

# Verdicts; all but the first are kinds of failure that the table of causes knows.
HEALTHY = "healthy"
SLOW = "tls_slow"
LOSSY = "path_lossy"
BLACK_HOLE = "path_mtu_black_hole"
ONE_WAY = "path_mtu_one_way"
TRANSIENT = "tls_transient"
UNKNOWN = "timeout"
UNANSWERED = "large_hello_unanswered"
BLOCKED = "large_hello_blocked"

_LINUX = sys.platform.startswith("linux")
_TCP_INFO = (socket.IPPROTO_TCP, 11)
# (level, option) of IP_MTU and IPV6_MTU on Linux, which the socket module does not name.
_MTU_OPTIONS = {socket.AF_INET: (0, 14), socket.AF_INET6: (41, 24)}


ConnectSized = Callable[[str, int, float, "int | None"], socket.socket]


class TcpInfo(NamedTuple):
    """What the kernel knows of a connection, sizes in bytes; 0 where an older kernel does not tell."""

    options: int = 0
    segment: int = 0  # the largest that this host sends now
    path_mtu: int = 0
    advertised: int = 0  # the largest segment that the server was asked to send
    retransmits: int = 0
    out_of_order: int = 0


# Where the kernel has them, in their order.
_BYTE, _NUMBER = struct.Struct("B"), struct.Struct("I")
_LAYOUT = ((_BYTE, 5), (_NUMBER, 16), (_NUMBER, 60), (_NUMBER, 84), (_NUMBER, 100), (_NUMBER, 224))
_TIMESTAMPS = 1  # the bit of the options; they take 12 bytes of each segment


class Attempt(NamedTuple):
    """A handshake and what was seen of it."""

    outcome: str
    seconds: float = 0.0  # of the handshake alone
    setup: float = 0.0  # until the handshake began
    opened: TcpInfo = TcpInfo()  # when the connection was established
    ended: TcpInfo = TcpInfo()

    @property
    def clean(self) -> bool:
        """Whether the handshake passed, and no packet was sent twice or came out of order."""
        return self.outcome == PASSED and not (self.ended.retransmits or self.ended.out_of_order)


class Finding(NamedTuple):
    """What the handshakes tell of the path together; the size is in bytes."""

    verdict: str
    size: int | None = None  # the largest packet that passes, where the verdict has one


def parse_tcp_info(raw: bytes) -> TcpInfo:
    """Read the kernel's struct tcp_info (linux/tcp.h); a field that RAW is too short for is 0."""
    return TcpInfo(
        *(field.unpack_from(raw, offset)[0] if offset + field.size <= len(raw) else 0 for field, offset in _LAYOUT)
    )


def tcp_info(sock: socket.socket) -> TcpInfo:
    """Ask the kernel about a connection; all is 0 where it does not answer, and outside Linux."""
    with suppress(OSError):
        return parse_tcp_info(sock.getsockopt(*_TCP_INFO, 256) if _LINUX else b"")
    return TcpInfo()


def kernel_mtu(sock: socket.socket) -> int | None:
    """What the kernel takes for the path MTU in bytes, None where it does not tell: ask right after connect, later it
    may not."""
    option = _MTU_OPTIONS.get(sock.family) if _LINUX else None
    with suppress(OSError):
        return sock.getsockopt(*option) if option else None
    return None


def connect_sized(address: str, port: int, timeout: float, max_segment: int | None) -> socket.socket:
    """Connect within TIMEOUT seconds; OSError where that fails. The maximum segment size in bytes, set before, holds
    for both directions; None leaves it to the kernel."""
    family, kind, protocol, _name, target = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(timeout)
        if max_segment:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, max_segment)
        sock.connect(target)
    except OSError:
        sock.close()
        raise
    return sock


def header(address: str) -> int:
    """The bytes of a packet beside its segment; TCP options count as part of the segment."""
    return 60 if ":" in address else 40


def slowest(attempts: Sequence[Attempt]) -> float:
    """The seconds of the slowest of these handshakes."""
    return max(attempt.seconds for attempt in attempts)


def proof_wait(passed: float) -> float:
    """The seconds that a handshake must have stalled to be more than slow, where another one took PASSED seconds."""
    return max(PROOF_SECONDS, PROOF_FACTOR * passed)


def unanswered(large: Sequence[Attempt], ordinary: Attempt) -> bool:
    """Whether large handshakes in small segments stalled, though what they sent was taken and an ordinary one
    passed."""
    wait = proof_wait(ordinary.seconds)
    return ordinary.outcome == PASSED and all(
        attempt.outcome == STALLED and attempt.seconds >= wait and not attempt.ended.retransmits for attempt in large
    )


def blocked(large: Sequence[Attempt], small: Attempt) -> bool:
    """Whether handshakes that begin with a large ClientHello stalled, in small segments too, though one with a small
    ClientHello passed without the loss of a packet."""
    wait = proof_wait(small.seconds)
    return small.clean and all(attempt.outcome == STALLED and attempt.seconds >= wait for attempt in large)


_Fits = Callable[[Attempt, Sequence[Attempt], Attempt], bool]
# The first row that fits (first attempt, those with small segments, the second as the first) is the verdict.
_VERDICTS: tuple[tuple[str, _Fits], ...] = (
    (HEALTHY, lambda first, small, second: first.outcome == PASSED),
    (UNKNOWN, lambda first, small, second: first.outcome != STALLED),
    (SLOW, lambda first, small, second: all(attempt.outcome in (STALLED, LATE) for attempt in small)),
    (UNKNOWN, lambda first, small, second: any(attempt.outcome == REFUSED for attempt in small)),
    (LOSSY, lambda first, small, second: not all(attempt.clean for attempt in small)),
    (ONE_WAY, lambda first, small, second: second.outcome == PASSED and _shrunk(first, second)),
    (TRANSIENT, lambda first, small, second: second.outcome == PASSED),
    (
        BLACK_HOLE,
        lambda first, small, second: second.outcome == STALLED and second.seconds >= proof_wait(slowest(small)),
    ),
)


def verdict(first: Attempt, small: Sequence[Attempt], second: Attempt | None) -> str:
    """The first row of the table that fits. SECOND is None where the small attempts are not clean: it is not needed
    then."""
    seen = second or Attempt(LATE)
    return next((name for name, fits in _VERDICTS if fits(first, small, seen)), UNKNOWN)


def _shrunk(first: Attempt, second: Attempt) -> bool:
    """One side has learnt a smaller path MTU in between. Larger segments vary with the windows, too."""
    return 0 < second.opened.segment < min(first.opened.segment, ETHERNET)


def sent_size(address: str, info: TcpInfo) -> int | None:
    """The bytes of the largest packet that goes to the server, as far as this host has learnt a limit, or the server,
    which then asks for less. None where the kernel does not tell."""
    if not info.segment:
        return info.path_mtu or None
    size = _packet(address, info, info.segment)
    return min(size, info.path_mtu or size)


def _packet(address: str, info: TcpInfo, segment: int) -> int:
    """The size of the packet that such a segment is in; the kernel counts segments without timestamps."""
    return segment + (12 if info.options & _TIMESTAMPS else 0) + header(address)


def bounds(address: str, opened: TcpInfo) -> tuple[int, int]:
    """In bytes, the largest packet that is known to pass, and the smallest that is known not to."""
    high = _packet(address, opened, opened.advertised) if opened.advertised else ETHERNET + 1
    return SMALL_SEGMENT + header(address), high


def sizes(low: int, high: int) -> list[int]:
    """The packet sizes to try next, all at the same time; Ethernet's first, since nobody needs larger packets."""
    top = min(high, ETHERNET)
    step = (top - low) / 4
    inner = [low + round(step * part) for part in (1, 2, 3)]
    return sorted({size for size in [*inner, ETHERNET] if low < size < high})


def narrow(low: int, high: int, outcomes: Mapping[int, str]) -> tuple[int, int]:
    """New bounds. A size that passes is proof; a smaller one that stalls was lost by chance."""
    low = max([low, *(size for size, outcome in outcomes.items() if outcome == PASSED)])
    high = min([high, *(size for size, outcome in outcomes.items() if outcome == STALLED and size > low)])
    return low, high


def measured(low: int, high: int) -> bool:
    """Whether the search is over: the bounds are near enough, or Ethernet's packets pass."""
    return low >= ETHERNET or high - low <= PRECISION + 1


def rounds(low: int, high: int) -> int:
    """How many rounds of sizes are left at most, 1 or more."""
    count = 0
    gap = min(high, ETHERNET) - low
    while gap > PRECISION + 1:
        gap = -(-gap // 4)
        count += 1
    return max(count, 1)
