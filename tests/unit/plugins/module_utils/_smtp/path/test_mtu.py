# SPDX-License-Identifier: GPL-3.0-or-later
"""The path MTU: the table of verdicts row by row, the kernel's structure, and the search for the size."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path import mtu
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.mtu import Attempt, TcpInfo
from hypothesis import given
from hypothesis import strategies as st

WIDE, SHRUNK = TcpInfo(segment=1448), TcpInfo(segment=1348)
STALLED = Attempt(mtu.STALLED, 5, opened=WIDE)
LATE = Attempt(mtu.LATE, 5)
REFUSED = Attempt(mtu.REFUSED, 0.1)
PASSED = Attempt(mtu.PASSED, 0.1, opened=WIDE)
RESENT = PASSED._replace(ended=TcpInfo(retransmits=1))
DISORDERED = PASSED._replace(ended=TcpInfo(out_of_order=1))
HEALED = PASSED._replace(opened=SHRUNK)
STALLED_AT_LOOPBACK = STALLED._replace(opened=TcpInfo(segment=65483))
OTHER_WINDOW = PASSED._replace(opened=TcpInfo(segment=32741))


@pytest.mark.parametrize(
    ("first", "small", "second", "verdict"),
    [
        (PASSED, [], None, mtu.HEALTHY),
        (REFUSED, [PASSED] * 3, STALLED, mtu.UNKNOWN),
        (LATE, [PASSED] * 3, STALLED, mtu.UNKNOWN),
        (STALLED, [STALLED] * 3, None, mtu.SLOW),
        (STALLED, [LATE] * 3, None, mtu.SLOW),
        (STALLED, [STALLED, LATE, STALLED], None, mtu.SLOW),
        (STALLED, [PASSED, PASSED, REFUSED], None, mtu.UNKNOWN),
        (STALLED, [STALLED, STALLED, REFUSED], None, mtu.UNKNOWN),
        (STALLED, [PASSED, PASSED, RESENT], None, mtu.LOSSY),
        (STALLED, [DISORDERED, PASSED, PASSED], None, mtu.LOSSY),
        (STALLED, [PASSED, STALLED, PASSED], None, mtu.LOSSY),
        (STALLED, [PASSED, LATE, PASSED], None, mtu.LOSSY),
        (STALLED, [PASSED] * 3, STALLED, mtu.BLACK_HOLE),
        (STALLED, [PASSED] * 3, HEALED, mtu.ONE_WAY),
        (STALLED, [PASSED] * 3, PASSED, mtu.TRANSIENT),
        (STALLED_AT_LOOPBACK, [PASSED] * 3, OTHER_WINDOW, mtu.TRANSIENT),
        (STALLED, [PASSED] * 3, PASSED._replace(opened=TcpInfo()), mtu.TRANSIENT),  # a kernel that does not tell
        (STALLED, [PASSED] * 3, REFUSED, mtu.UNKNOWN),
        (STALLED, [PASSED] * 3, LATE, mtu.UNKNOWN),
        # Given too little time, or no more than a slow server needs, it proves nothing.
        (STALLED, [PASSED] * 3, STALLED._replace(seconds=0.9), mtu.UNKNOWN),
        (STALLED, [PASSED, PASSED, PASSED._replace(seconds=2)], STALLED, mtu.UNKNOWN),
        (STALLED, [PASSED, PASSED, PASSED._replace(seconds=1)], STALLED, mtu.BLACK_HOLE),
    ],
)
def test_attempts_lead_to_a_verdict(first: Attempt, small: list[Attempt], second: Attempt | None, verdict: str) -> None:
    assert mtu.verdict(first, small, second) == verdict


@pytest.mark.parametrize(
    ("large", "ordinary", "expected"),
    [
        ([STALLED] * 3, PASSED, True),
        ([STALLED, STALLED, PASSED], PASSED, False),
        ([STALLED, STALLED, LATE], PASSED, False),
        ([STALLED, STALLED, REFUSED], PASSED, False),
        ([STALLED] * 3, STALLED, False),  # all of the server is slow
        ([STALLED] * 3, REFUSED, False),
        ([STALLED, STALLED, STALLED._replace(ended=TcpInfo(retransmits=1))], PASSED, False),  # it did not get there
        ([STALLED._replace(seconds=0.9)] * 3, PASSED, False),
        ([STALLED] * 3, PASSED._replace(seconds=2), False),
    ],
)
def test_a_large_hello_that_is_not_answered(large: list[Attempt], ordinary: Attempt, expected: bool) -> None:
    assert mtu.unanswered(large, ordinary) is expected


def kernels(size: int, **fields: int) -> bytes:
    """The kernel's structure, cut to a size."""
    raw = bytearray(256)
    offsets = {"options": (5, "B"), "segment": (16, "I"), "path_mtu": (60, "I"), "advertised": (84, "I")}
    offsets.update({"retransmits": (100, "I"), "out_of_order": (224, "I")})
    for name, value in fields.items():
        struct.pack_into(offsets[name][1], raw, offsets[name][0], value)
    return bytes(raw[:size])


SEEN = TcpInfo(options=7, segment=1448, path_mtu=1500, advertised=1460, retransmits=3, out_of_order=9)


@pytest.mark.parametrize(
    ("size", "info"),
    [
        (0, TcpInfo()),
        (5, TcpInfo()),
        (6, TcpInfo(7)),
        (19, TcpInfo(7)),  # three quarters of a field are none
        (20, TcpInfo(7, 1448)),
        (104, SEEN._replace(out_of_order=0)),
        (227, SEEN._replace(out_of_order=0)),
        (228, SEEN),
        (256, SEEN),
    ],
)
def test_the_kernels_structure_may_be_short(size: int, info: TcpInfo) -> None:
    assert mtu.parse_tcp_info(kernels(size, **SEEN._asdict())) == info


@pytest.mark.parametrize(
    ("address", "info", "size"),
    [
        ("192.0.2.1", TcpInfo(1, 1448, 1500), 1500),
        ("192.0.2.1", TcpInfo(1, 1348, 1500), 1400),  # the server asked for less
        ("192.0.2.1", TcpInfo(1, 8949, 1400), 1400),  # this host learnt
        ("192.0.2.1", TcpInfo(0, 1460, 1500), 1500),
        ("2001:db8::1", TcpInfo(1, 1328, 1500), 1400),
        ("192.0.2.1", TcpInfo(1, 1348), 1400),
        ("192.0.2.1", TcpInfo(path_mtu=1400), 1400),
        ("192.0.2.1", TcpInfo(), None),
    ],
)
def test_the_size_that_is_sent(address: str, info: TcpInfo, size: int | None) -> None:
    assert mtu.sent_size(address, info) == size


@pytest.mark.parametrize(
    ("address", "options", "advertised", "bounds"),
    [
        ("192.0.2.1", 0, 1460, (1240, 1500)),
        ("192.0.2.1", 1, 1448, (1240, 1500)),
        ("192.0.2.1", 7, 8949, (1240, 9001)),
        ("2001:db8::1", 1, 1428, (1260, 1500)),
        ("192.0.2.1", 0, 0, (1240, 1501)),
    ],
)
def test_the_size_lies_between_bounds(address: str, options: int, advertised: int, bounds: tuple[int, int]) -> None:
    assert mtu.bounds(address, TcpInfo(options, advertised=advertised)) == bounds


def test_ethernets_size_is_tried_first_where_the_ends_are_larger() -> None:
    assert mtu.sizes(1240, 9001) == [1305, 1370, 1435, 1500]
    assert mtu.sizes(1240, 1500) == [1305, 1370, 1435]
    assert mtu.narrow(1240, 9001, {1305: mtu.PASSED, 1500: mtu.PASSED}) == (1500, 9001)
    assert mtu.measured(1500, 9001)


@pytest.mark.parametrize(
    ("outcomes", "bounds"),
    [
        ({1305: mtu.PASSED, 1370: mtu.STALLED, 1435: mtu.STALLED}, (1305, 1370)),
        ({1305: mtu.STALLED, 1370: mtu.PASSED, 1435: mtu.STALLED}, (1370, 1435)),  # 1305 was lost by chance
        ({1305: mtu.REFUSED, 1370: mtu.LATE, 1435: mtu.REFUSED}, (1240, 1500)),
    ],
)
def test_outcomes_narrow_the_bounds(outcomes: dict[int, str], bounds: tuple[int, int]) -> None:
    assert mtu.narrow(1240, 1500, outcomes) == bounds


@given(
    st.integers(1280, 9001), st.sampled_from([1450, 1492, 1500, 9001]), st.sampled_from(["192.0.2.1", "2001:db8::1"])
)
def test_the_search_ends_soon_and_near(real: int, interface: int, address: str) -> None:
    real = min(real, interface - 1)
    low, high = mtu.bounds(address, TcpInfo(advertised=interface - mtu.header(address)))
    asked, rounds = 0, 0
    while not mtu.measured(low, high):
        sizes = mtu.sizes(low, high)
        left = mtu.rounds(low, high)
        low, high = mtu.narrow(low, high, {size: mtu.PASSED if size <= real else mtu.STALLED for size in sizes})
        assert mtu.measured(low, high) or mtu.rounds(low, high) < left
        asked, rounds = asked + len(sizes), rounds + 1
    best = min(real, mtu.ETHERNET)
    assert best - mtu.PRECISION <= min(low, mtu.ETHERNET) <= best
    assert rounds <= 4
    assert asked <= 12


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_a_maximum_segment_size_holds_for_both_directions(listener: socket.socket) -> None:
    with mtu.connect_sized("127.0.0.1", listener.getsockname()[1], 2, 1200) as sock:
        far, _address = listener.accept()
        with far:
            assert mtu.tcp_info(sock).advertised <= 1200
            assert mtu.tcp_info(sock).segment <= 1200
            assert mtu.tcp_info(far).segment <= 1200


def test_without_a_size_the_connection_is_as_any(listener: socket.socket) -> None:
    with mtu.connect_sized("127.0.0.1", listener.getsockname()[1], 2, None) as sock:
        assert mtu.tcp_info(sock).segment > 1200
        assert mtu.kernel_mtu(sock) == mtu.tcp_info(sock).path_mtu


def test_a_refused_connection_leaves_nothing_open() -> None:
    with pytest.raises(ConnectionRefusedError):
        mtu.connect_sized("127.0.0.1", 1, 2, 1200)


def test_a_kernel_or_a_socket_that_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = socket.socketpair()
    with near, far:
        assert mtu.kernel_mtu(near) is None
        assert mtu.tcp_info(near) == TcpInfo()
    monkeypatch.setattr(mtu, "_LINUX", False)
    with socket.socket() as sock:
        assert mtu.kernel_mtu(sock) is None
        assert mtu.tcp_info(sock) == TcpInfo()
