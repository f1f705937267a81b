# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe on this host: its MTA and its logs, and what comes of the mail."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.mailops.ses.plugins.module_utils._host.command import SEARCH_PATH, run
from ansible_collections.mailops.ses.plugins.module_utils._probe.follow import Probe, skipped
from ansible_collections.mailops.ses.plugins.module_utils._probe.mail import (
    OptionFault,
    hand_over,
    judge,
    mail_of,
    test_mode,
)
from ansible_collections.mailops.ses.plugins.module_utils._probe.mtas import SUBMISSION, Mta, Postfix, Sendmail
from ansible_collections.mailops.ses.plugins.module_utils._probe.sources import Journal, LogFile
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose
from ansible_collections.mailops.ses.plugins.module_utils._ses.option_names import Names
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom

# Seconds between two looks into the log, bounded by the time-out: no MTA tells a user what came of a mail.
INTERVAL = 0.2


def outcome(params: Mapping[str, Any], installed: Callable[[], str | None], check_mode: bool) -> dict[str, Any]:
    """What mail_probe returns for these options: what came of the mail, or that it failed, and why. INSTALLED tells the
    host's MTA; LookupError where it cannot. In check mode nothing is sent."""
    names = Names(params["option_names"])
    try:
        judge(params, names)
        mta = mta_of(params["mta"] or installed())
    except OptionFault as fault:
        return {"failed": True, "msg": str(fault)}
    except LookupError as error:
        why = f"Which MTA the host has cannot be told: {error}. Set {names['mta']} to postfix or sendmail."
        return {"failed": True, "msg": why}
    recipient = params["recipient"]
    if check_mode:
        return skipped(recipient, f"In check mode no mail is sent to {recipient}.")
    if mta is None:
        cause = diagnose(Symptom("no_mta"))
        return skipped(recipient, f"No mail is sent: {cause['cause']} {cause['remedy']}", [cause], "no_mta")
    return probe_of(params, mta).run()


def mta_of(name: str | None) -> Mta | None:
    """The MTA, None where the host has none that can be asked."""
    postqueue = shutil.which("postqueue", path=SEARCH_PATH)
    if not name or not os.access(SUBMISSION, os.X_OK) or (name == "postfix" and not postqueue):
        return None
    return Postfix(run, str(postqueue), os.geteuid() == 0) if name == "postfix" else Sendmail(test_mode)


def probe_of(params: Mapping[str, Any], mta: Mta) -> Probe:
    """The probe of these options."""
    mail = mail_of(uuid.uuid4().hex, params["recipient"], params["sender"])
    return Probe(
        mail=mail,
        mta=mta,
        sources=[Journal(run, time.time() - 1), *map(LogFile, dict.fromkeys(mta.log_files()))],
        submit=lambda text: hand_over(text, params["sender"], params["timeout"]),
        clock=time.monotonic,
        now=time.time,
        pause=lambda: time.sleep(INTERVAL),
        timeout=params["timeout"],
        endpoint=params["endpoint"] or "",
    )
