# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs with which users hand mail to an MTA. A change to another MTA closes them while it empties the queue;
where it was killed, they are closed still."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence

EXECUTABLE = 0o111
# By the name of the MTA that a role sets up.
ENTRANCES: Mapping[str, Sequence[str]] = {
    "postfix": ("/usr/sbin/postdrop",),
    "sendmail": ("/usr/sbin/sendmail-mta", "/usr/sbin/sendmail.sendmail"),
}


def present(paths: Sequence[str]) -> dict[str, int]:
    """The programs that are there, each with its mode; a link counts as what it leads to."""
    found = dict.fromkeys(os.path.realpath(path) for path in paths if os.path.exists(path))
    return {path: stat.S_IMODE(os.stat(path).st_mode) for path in found}


def shut(mode: int) -> bool:
    """Whether this mode lets no user run a program. A set-id program that root alone can run serves nobody: a process
    that was killed left it so."""
    runs = mode & EXECUTABLE
    return not runs or (runs == stat.S_IXUSR and bool(mode & (stat.S_ISUID | stat.S_ISGID)))


def opened(mode: int) -> int:
    """The mode of a program that was closed, as it was before: who can read it can run it, and all if it is set-gid."""
    readers = (mode & 0o444) >> 2
    return mode | (EXECUTABLE if mode & (stat.S_ISUID | stat.S_ISGID) else readers or EXECUTABLE)


def closed(paths: Sequence[str]) -> dict[str, int]:
    """The programs that no user can run, each with the mode that it has to have again."""
    return {path: opened(mode) for path, mode in present(paths).items() if shut(mode)}
