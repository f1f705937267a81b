# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Sendmail leads mail for other domains, and whether it logs in there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way, holds, host_of, is_loopback
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.relay import CREDENTIALS

_MAILER = re.compile(r"^[^\[\]:]*:")  # what may stand before a smart host
_SMART_HOST = re.compile(r"^DS(.*)$", re.MULTILINE)
_HUB = re.compile(r"^D\{MTAHost\}(.+)$", re.MULTILINE)  # of submit.cf
_TABLE = r"^K(?:{})\s+(\w+)\s+(?:-\S+\s+)*(/\S+)"
_ROUTES = re.compile(_TABLE.format("mailertable"), re.MULTILINE)
_LOG_INS = re.compile(_TABLE.format(f"access|authinfo|{CREDENTIALS}"), re.MULTILINE)
_LOG_IN_FILE = re.compile(r"^O DefaultAuthInfo=(/\S+)", re.MULTILINE)

Reader = Callable[[str], str]
Holds = Callable[[str, str, "re.Pattern[bytes]"], "bool | None"]


def of_sendmail(cf: str, submit_cf: str = "", text: Reader = read, held: Holds = holds) -> Way | None:
    """The way to the smart host of sendmail.cf, if the host's own programs hand mail to this Sendmail and no row of
    mailertable leads it elsewhere; None where the text is no sendmail.cf. TEXT reads a table's source, HELD asks a
    table for a key."""
    found = _SMART_HOST.findall(cf)
    if not found:
        return None
    hub = host_of("".join(_HUB.findall(submit_cf)[-1:]))
    if hub and not is_loopback(hub):
        return Way(hub)
    rows = (maps.parse_source(text(path.removesuffix(".db"))) for _kind, path in _ROUTES.findall(cf)[-1:])
    row = next((table["."] for table in rows if "." in table), "")
    if row.startswith(("error:", "local:", "discard:")):
        return Way(None)
    host = host_of(_MAILER.sub("", row or found[-1].strip()))
    return Way(host, logs_in=_logs_in(cf, host, held) if host else None)


def _logs_in(cf: str, host: str, held: Holds) -> bool | None:
    """Whether a table that Sendmail asks has a log-in for the host, or one for every host."""
    key = re.compile(rb"(?<![\w.-])authinfo:(?:" + re.escape(host.lower().encode()) + rb")?(?![\w.:\[-])")
    answers = [held(kind, path, key) for kind, path in _LOG_INS.findall(cf)]
    answers += [os.path.isfile(path) for path in _LOG_IN_FILE.findall(cf)]
    return True if True in answers else None if None in answers else False
