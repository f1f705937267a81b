# SPDX-License-Identifier: GPL-3.0-or-later
"""How work grows with its input, by the processor's time: a busy machine stretches a clock's, and hardly this."""

from __future__ import annotations

import time
from typing import Callable

TIMES = 16
# Sixteen times the input takes 16 times as long where each item costs the same, and 256 where each looks at all.
LINEAR = 2 * TIMES


def growth(work: Callable[[int], object], size: int, rounds: int = 2) -> float:
    """How many times as long WORK takes for TIMES times SIZE items; of some rounds the quickest."""
    return min(_seconds(work, TIMES * size) for _round in range(rounds)) / min(
        _seconds(work, size) for _round in range(rounds)
    )


def _seconds(work: Callable[[int], object], size: int) -> float:
    begun = time.thread_time()
    work(size)
    return time.thread_time() - begun
