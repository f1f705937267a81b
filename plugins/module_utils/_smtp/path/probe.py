# SPDX-License-Identifier: GPL-3.0-or-later
"""Further handshakes beside the check's own, which tell what the path does to large packets.

How the time of a check is shared: a dialogue keeps all of it. When its handshake has stalled for a quarter of what is
left (5 seconds at most), four more begin beside it: three with small segments and one as the first. When the small
ones pass, up to eleven more measure the size, in three rounds. The answer is there before the time is over.
One port's handshakes speak for all ports, whose packets take the same way.

Where the check's own ClientHello does not fit into a packet, one handshake more begins with one that does. It tells a
device that drops large ones; after a reset, one more of each size tells a device that resets them.

A port whose handshake passed costs one more connection, for a large write: a large ClientHello. The connection opens as
soon as the port has greeted, so that the write is over when the port's dialogue is. A write without an answer is
given half a second, or 4 times what the port's own handshake took; then further handshakes look into it in the same
way, and give up a second later when small segments do not help.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._smtp import tls
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path import mtu, search
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.handshake import Way, attempt, start
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.mtu import Attempt, Finding
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import Session

_PATIENCE = 0.25  # this share of the time a handshake may take before it is looked into
_MAX_PATIENCE = 5.0
_END_SHARE = 0.95  # of the time, so that the answer is there when the dialogue gives up
_GRACE = 1.0  # that the report waits for a large write that has not begun
_LARGE_SECONDS = 0.5  # that a large write may take where a small one is faster than that
_LARGE_LEAST = 1.5  # times the small one's time: with less time than that a large write is not tried
_LARGER = 600  # so many bytes more than a packet holds make a large ClientHello
_LARGEST = 12_000  # more than jumbo frames hold


class Findings(NamedTuple):
    """What became known of the path."""

    stalled: Finding | None = None  # why handshakes stalled
    large: Finding | None = None  # what became of a large write, after a handshake that passed
    learnt: int | None = None  # the size of its packets, when it passed in several


class PathWatch:
    """Beside one check: looks into a handshake that stalls, and writes something large after a handshake that
    passed."""

    def __init__(self, way: Way | None, deadline: Deadline) -> None:
        self._way = way  # each port adds its own and its address
        self._deadline = deadline
        self._lock = threading.Lock()
        self._investigating = False
        self._stalled: Finding | None = None
        self._resetting = threading.Lock()
        self._resets: bool | None = None  # whether large ClientHellos are reset; None while nobody has asked
        self._large: Callable[[float], Findings | None] | None = None
        self.passed = threading.Event()  # a port's handshake has
        self._wrote = threading.Event()  # the large ClientHello is on its way

    def port(self, session: Session, port: int, tls: str) -> PortWatch | None:
        """Watch one port's dialogue, whose TLS is starttls or wrapper; None where the path is not looked into."""
        if self._way is None or not session.peer:
            return None
        return PortWatch(self, self._way._replace(address=session.peer, port=port, tls=tls), session.opened)

    def findings(self) -> Findings:
        """What became known of the path; call it once all dialogues are over."""
        large = Findings()
        ask = self._large
        if ask and self.passed.is_set():
            begun = self._wrote.wait(min(_GRACE, self._deadline.seconds()))
            large = ask(self._deadline.seconds() if begun else 0) or large
        return large._replace(stalled=self._stalled)

    def patience(self) -> float:
        """The seconds that a handshake may take from now on before it is looked into."""
        return min(_MAX_PATIENCE, self._deadline.seconds() * _PATIENCE)

    def look(self, way: Way, opened: mtu.TcpInfo) -> None:
        """Look into a handshake that stalls, unless another port's is looked into already."""
        with self._lock:
            if self._investigating:
                return
            self._investigating = True
        first = Attempt(mtu.STALLED, opened=opened)
        self._stalled = search.investigate(first, way, self._deadline.share(_END_SHARE))

    def drops_large(self) -> bool:
        """Whether handshakes stall because their ClientHello is large, as far as is known by now."""
        return self._stalled is not None and self._stalled.verdict == mtu.BLOCKED

    def resets_large(self, way: Way) -> bool:
        """Whether handshakes are reset because their ClientHello is large; the first port that asks finds out."""
        with self._resetting:
            if self._resets is None:
                self._resets = search.resets_large(way, self._deadline.share(_END_SHARE))
            return self._resets

    def write_large(self, port: PortWatch) -> None:
        """Begin a large write beside this port's dialogue, unless another port has begun one."""
        with self._lock:
            if self._large is None:
                self._large = start(lambda: self._large_write(port))

    def _large_write(self, port: PortWatch) -> Findings:
        size = min(port.opened.segment or mtu.ETHERNET, _LARGEST) + _LARGER
        way = port.way._replace(context=tls.large_hello_context(size))
        first = attempt(way, self._deadline, lambda: self._large_wait(port))
        self._wrote.set()  # or never will: no port needs to wait for it
        if first.outcome == mtu.PASSED:
            sent = mtu.sent_size(way.address, first.ended) or size
            return Findings(large=Finding(mtu.HEALTHY), learnt=sent if sent < size else None)
        if first.outcome != mtu.STALLED:
            return Findings()
        passed, deadline = search.Passed(port.way, port.seconds), self._deadline.share(_END_SHARE)
        return Findings(large=search.investigate(first, way, deadline, passed))

    def _large_wait(self, port: PortWatch) -> float:
        """How long it may take, once the port's own handshake has passed; 0 when that does not, or no time is left."""
        port.over.wait(self.patience())
        if not port.seconds:
            with self._lock:
                self._large = None  # another port may
            return 0.0
        self._wrote.set()
        patience = self.patience()
        enough = patience > _LARGE_LEAST * port.seconds
        return min(patience, max(_LARGE_SECONDS, mtu.PROOF_FACTOR * port.seconds)) if enough else 0.0


class PortWatch:
    """Beside one port's dialogue."""

    def __init__(self, watch: PathWatch, way: Way, opened: mtu.TcpInfo) -> None:
        self._watch = watch
        self.way = way
        self.opened = opened
        self.seconds = 0.0  # that its handshake took, when it passed
        self.over = threading.Event()  # its handshake, or with a failure the dialogue

    def prepare(self) -> None:
        """Open a connection for a large write, which waits for this port's handshake to pass."""
        self._watch.write_large(self)

    def drops_large(self) -> bool:
        """Whether this port's handshake stalls because its ClientHello is large, as far as is known by now."""
        return self._watch.drops_large()

    def resets_large(self) -> bool:
        """Whether this port's handshake was reset because its ClientHello is large."""
        return self._watch.resets_large(self.way)

    @contextmanager
    def handshake(self) -> Iterator[None]:
        """Watch the port's own handshake, which is made inside, and time it where it passes."""
        start(self._wait)
        self.prepare()
        began = self.way.clock()
        try:
            yield
            self.seconds = self.way.clock() - began
            self._watch.passed.set()
        finally:
            self.over.set()
        self._watch.write_large(self)

    def _wait(self) -> None:
        if not self.over.wait(self._watch.patience()):
            self._watch.look(self.way, self.opened)
