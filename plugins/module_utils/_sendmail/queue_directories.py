# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail's queue directories: made for a configuration that names them, emptied into the one above when none does.

Sendmail opens a mail's envelope (qf), locks it without waiting, and leaves the mail where that fails or where the
envelope's name stands for another file by then (readqf in Sendmail's queue.c). This side does the same.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from ansible_collections.mailops.ses.plugins.module_utils._sendmail import tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError

LEFT = "mail is left in {}, which nothing sends: move it to the directory above once no sendmail has it at hand"
EMPTYING_SECONDS = 20.0  # in which a process that has a mail at hand may end with it


@contextmanager
def made(paths: Sequence[str]) -> Iterator[None]:
    """Make the directories, and take them away again where what needs them fails: then nothing runs their mail any
    more, so it goes to the queue that each is within."""
    try:
        for path in paths:
            make_queue(path)
        yield
    except Exception as error:
        left = [path for path in paths if not _emptied(path)]
        if left:
            told = getattr(error, "strerror", None) or error
            raise SendmailError(f"{told}; {LEFT.format(', '.join(left))}") from error
        raise


def with_queues_gone(before: str, after: str) -> Iterator[str]:
    """Have mail of queues that no sendmail.cf names any more go on in those that they are within; a sentence for each
    whose mail cannot."""
    served = tools.queues(after)
    for path in inner(tools.queues(before)):
        if path not in served and os.path.dirname(path) in served and not _emptied(path):
            yield LEFT.format(path)


def inner(queues: Sequence[str]) -> list[str]:
    """Those of the queues that are within another one."""
    return [path for path in queues if os.path.dirname(path) in queues and "*" not in path]


def make_queue(path: str) -> None:
    """Make a queue's directory with its parent's owner and mode, closed to others from the beginning."""
    like = os.stat(os.path.dirname(path))
    os.mkdir(path, 0o700)
    os.chown(path, like.st_uid, like.st_gid)
    os.chmod(path, stat.S_IMODE(like.st_mode))


def _emptied(path: str) -> bool:
    """Whether a queue's directory is gone, its mail moved up. Mail that a process still sends is waited for: moved
    under the process's hands it would be sent twice."""
    end = time.monotonic() + EMPTYING_SECONDS
    while os.path.isdir(path):
        for name in (name for name in os.listdir(path) if name.startswith("qf")):
            _move_up(path, name)
        with suppress(OSError):
            os.rmdir(path)
            break
        if time.monotonic() > end:
            return False
        time.sleep(0.1)  # the interval of a bounded poll
    return True


def _move_up(path: str, name: str) -> None:
    """Move one mail, if nothing has it locked: its text before its envelope, without which nothing reads the text."""
    envelope = os.path.join(path, name)
    with suppress(OSError), open(envelope, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file.fileno()), os.stat(envelope)):
            return  # a process has written it anew meanwhile, and may have the new one locked
        for part in (*"dx", "q"):
            source, target = (os.path.join(place, f"{part}{name[1:]}") for place in (path, os.path.dirname(path)))
            if os.path.exists(source) and not os.path.exists(target):
                os.rename(source, target)
