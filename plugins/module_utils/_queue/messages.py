# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages in an MTA's queue, whichever MTA it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from ansible_collections.mailops.ses.plugins.module_utils._host.command import SEARCH_PATH
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import Message, QueueError
from ansible_collections.mailops.ses.plugins.module_utils._postfix.mailq import postfix_queue
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.mailq import configured, sendmail_queue


def queue_of(mta: str | None) -> Iterable[Message]:
    """The MTA's messages, to be read once; QueueError where they cannot be read, perhaps while they are."""
    if mta == "sendmail":
        return sendmail_queue(configured())
    if mta == "postfix":
        postqueue = shutil.which("postqueue", path=SEARCH_PATH)
        if not postqueue:
            raise QueueError("mta is postfix, but this host has no postqueue: Postfix is not installed.")
        return postfix_queue(postqueue)
    return ()
