# SPDX-License-Identifier: GPL-3.0-or-later
"""When a host last proved that it can send: kept on the host while its metrics are asked for, and only then."""

from __future__ import annotations

import json
import os

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read

DIRECTORY = "/var/lib/ses-metrics"
FILE = f"{DIRECTORY}/proofs.json"
KINDS = ("log_in", "mail")
MODE = 0o644


class MetricsError(Exception):
    """Why a host's metrics are not what was asked for, in a sentence."""


def kept() -> bool:
    """Whether the host keeps them: it has metrics, or what a run that failed left of them."""
    return os.path.isdir(DIRECTORY)


def proofs(path: str = FILE) -> dict[str, float]:
    """Kind -> when, in seconds since the epoch; empty where the file is not there or is broken."""
    try:
        found = json.loads(read(path) or "{}")
        return {kind: float(found[kind]) for kind in KINDS if kind in found}
    except (ValueError, TypeError):
        return {}


def record(kind: str, when: float, path: str = FILE) -> None:
    """Keep that a proof of this kind was made at this time, in seconds since the epoch; OSError where the file cannot
    be written."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    write(path, json.dumps({**proofs(path), kind: int(when)}) + "\n")


def write(path: str, text: str) -> None:
    """Exchange a file that everybody may read, at once; OSError where that fails. One process at a time does this."""
    beside = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.new")
    if os.path.lexists(beside):
        os.unlink(beside)  # of a run that was killed
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, MODE)  # whatever the umask
        file.write(text)
    os.replace(beside, path)
