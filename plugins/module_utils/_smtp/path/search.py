# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a handshake stalled, and at which size packets pass: further handshakes, which only a fault needs."""

from __future__ import annotations

from typing import Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path import mtu
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.handshake import Way, attempt, start
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.mtu import Attempt, Finding

_SMALL_SHARE = 0.5  # of the time that is left: when not even small segments pass in it, the server is slow
_ENDED_SHARE = 0.9  # of that: those that stall have ended when they are asked
_LEAST_WAIT = 0.3  # above the 0.2 seconds after which a lost packet is sent again
_MARGIN = 0.2  # for a handshake that stalls to the end of its time, until it is asked for


class Passed(NamedTuple):
    """An ordinary handshake that has passed, beside a large one that stalls."""

    way: Way
    seconds: float


def investigate(first: Attempt, way: Way, deadline: Deadline, passed: Passed | None = None) -> Finding:
    """Find out why FIRST stalled. PASSED is given where an ordinary handshake passed and a large one stalled: small
    segments get no more time then than proves it. Where an ordinary ClientHello is large, a small one is tried too."""
    began = way.clock()
    second = start(lambda: attempt(way, deadline, deadline.seconds))
    half = deadline.share(_SMALL_SHARE)
    wait = mtu.proof_wait(passed.seconds) if passed else half.seconds()
    if passed:
        half = half.within(2 * first.setup + wait + _MARGIN)
    smaller = passed.way if passed else way.with_small_hello()
    ends = half if passed else half.share(_ENDED_SHARE)
    control = start(_sized(smaller, ends, half.seconds(), None)) if smaller else None
    asks = [start(_sized(way, ends, wait, mtu.SMALL_SEGMENT)) for _number in range(mtu.REPEATS)]
    small = [ask(half.seconds()) or Attempt(mtu.LATE) for ask in asks]
    heard = control(half.seconds()) if control else None
    other = heard or Attempt(mtu.LATE)
    if passed and mtu.unanswered(small, other):
        return Finding(mtu.UNANSWERED)
    if not passed and mtu.blocked(small, other):
        return Finding(mtu.BLOCKED)
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


def resets_large(way: Way, deadline: Deadline) -> bool:
    """Whether the ClientHello of WAY, after which a connection was reset, fails once more and a small one passes."""
    small = way.with_small_hello()
    if not small:
        return False
    half = deadline.share(_SMALL_SHARE)
    again = attempt(way, half, half.seconds)
    # Without time for its set-up it was not the ClientHello that failed.
    failed = again.outcome in (mtu.REFUSED, mtu.STALLED) and again.setup > 0
    return failed and attempt(small, deadline, deadline.seconds).outcome == mtu.PASSED


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
