# SPDX-License-Identifier: GPL-3.0-or-later
"""A deadline for steps that share their time; socket.timeout, TimeoutError's older name, is raised once it is over."""

from __future__ import annotations

import socket
from typing import Callable


class Deadline:
    """The moment, in seconds of CLOCK, by which several steps have to be over."""

    def __init__(self, clock: Callable[[], float], ends: float) -> None:
        self._clock = clock
        self._ends = ends

    def left(self) -> float:
        """The seconds that are left; socket.timeout is raised where there are none."""
        left = self._ends - self._clock()
        if left <= 0:
            raise socket.timeout
        return left

    def seconds(self) -> float:
        """The seconds that are left, 0 where there are none."""
        return max(self._ends - self._clock(), 0)

    def share(self, part: float) -> Deadline:
        """An earlier deadline, after PART (0 to 1) of the time that is left, which leaves the rest to what comes
        after."""
        return self.within(self.seconds() * part)

    def within(self, seconds: float) -> Deadline:
        """The deadline in so many seconds from now, or this one where it is earlier."""
        return Deadline(self._clock, min(self._clock() + seconds, self._ends))
