# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SASL library is told of Sendmail as a client: the mechanisms that it has.

Sendmail (usersmtp.c, 8.15 to 8.18) tries each mechanism that a row and the server have in common, and goes by the last:
refused, it goes on without a log-in, and SES's 530 to MAIL bounces the mail; not in the library, it is a temporary
failure, and mail waits. So the row of SES names LOGIN and PLAIN, and the library is told to have no PLAIN. The daemon
reads the file at its start, and its queue runs have it from there; where nothing reads it, PLAIN is tried as well.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Sequence

from ansible_collections.mailops.ses.plugins.module_utils._sendmail import mc
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import is_aws

# Where the library looks, the first that is there is read.
PLACES = ("/etc/sasl2", "/etc/sasl", "/usr/lib/*/sasl2", "/usr/lib64/sasl2", "/usr/lib/sasl2")
FILE = "Sendmail.conf"
_OPTION = re.compile(r"^client_mech_list\s*:", re.MULTILINE)
_ROW = re.compile(r"^authinfo:(\S*)", re.IGNORECASE | re.MULTILINE)
# A feature's table of another kind or place, which nobody reads here, or the file of Sendmail's old option.
_ELSEWHERE = re.compile(r"^(?!dnl|#).*(?:DEF_AUTH_INFO|DefaultAuthInfo|authinfo'\s*,(?!.*/authinfo\b))", re.MULTILINE)


def place() -> str:
    """The file that the library reads, or would."""
    found = (path for pattern in PLACES for path in sorted(glob.glob(f"{pattern}/{FILE}")))
    return next(found, os.path.join(PLACES[0], FILE))


def with_mechanisms(text: str, mechanisms: Sequence[str]) -> str:
    """The file's text with these in a block at its end, or without a block; a list of the host's own stays."""
    rest = mc.without_block(text, "#")
    if not mechanisms or _OPTION.search(rest):
        return rest
    line = f"client_mech_list: {' '.join(mechanisms)}"
    return rest + ("" if not rest or rest.endswith("\n") else "\n") + mc.block([line], "#")


def logs_in_elsewhere(rows: str, ours: Iterable[str], settings: str) -> bool:
    """Whether Sendmail logs in to servers of the host's own, which may have no mechanism but PLAIN: by ROWS of its
    tables other than OURS and SES's, or by SETTINGS, the other lines of sendmail.mc."""
    known = {key.lower() for key in ours}
    names = (match.group(1).lower() for match in _ROW.finditer(rows))
    others = [name for name in names if f"authinfo:{name}" not in known and not is_aws(name)]
    return bool(others) or bool(_ELSEWHERE.search(settings))
