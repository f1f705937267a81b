# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout leaves on a host: which change it is, what was there before, and when a mail proved it. The truth is
here: a state file that is lost on the controller costs time only."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.swap import PREFIX, PRIVATE_MODE

# What is kept of an MTA that was replaced, which root alone reads.
KEPT = "/var/lib/ses-rollout"
FILE = f"{PREFIX}rollout"  # a plain file with Swap's prefix: sweep and snapshot leave it alone


def fingerprint(mta: str, variables: Mapping[str, Any]) -> str:
    """The change that these variables mean, without their secrets: the same for the same values, in any order."""
    given = {name: value for name, value in variables.items() if value is not None and value != ""}
    text = json.dumps([mta, given], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read(directory: str) -> dict[str, Any] | None:
    """The stamp, None where there is none, or no whole one."""
    try:
        with open(os.path.join(directory, FILE), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    whole = isinstance(found, dict) and {"fingerprint", "before", "proven"} <= set(found)
    return found if whole else None


def write(directory: str, stamp: Mapping[str, Any]) -> None:
    """Exchange the stamp whole; root alone reads it."""
    staging = tempfile.mkdtemp(prefix=PREFIX, dir=directory)
    try:
        staged = os.path.join(staging, FILE)
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE), "w") as file:
            json.dump(stamp, file)
        os.replace(staged, os.path.join(directory, FILE))
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def drop(directory: str) -> None:
    """Have no stamp any more."""
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(directory, FILE))


def forget() -> None:
    """Keep nothing any more of an MTA that was replaced."""
    shutil.rmtree(KEPT, ignore_errors=True)  # most often there is nothing
