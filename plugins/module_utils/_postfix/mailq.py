# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's queue, from `postqueue -j`: one JSON object a line."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.command import ENVIRONMENT
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import MAX_RECIPIENTS, Message, QueueError

UNREADABLE = "unreadable"  # the state of an entry that does not tell its own
# The queues that come last in the listing, and from which nothing moves but by a new attempt.
_RESTING = {"deferred", "hold"}
DIRECTORY = "/var/spool/postfix"
# In the order in which a message passes through them: one that moves on meanwhile is seen twice, and not missed.
_QUEUES = ("maildrop", "incoming", "active", "deferred", "hold")
# Since Postfix 3.11 a recipient whose bounce is still to be sent has the second in place of the first.
_REASONS = ("delay_reason", "bounce_reason")
_MAX_LINE = 1 << 20  # characters: a message of thousands of recipients is one line

REMEDIES = (
    (
        ("Permission denied", "not allowed to view the mail queue"),
        "Run the task as root (become: true), or add the user to authorized_mailq_users.",
    ),
    (
        ("mail system is down",),
        "While Postfix is stopped only root can read its queue: run the task as root (become: true), or start Postfix.",
    ),
    (("invalid option", "usage: postqueue"), "Listing the queue as data needs Postfix 3.1 or newer."),
)


def postfix_queue(postqueue: str) -> Iterator[Message]:
    """Every message, as postqueue lists them: nothing of a huge queue is kept. QueueError where postqueue fails."""
    with tempfile.TemporaryFile() as complaints:  # a pipe that nobody reads could fill and stop postqueue
        # run_command would hold a huge queue's listing in memory.
        # pylint: disable-next=ansible-bad-function
        with subprocess.Popen(
            [postqueue, "-j"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=ENVIRONMENT,
            encoding="utf-8",
            errors="replace",
        ) as process:
            listing: Any = process.stdout
            yield from parse(iter(lambda: listing.readline(_MAX_LINE), ""))
        if process.returncode:
            complaints.seek(0)
            raise refused(complaints.read(4096).decode("utf-8", "replace"))


def listed(queue_directory: str) -> dict[str, str]:
    """Every message's file and queue, without Postfix, which may be stopped, not configured, or gone. QueueError where
    a queue cannot be read."""
    return {os.path.basename(path): name for name in _QUEUES for path in _files(os.path.join(queue_directory, name))}


def _files(directory: str) -> Iterator[str]:
    """Files that are messages: one that is still being written cannot be executed."""
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # it has moved on
                    if entry.is_dir(follow_symlinks=False):
                        yield from _files(entry.path)
                    elif entry.is_file(follow_symlinks=False) and entry.stat().st_mode & 0o100:
                        yield entry.path
    except FileNotFoundError:
        return
    except OSError as error:
        raise QueueError(
            f"Postfix's queue cannot be read: {directory}: {error.strerror or error}. Root can (become: true)."
        ) from None


def parse(lines: Iterable[str]) -> Iterator[Message]:
    """The messages of `postqueue -j`, one JSON object a line; each once, though it may move to another queue
    meanwhile."""
    moving: set[str] = set()  # seen in an earlier queue, and listed once more if it has come to rest meanwhile
    for line in lines:
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        entry = entry if isinstance(entry, dict) else {}
        found = message(entry)
        if found.state not in _RESTING:
            moving.update([found.name] if found.name else [])
        elif found.name in moving:
            continue
        yield found


def message(entry: dict[str, Any]) -> Message:
    """A message of postqueue's JSON, with as much as the object tells; UNREADABLE stands for a queue that it does not
    name."""
    arrived, recipients = entry.get("arrival_time"), entry.get("recipients")
    rows = [row for row in recipients if isinstance(row, dict)] if isinstance(recipients, list) else []
    return Message(
        state=str(entry.get("queue_name") or UNREADABLE),
        arrived=_number(arrived),
        sender=str(entry.get("sender") or ""),
        recipients=tuple(str(row.get("address") or "") for row in rows[:MAX_RECIPIENTS]),
        reasons=tuple(dict.fromkeys(str(row[key]) for row in rows for key in _REASONS if row.get(key))),
        name=str(entry.get("queue_id") or ""),
    )


def _number(value: Any) -> float | None:
    """What may be a time; a whole number can be larger than any float."""
    try:
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    except OverflowError:
        return None


def refused(complaints: str) -> QueueError:
    """The error for what postqueue says, with a remedy where the words are known."""
    words = " ".join(complaints.split()) or "no word"
    remedy = next((text for signs, text in REMEDIES if any(sign in complaints for sign in signs)), "")
    return QueueError(f"Postfix's queue cannot be read; postqueue says: {words}. {remedy}".strip())
