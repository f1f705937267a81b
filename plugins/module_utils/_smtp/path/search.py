# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a handshake stalled, and at which size packets pass: further handshakes, which only a fault needs."""

from __future__ import annotations

from typing import Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path import mtu
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.handshake import Way, attempt, start
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.mtu import Attempt, Finding

_SMALL_SHARE = 0.5  # of the time that is left: when not even small segments pass in it, the server is slow
_LEAST_WAIT = 0.3  # above the 0.2 seconds after which a lost packet is sent again
_MARGIN = 0.2  # for a handshake that stalls to the end of its time, until it is asked for


class Passed(NamedTuple):
    """An ordinary handshake that has passed, beside a large one that stalls."""

    way: Way
    seconds: float


def investigate(first: Attempt, way: Way, deadline: Deadline, passed: Passed | None = None) -> Finding:
    """Find out why FIRST stalled. PASSED is given where an ordinary handshake passed and a large one stalled: small
    segments get no more time then than proves it."""
    began = way.clock()
    second = start(lambda: attempt(way, deadline, deadline.seconds))
    half = deadline.share(_SMALL_SHARE)
    wait = mtu.proof_wait(passed.seconds) if passed else half.seconds()
    if passed:
        half = half.within(2 * first.setup + wait + _MARGIN)
    control = start(_sized(passed.way, half, half.seconds(), None)) if passed else None
    asks = [start(_sized(way, half, wait, mtu.SMALL_SEGMENT)) for _number in range(mtu.REPEATS)]
    small = [ask(half.seconds()) or Attempt(mtu.LATE) for ask in asks]
    if control and mtu.unanswered(small, control(half.seconds()) or Attempt(mtu.LATE)):
        return Finding(mtu.UNANSWERED)
    if not all(one.clean for one in small):
        return Finding(mtu.verdict(first, small, None))
    size: int | None = measure(first, small, way, deadline, lambda: second(0) is not None)
    setup = max(one.setup for one in small)
    rest = mtu.proof_wait(mtu.slowest(small)) + setup - (way.clock() - began)
    last = second(min(rest, deadline.seconds())) or Attempt(mtu.STALLED, way.clock() - began - setup)
    found = mtu.verdict(first, small, last)
    if found == mtu.ONE_WAY:
        size = mtu.sent_size(way.address, last.opened)
    return Finding(found, size if found in (mtu.BLACK_HOLE, mtu.ONE_WAY) else None)


def measure(first: Attempt, small: list[Attempt], way: Way, deadline: Deadline, over: Callable[[], bool]) -> int:
    """The bytes of the largest packet that is seen to pass: within 4 bytes where the time is enough, never too large.
    OVER tells whether the search has to end early."""
    low, high = mtu.bounds(way.address, first.opened)
    extra = mtu.header(way.address)
    setup = max(one.setup for one in small)
    while not mtu.measured(low, high) and not over():
        wait = min(
            deadline.seconds() / mtu.rounds(low, high) - setup,
            mtu.proof_wait(mtu.slowest(small)),
        )
        if wait < max(_LEAST_WAIT, 2 * mtu.slowest(small)):
            break
        asks = {size: start(_sized(way, deadline, wait, size - extra)) for size in mtu.sizes(low, high)}
        results = {size: ask(deadline.seconds()) for size, ask in asks.items()}
        outcomes = {size: result.outcome if result else mtu.LATE for size, result in results.items()}
        narrower = mtu.narrow(low, high, outcomes)
        if narrower == (low, high):
            break
        low, high = narrower
    return min(low, mtu.ETHERNET)


def _sized(way: Way, deadline: Deadline, wait: float, max_segment: int | None) -> Callable[[], Attempt]:
    return lambda: attempt(way, deadline, lambda: wait, max_segment)
