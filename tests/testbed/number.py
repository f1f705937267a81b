# SPDX-License-Identifier: GPL-3.0-or-later
"""The number that tells one testbed from others on this machine, held by the process that runs with it."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from . import engine
from .layout import MOST, Layout

FREE = range(100, MOST + 1)  # those below are for people, whose testbeds stay when their commands have ended


@contextmanager
def held(numbers: Iterable[int] = FREE, name: str = "ses-testbed") -> Iterator[str]:
    """The first of NUMBERS that no other process holds, for as long as the block runs; an EngineError if all are held.

    All checkouts on a machine share this lock. The kernel frees it when the process ends, even by a kill.
    """
    wanted = list(numbers)
    # A socket of Linux's abstract namespace needs no file that would have to be removed; commands do not inherit it.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as lock:
        for number in wanted:
            try:
                lock.bind(f"\0{name}{number}")
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                yield str(number)
                return
    said = f"TESTBED {wanted[0]} is" if len(wanted) == 1 else f"The testbeds {wanted[0]} to {wanted[-1]} are"
    raise engine.EngineError(f"{said} in use by another run: wait for it, or give TESTBED another number, 1 to {MOST}")


def run(command: list[str]) -> int:
    """Run COMMAND with TESTBED's testbed, or a free one, and remove that however COMMAND ends; gives its status."""
    told: list[int] = []
    # Until the command is there to be ended, a signal is kept for it.
    signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    given = os.environ.get("TESTBED")
    Layout.load()  # refuses a number that is none
    with held([int(given)] if given else FREE) as number:
        layout = Layout.load(number=number)
        process = subprocess.Popen(command, env={**os.environ, "TESTBED": number, "TESTBED_PREFIX": layout.prefix})
        try:
            signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
            if told:
                sys.exit(128 + told[0])
            status = process.wait()
        finally:
            process.terminate()
            process.wait()
            engine.down(layout)
    return status if status >= 0 else 128 - status
