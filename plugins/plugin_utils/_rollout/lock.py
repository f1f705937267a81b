# SPDX-License-Identifier: GPL-3.0-or-later
"""One rollout at a time in a directory of reports."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass

# After which a lock of another machine counts no more. It is renewed at a wave's ends alone, and a wave of hosts that
# install packages, and soak for an hour at most, takes hours.
STALE_SECONDS = 4 * 3600.0


class LockError(Exception):
    """Who has the lock, and what helps."""


@dataclass(frozen=True)
class Holder:
    """A run of ansible-playbook."""

    machine: str
    process: int
    began: str  # when the process did, as the kernel tells it; empty where it does not
    user: str


def holder(process: int, user: str) -> Holder:
    """The run whose process this is, on this machine."""
    return Holder(socket.gethostname(), process, began(process), user)


def began(process: int) -> str:
    """When a process began, in the kernel's own terms; empty where that is not known, or there is no such process."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def runs(found: Holder) -> bool:
    """Whether the run of a holder on this machine goes on."""
    try:
        os.kill(found.process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is another user's
    return not found.began or began(found.process) == found.began


def take(path: str, ours: Holder, now: float, alive: Callable[[Holder], bool] = runs) -> None:
    """Take the lock, or renew it; LockError where another run has it. NOW is in seconds since the epoch."""
    for _attempt in range(2):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            theirs, renewed = _read(path)
            if theirs == ours:
                os.utime(path, (now, now))
                return
            here = theirs is not None and theirs.machine == ours.machine
            if theirs and (alive(theirs) if here else now - renewed < STALE_SECONDS):
                raise LockError(
                    f"Another rollout runs: {theirs.user} on {theirs.machine}, process {theirs.process}. Wait for it, "
                    f"or remove {path} if that process is gone."
                ) from None
            with suppress(FileNotFoundError):
                os.unlink(path)
        else:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(ours), file)
            os.utime(path, (now, now))
            return
    raise LockError(f"Another rollout has just begun: {path}. Wait for it.")


def release(path: str, ours: Holder) -> None:
    """Give the lock back, if it is ours."""
    if _read(path)[0] == ours:
        os.unlink(path)


def _read(path: str) -> tuple[Holder | None, float]:
    """Who has the lock, None where the file does not tell, and when it was renewed."""
    try:
        renewed = os.stat(path).st_mtime
        with open(path, encoding="utf-8") as file:
            return Holder(**json.load(file)), renewed
    except (OSError, ValueError, TypeError):
        return None, 0.0
