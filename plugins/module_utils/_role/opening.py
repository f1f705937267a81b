# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of an MTA that nobody can run, as a killed change to another MTA leaves them: users get them back."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.mailops.ses.plugins.module_utils._mta.entrances import ENTRANCES, closed
from ansible_collections.mailops.ses.plugins.module_utils._role.bring import BringError
from ansible_collections.mailops.ses.plugins.module_utils._role.log_in import LogInError
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import RefusedError

# What cannot be asked while root cannot run the MTA's program either.
_UNASKED = {"sendmail": " Until then Sendmail is looked at as if it were not installed."}


@contextmanager
def opened(mta: str, check_mode: bool) -> Iterator[list[str]]:
    """Inside users can run them, and after it, unless the host keeps what it had; a sentence for each. In check mode,
    and for who is not root, they stay as they are. BringError where a mode cannot be changed."""
    found = closed(ENTRANCES.get(mta, ()))
    sentences, before = [], {}
    for path, mode in found.items():
        why = f"No user can run {path}, as where a change to another MTA was killed"
        sentences.append(f"{why}: it gets the mode {mode:04o}.{_UNASKED.get(mta, '') if check_mode else ''}")
        if check_mode or os.geteuid() != 0:
            continue
        before[path] = stat.S_IMODE(os.stat(path).st_mode)
        try:
            os.chmod(path, mode)
        except OSError as error:
            raise BringError(f"{why}, and its mode cannot be changed to {mode:04o}: {error.strerror}.") from error
    try:
        yield sentences
    except (LookupError, RefusedError, LogInError, BringError):  # after these the host has what it had
        for path, mode in before.items():
            os.chmod(path, mode)
        raise
