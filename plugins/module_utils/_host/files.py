# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files on a host: their texts, and whether a secret one is exposed."""

from __future__ import annotations

import os
import stat

from ansible_collections.mailops.ses.plugins.module_utils._host.swap import PRIVATE_MODE

# The kernel stamps files with a clock that lags a little behind the one that processes are started by.
CLOCK_SLACK = 0.05


def text_of(path: str) -> str | None:
    """The file's text, or None where there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def exposed(path: str) -> bool:
    """Whether a file with a secret is there and is anything but root's alone, 0600."""
    if not os.path.exists(path):
        return False
    status = os.stat(path)
    ours = os.geteuid() != 0 or (status.st_uid, status.st_gid) == (0, 0)
    return stat.S_IMODE(status.st_mode) != PRIVATE_MODE or not ours


def newest(paths: list[str], now: float) -> float:
    """The last change (ctime, seconds since the epoch) of those of the files that are there; 0 without any. A change
    after NOW does not count: a clock that was set back left it, and it would be newer than every load of the daemon."""
    changes = (os.stat(path).st_ctime for path in paths if os.path.exists(path))
    return max((change for change in changes if change <= now + CLOCK_SLACK), default=0.0)
