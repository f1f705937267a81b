# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when something has to be done; TimeoutError's older name is raised when that is over."""

from __future__ import annotations

import socket
from typing import Callable


class Deadline:
    def __init__(self, clock: Callable[[], float], ends: float) -> None:
        self._clock = clock
        self._ends = ends

    def left(self) -> float:
        left = self._ends - self._clock()
        if left <= 0:
            raise socket.timeout
        return left

    def seconds(self) -> float:
        """What is left, 0 when nothing is."""
        return max(self._ends - self._clock(), 0)

    def share(self, part: float) -> Deadline:
        """An earlier deadline, which leaves the rest of the time to what comes after."""
        return self.within(self.seconds() * part)

    def within(self, seconds: float) -> Deadline:
        """The deadline in so many seconds, if it is not earlier anyway."""
        return Deadline(self._clock, min(self._clock() + seconds, self._ends))
