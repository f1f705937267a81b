# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command and the processes that it starts cost: CPU time, and memory while they run."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
INTERVAL = 0.5  # seconds between two looks at the memory
KILOBYTE = 1024
MEGABYTE = 1e6


@dataclass(frozen=True)
class Cost:
    """Of a command that has ended with CODE: seconds of CPU of the whole tree, and bytes at their peak."""

    code: int
    user: float
    system: float
    main: float  # of the command's own process; its pages count whole, shared or not
    all: float  # of the whole tree; a page that several have counts once (PSS). Sampled, so a lower bound

    @property
    def cpu(self) -> float:
        """User and system together."""
        return self.user + self.system


def kilobytes(text: str, name: str) -> int:
    """The figure NAME in a file of /proc such as status or smaps_rollup; 0 where it is not, as of an ending process."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _read(path: Path) -> str:
    """A file of /proc, or nothing once its process is gone."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def tree(process: int, proc: Path = PROC) -> list[int]:
    """The process, and those that it and they have started and that are there."""
    children = [int(child) for file in proc.glob(f"{process}/task/*/children") for child in _read(file).split()]
    return [process, *(member for child in children for member in tree(child, proc))]


def memory(process: int, proc: Path = PROC) -> tuple[int, int]:
    """Bytes: the peak of the process so far, and what its tree has now."""
    peak = kilobytes(_read(proc / str(process) / "status"), "VmHWM")
    shares = [kilobytes(_read(proc / str(member) / "smaps_rollup"), "Pss") for member in tree(process, proc)]
    return peak * KILOBYTE, sum(shares) * KILOBYTE


def cost(command: Sequence[str], output: Path, environment: Mapping[str, str], directory: Path) -> Cost:
    """Run the command to its end; what it says is in the file OUTPUT."""
    seen = [(0, 0)]
    with output.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment, cwd=directory)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(INTERVAL):
            seen.append(memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        ended.set()
        watcher.join()
        if process.returncode is None:
            process.kill()
            process.wait()
    main, whole = (max(column) for column in zip(*seen, strict=True))
    return Cost(process.returncode, used.ru_utime, used.ru_stime, main, whole)
