# SPDX-License-Identifier: GPL-3.0-or-later
"""Copied into a host under test: writes down every command line and environment until the stop file is there."""

from __future__ import annotations

import os
import sys
import time


def look(seen: set[bytes]) -> None:
    """Add what is running now."""
    for process in filter(str.isdigit, os.listdir("/proc")):
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{process}/{name}", "rb") as file:
                    seen.add(file.read())
            except OSError:
                continue


def main(record: str, stop: str) -> None:
    """Look again and again, for two minutes at most."""
    seen: set[bytes] = set()
    end = time.monotonic() + 120
    while time.monotonic() < end and not os.path.exists(stop):
        look(seen)
    with open(record, "wb") as file:
        file.write(b"\n".join(seen))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
