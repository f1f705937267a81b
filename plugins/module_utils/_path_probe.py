# SPDX-License-Identifier: GPL-3.0-or-later
"""Further handshakes beside the check's own, which tell what the path does to large packets.

How the time of a check is shared: a dialogue keeps all of it. When its handshake has stalled for a quarter of what is
left (5 seconds at most), four more begin beside it: three with small segments and one as the first. When the small
ones pass, up to eleven more measure the size, in three rounds. The answer is there before the time is over.
One port's handshakes speak for all ports, whose packets take the same way.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable, NamedTuple, TypeVar

from ansible_collections.mailops.ses.plugins.module_utils import _path_mtu as path
from ansible_collections.mailops.ses.plugins.module_utils import _tls
from ansible_collections.mailops.ses.plugins.module_utils._deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._dialogue import Session
from ansible_collections.mailops.ses.plugins.module_utils._path_mtu import Attempt, ConnectSized, Finding
from ansible_collections.mailops.ses.plugins.module_utils._replies import Failure

_PATIENCE = 0.25  # this share of the time a handshake may take before it is looked into
_MAX_PATIENCE = 5.0
_SMALL_SHARE = 0.5  # of the time that is left then: when not even small segments pass in it, the server is slow
_END_SHARE = 0.95  # the answer shall be there when the dialogue gives up
_LEAST_WAIT = 0.3  # above the 0.2 seconds after which a lost packet is sent again
_GRACE = 1.0  # that the report waits for a large write that has not begun
_LARGER = 600  # so many bytes more than a packet holds make a large ClientHello
_LARGEST = 12_000  # more than jumbo frames hold

Result = TypeVar("Result")


class Way(NamedTuple):
    """How to get to the server once more; nothing secret goes over it."""

    connect: ConnectSized
    context: ssl.SSLContext
    client_name: str
    server_name: str
    clock: Callable[[], float]
    address: str = ""
    port: int = 0
    tls: str = ""


def start(call: Callable[[], Result]) -> Callable[[float], Result | None]:
    """Runs it beside; what comes of it is asked for with a time-out. What is late is left behind."""
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()

    def ask(seconds: float) -> Result | None:
        thread.join(max(seconds, 0))
        return results[0] if results else None

    return ask


def attempt(
    way: Way,
    deadline: Deadline,
    wait: float,
    max_segment: int | None = None,
    hold: Callable[[], bool] = lambda: True,
) -> Attempt:
    """One handshake of at most `wait` seconds; just before it begins, `hold` is asked whether it shall."""
    began = hello = way.clock()
    opened = ended = path.TcpInfo()
    session: Session | None = None
    outcome = path.LATE
    try:
        session = Session(way.connect(way.address, way.port, deadline.left(), max_segment), deadline, str)
        opened = session.tcp_info()
        if way.tls == "starttls":
            session.expect(220)
            session.greet(way.client_name)
            session.command("STARTTLS", 220)
        outcome = path.REFUSED
        hello = way.clock()
        if hold():
            outcome = path.STALLED
            hello = way.clock()
            session.deadline = deadline.within(wait)
            session.start_tls(way.context, way.server_name)
            outcome = path.PASSED
            ended = session.tcp_info()
    except (socket.timeout, TimeoutError):  # noqa: UP041  (two classes until Python 3.10)
        pass
    except Failure as failure:
        outcome = path.LATE if failure.kind == "timeout" else path.REFUSED
    except OSError as error:
        answered = isinstance(error, ssl.SSLError) and _tls.kind_of(error) != "closed"
        outcome = path.PASSED if answered else path.REFUSED
    finally:
        if session:
            session.close()
    return Attempt(outcome, way.clock() - hello, hello - began, opened, ended)


def investigate(first: Attempt, way: Way, deadline: Deadline) -> Finding:
    """Why did the first one stall?"""
    began = way.clock()
    second = start(lambda: attempt(way, deadline, deadline.seconds()))
    half = deadline.share(_SMALL_SHARE)
    asks = [start(lambda: attempt(way, half, half.seconds(), path.SMALL_SEGMENT)) for _number in range(path.REPEATS)]
    small = [ask(half.seconds()) or Attempt(path.LATE) for ask in asks]
    if not all(one.clean for one in small):
        return Finding(path.verdict(first, small, None))
    size: int | None = measure(first, small, way, deadline, lambda: second(0) is not None)
    setup = max(one.setup for one in small)
    rest = path.proof_wait(small) + setup - (way.clock() - began)
    last = second(min(rest, deadline.seconds())) or Attempt(path.STALLED, way.clock() - began - setup)
    found = path.verdict(first, small, last)
    if found == path.ONE_WAY:
        size = path.sent_size(way.address, last.opened)
    return Finding(found, size if found in (path.BLACK_HOLE, path.ONE_WAY) else None)


def measure(first: Attempt, small: list[Attempt], way: Way, deadline: Deadline, over: Callable[[], bool]) -> int:
    """The largest packet that is seen to pass: within 4 bytes when the time is enough, never too large."""
    low, high = path.bounds(way.address, first.opened)
    extra = path.header(way.address)
    setup = max(one.setup for one in small)
    slowest = max(one.seconds for one in small)
    while not path.measured(low, high) and not over():
        wait = min(
            deadline.seconds() / path.rounds(low, high) - setup,
            max(path.PROOF_SECONDS, path.PROOF_FACTOR * slowest),
        )
        if wait < max(_LEAST_WAIT, 2 * slowest):
            break
        asks = {size: start(_sized(way, deadline, wait, size - extra)) for size in path.sizes(low, high)}
        results = {size: ask(deadline.seconds()) for size, ask in asks.items()}
        outcomes = {size: result.outcome if result else path.LATE for size, result in results.items()}
        narrower = path.narrow(low, high, outcomes)
        if narrower == (low, high):
            break
        low, high = narrower
    return min(low, path.ETHERNET)


def _sized(way: Way, deadline: Deadline, wait: float, max_segment: int) -> Callable[[], Attempt]:
    return lambda: attempt(way, deadline, wait, max_segment)


class Findings(NamedTuple):
    """What became known of the path."""

    stalled: Finding | None = None  # why handshakes stalled
    large: Finding | None = None  # what became of a large write, after a handshake that passed
    learnt: int | None = None  # the size of its packets, when it passed in several


class PathWatch:
    """Beside one check: looks into a handshake that stalls, and after one that passed writes something large."""

    def __init__(self, way: Way | None, deadline: Deadline) -> None:
        self._way = way  # each handshake adds its address and port
        self._deadline = deadline
        self._lock = threading.Lock()
        self._investigating = False
        self._stalled: Finding | None = None
        self._large: Callable[[float], Findings | None] | None = None
        self._wrote = threading.Event()  # the large ClientHello is on its way

    @contextmanager
    def handshake(self, session: Session, port: int, tls: str) -> Iterator[None]:
        if self._way is None or not session.peer:
            yield
            return
        way = self._way._replace(address=session.peer, port=port, tls=tls)
        over, passed = threading.Event(), threading.Event()
        opened = session.opened

        def hold() -> bool:
            over.wait(self._patience())
            if not passed.is_set():
                with self._lock:
                    self._large = None  # another port may
            return passed.is_set()

        start(lambda: self._watch(over, way, opened))
        self._write_large(way, opened, hold)
        try:
            yield
            passed.set()
        finally:
            over.set()
        self._write_large(way, opened, lambda: True)

    def findings(self) -> Findings:
        """Once all dialogues are over."""
        large = Findings()
        ask = self._large
        if ask:
            begun = self._wrote.wait(min(_GRACE, self._deadline.seconds()))
            large = ask(self._deadline.seconds() if begun else 0) or large
        return large._replace(stalled=self._stalled)

    def _watch(self, over: threading.Event, way: Way, opened: path.TcpInfo) -> None:
        if over.wait(self._patience()):
            return
        with self._lock:
            if self._investigating:
                return
            self._investigating = True
        first = Attempt(path.STALLED, opened=opened)
        self._stalled = investigate(first, way, self._deadline.share(_END_SHARE))

    def _write_large(self, way: Way, opened: path.TcpInfo, hold: Callable[[], bool]) -> None:
        with self._lock:
            if self._large is None:
                self._large = start(lambda: self._large_write(way, opened, hold))

    def _large_write(self, way: Way, opened: path.TcpInfo, hold: Callable[[], bool]) -> Findings:
        size = min(opened.segment or path.ETHERNET, _LARGEST) + _LARGER
        way = way._replace(context=_tls.large_hello_context(size))

        def written() -> bool:
            if hold():
                self._wrote.set()
                return True
            return False

        first = attempt(way, self._deadline, self._patience(), hold=written)
        self._wrote.set()  # or never will: nobody need wait for it
        if first.outcome == path.PASSED:
            sent = path.sent_size(way.address, first.ended) or size
            return Findings(large=Finding(path.HEALTHY), learnt=sent if sent < size else None)
        if first.outcome != path.STALLED:
            return Findings()
        return Findings(large=investigate(first, way, self._deadline.share(_END_SHARE)))

    def _patience(self) -> float:
        return min(_MAX_PATIENCE, self._deadline.seconds() * _PATIENCE)
