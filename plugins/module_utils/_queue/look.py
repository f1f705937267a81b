# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits in the queue of the MTA that a host has, and where this MTA leads mail for other domains."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any, Callable

from ansible_collections.mailops.ses.plugins.module_utils._host.command import SEARCH_PATH
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import Runner, read
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import QueueError, summarize
from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way
from ansible_collections.mailops.ses.plugins.module_utils._postfix.main_cf import parameters
from ansible_collections.mailops.ses.plugins.module_utils._postfix.way import PARAMETERS, of_postfix
from ansible_collections.mailops.ses.plugins.module_utils._queue.messages import queue_of
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.way import of_sendmail

SENDMAIL_CF = "/etc/mail/sendmail.cf"
SUBMIT_CF = "/etc/mail/submit.cf"


def outcome(mta: str | None, endpoint: str | None, installed: Callable[[], str | None], run: Runner) -> dict[str, Any]:
    """What mail_queue_info returns: the queue of MTA, None for the one that INSTALLED tells, or that it failed, and
    why. ENDPOINT is SES's, None where it is not known."""
    try:
        mta = mta or installed()
    except LookupError as error:
        why = f"Which MTA the host has cannot be told: {error}. Set mta to postfix or sendmail."
        return {"failed": True, "msg": why}
    try:
        way = way_of(mta, run)
        summary = summarize(queue_of(mta), time.time(), endpoint, way)
    except QueueError as error:
        return {"failed": True, "msg": str(error)}
    return {"mta": mta, "relay": way and way._asdict(), **summary}


def way_of(mta: str | None, run: Runner) -> Way | None:
    """Where the MTA leads mail for other domains, if its configuration can be read."""
    if mta == "sendmail":
        return of_sendmail(read(SENDMAIL_CF), read(SUBMIT_CF))
    postconf = shutil.which("postconf", path=SEARCH_PATH) if mta == "postfix" else None
    if not postconf:
        return None
    status, told, _err = run([postconf, "-x", *PARAMETERS])
    values = parameters(told)
    if status:
        return None
    main, master = (read(os.path.join(values["config_directory"], name)) for name in ("main.cf", "master.cf"))
    return of_postfix({**parameters(main), **values}, master)
