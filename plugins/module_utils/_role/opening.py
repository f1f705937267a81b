# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of an MTA that nobody can run, as a killed change to another MTA leaves them: users get them back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ansible_collections.mailops.ses.plugins.module_utils._mta.entrances import ENTRANCES, closed, present
from ansible_collections.mailops.ses.plugins.module_utils._role.bring import BringError
from ansible_collections.mailops.ses.plugins.module_utils._role.log_in import LogInError
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import RefusedError

_SHUT = "No user can run {0}, as where a change to another MTA was killed"
# What cannot be asked while root cannot run the MTA's program either.
_UNASKED = {"sendmail": " Until then Sendmail is looked at as if it were not installed."}


@contextmanager
def opened(mta: str, check_mode: bool) -> Iterator[list[str]]:
    """Inside users can run them, and after it, unless the host keeps what it had; a sentence for each. In check mode,
    and for who is not root, they stay as they are. BringError where a mode cannot be changed."""
    wanted = closed(ENTRANCES.get(mta, ()))
    before = {} if check_mode or os.geteuid() != 0 else present(list(wanted))
    unasked = _UNASKED.get(mta, "") if check_mode else ""
    try:
        for path in before:
            _open(path, wanted[path])
        yield [f"{_SHUT.format(path)}: it gets the mode {mode:04o}.{unasked}" for path, mode in wanted.items()]
    except (LookupError, RefusedError, LogInError, BringError):  # after these the host has what it had
        for path, mode in before.items():
            with suppress(OSError):  # the error that is raised counts
                os.chmod(path, mode)
        raise


def _open(path: str, mode: int) -> None:
    try:
        os.chmod(path, mode)
    except OSError as error:
        why = f"its mode cannot be changed to {mode:04o}: {error.strerror}"
        raise BringError(f"{_SHUT.format(path)}, and {why}.") from error
