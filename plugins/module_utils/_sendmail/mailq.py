# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail's queues, from their files: `mailq` cuts reasons off, and does not tell when a mail came to the second."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from typing import NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import (
    MAX_RECIPIENTS,
    SUBMITTED,
    Message,
    QueueError,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.queue_groups import BURST_QUEUE, QUEUE

# What a queue file's first letter says: qf waits, hf is quarantined, Qf is one that Sendmail could not read.
STATES = {"qf": "", "hf": "hold", "Qf": "lost"}
QUEUED = "queued"  # the state of one that was not looked into
_MAX_BYTES = 1 << 18  # of a queue file; what is looked for stands before the header lines

_OPTION = re.compile(r"^O\s*(?:QueueDirectory\s*=\s*|Q(?=/))(\S+)", re.MULTILINE)
_GROUP_PATH = re.compile(r"^Q[^,\n]+,.*?\bP(?:ath)?\s*=\s*([^,\s]+)", re.MULTILINE)
# Beside the message's reason, Sendmail writes one for each recipient: it says more only where it is a reply.
_REPLY = re.compile(r"Deferred: [245]\d\d[ -]")
_RECIPIENT = re.compile(r"^(?:[A-Za-z]*:)?<?(.*?)>?$")


class Queue(NamedTuple):
    """A queue's directory, or with a * at its end several, and the state of its mail that was not tried yet."""

    path: str
    fresh: str = "incoming"
    deferred: str = "deferred"


# Which configuration file names which queues, and where they are when the file is gone and its queues are still there.
QUEUES = {
    "/etc/mail/sendmail.cf": (Queue(QUEUE), Queue(BURST_QUEUE)),
    "/etc/mail/submit.cf": tuple(
        Queue(f"/var/spool/{name}", SUBMITTED, SUBMITTED)
        for name in ("mqueue-client", "clientmqueue")  # Debian's, Red Hat's
    ),
}


def sendmail_queue(queues: Sequence[Queue]) -> Iterator[Message]:
    """Every message, as it is read: nothing of a huge queue is kept. QueueError where a queue cannot be read."""
    found: dict[str, Queue] = {}  # a directory that two names lead to is read once
    for queue in queues:
        for directory in directories(queue.path):
            found.setdefault(directory, queue)
    if not found:
        raise QueueError(
            f"There is no queue directory: {', '.join(queue.path for queue in queues)}. "
            "Install Sendmail, or correct QueueDirectory in its sendmail.cf."
        )
    for directory, queue in found.items():
        yield from _messages(queue, directory)


def listed(queues: Sequence[Queue]) -> dict[str, str]:
    """Every message's file and state, unread; QueueError where a directory cannot be read."""
    return {
        os.path.join(directory, name): STATES[name[:2]] or (SUBMITTED if queue.fresh == SUBMITTED else QUEUED)
        for queue in queues
        for directory in directories(queue.path)
        for name in _names(directory)
        if name[:2] in STATES and _is_whole(os.path.join(directory, name))
    }


def _is_whole(path: str) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def configured(root: str = "/") -> list[Queue]:
    """The queues of this host's configuration."""
    queues: list[Queue] = []
    for name, defaults in QUEUES.items():
        for path in queue_paths(read(os.path.join(root, name.lstrip("/")))) or [queue.path for queue in defaults]:
            queues.append(defaults[0]._replace(path=os.path.join(root, path.lstrip("/"))))
    return list(dict.fromkeys(queues))


def queue_paths(cf: str) -> list[str]:
    """The queue directories that a configuration file names: the option's, and those of queue groups."""
    paths = _OPTION.findall(cf)[-1:]
    base = os.path.dirname(paths[0]) if paths and "*" in paths[0] else "".join(paths)
    groups = [os.path.join(base, path) for path in _GROUP_PATH.findall(cf)]
    return list(dict.fromkeys(os.path.normpath(path) for path in paths + groups if path.startswith("/")))


def directories(path: str) -> list[str]:
    """The directories that hold a queue's files."""
    parent, leaf = os.path.split(path)
    found = [path]
    if "*" in leaf:
        found = [os.path.join(parent, name) for name in sorted(_names(parent)) if fnmatch(name, leaf)]
    # Queue files may stand in a directory of their own within the queue's.
    within = [name for one in found for name in (one, os.path.join(one, "qf"))]
    return [name for name in within if os.path.isdir(name)]


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(directory, error) from None


def _messages(queue: Queue, directory: str) -> Iterator[Message]:
    for name in _names(directory):
        if name[:2] in STATES:
            message = _read(queue, os.path.join(directory, name))
            if message:
                yield message


def _read(queue: Queue, path: str) -> Message | None:
    """A message; None when it went away meanwhile, or is not yet wholly there."""
    try:
        # No link is followed: users may write into the client's queue, and this may be root.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not (stat.S_ISREG(status.st_mode) and status.st_size):
                return None
            text = file.read(_MAX_BYTES).decode("utf-8", "replace")
    except (FileNotFoundError, IsADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise _unreadable(path, error) from None
    message = parse(text, queue)
    state = STATES[os.path.basename(path)[:2]] or message.state
    return message._replace(state=state, arrived=status.st_mtime if message.arrived is None else message.arrived)


def parse(text: str, queue: Queue) -> Message:
    """What a queue file says, as far as it says it: a line a fact, its first letter the kind."""
    arrived: float | None = None
    sender, tried = "", False
    recipients: list[str] = []
    reasons: dict[str, bool] = {}
    for line in text.split("\n"):
        kind, value = line[:1], line[1:].strip()
        if kind in {"H", "."}:
            break
        if kind == "T" and re.fullmatch(r"[0-9]{1,11}", value):
            arrived = float(value)
        elif kind == "N":
            tried = value not in {"", "0"}
        elif kind == "S":
            sender = value.strip("<>")
        elif kind == "M" and value and (not reasons or _REPLY.match(value)):
            reasons[value] = True
        elif kind == "R" and len(recipients) < MAX_RECIPIENTS:
            found = _RECIPIENT.match(value)
            recipients += [found.group(1)] if found and found.group(1) else []
    state = queue.deferred if tried or reasons else queue.fresh
    return Message(state, arrived, sender, tuple(recipients), tuple(reasons))


def _unreadable(path: str, error: OSError) -> QueueError:
    remedy = "Run the task as root (become: true)." if isinstance(error, PermissionError) else ""
    return QueueError(
        f"The queue cannot be read as user {os.geteuid()}: {path}: {error.strerror or error}. {remedy}".strip()
    )
