# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Sendmail leads mail for other domains."""

from __future__ import annotations

import re

from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way, host_of

_MAILER = re.compile(r"^[^\[\]:]*:")  # what may stand before a smart host
_SMART_HOST = re.compile(r"^DS(.*)$", re.MULTILINE)


def of_sendmail(cf: str) -> Way | None:
    """The way to the smart host of sendmail.cf; None where the text is no sendmail.cf."""
    found = _SMART_HOST.findall(cf)
    if not found:
        return None
    return Way(host_of(_MAILER.sub("", found[-1].strip())))
