# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an MTA logs: the journal and log files, each read from where it stood when the mail was handed over."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any, Callable, Protocol

from ansible_collections.mailops.ses.plugins.module_utils._probe.log import Line, line_of

# (arguments) -> (return code, standard output, standard error)
Runner = Callable[[Sequence[str]], "tuple[int, str, str]"]

# Where syslog daemons put mail: Debian's and SUSE's, Red Hat's, and those that put everything in one file.
FILES = ("/var/log/mail.log", "/var/log/maillog", "/var/log/mail", "/var/log/syslog", "/var/log/messages")
_JOURNAL = ("journalctl", "--no-pager", "--output=json", "--output-fields=MESSAGE,SYSLOG_IDENTIFIER")
_MAX_BYTES = 1 << 25  # of a file at a time


class Source(Protocol):
    """A log that grows."""

    problem: str  # why it cannot be read; empty where it can, or where there is none

    def lines(self) -> Iterable[Line]:
        """The lines since the last call; none, with a problem, where the log cannot be read."""


class Journal:
    """systemd's journal, from SINCE (seconds since the epoch) on."""

    def __init__(self, run: Runner, since: float) -> None:
        self._run = run
        self._from = f"--since=@{int(since)}"
        self.problem = ""

    def lines(self) -> Iterable[Line]:
        """The lines since the last call that came through syslog's socket."""
        try:
            code, out, err = self._run([*_JOURNAL, self._from, "_TRANSPORT=syslog"])
        except OSError as error:
            code, out, err = 127, "", error.strerror or str(error)
        found = [entry for entry in map(_entry, out.splitlines()) if entry]
        if found:
            self._from = f"--after-cursor={found[-1].get('__CURSOR')}"
        # It returns 0 to a user who may read nothing, and says so on its other output.
        words = " ".join(err.split())
        self.problem = (
            f"journalctl: {words}" if words and (code or "permission" in words or "not seeing" in words) else ""
        )
        return [Line(str(entry.get("SYSLOG_IDENTIFIER") or ""), _text(entry.get("MESSAGE"))) for entry in found]


class LogFile:
    """A file of a syslog daemon, or of Postfix itself (maillog_file)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problem = ""
        self._rest = b""
        self._file, self._at = _identity(path)

    def lines(self) -> Iterable[Line]:
        """The lines since the last call; a file that was rotated is read from its beginning."""
        file, size = _identity(self.path)
        if file != self._file or size < self._at:
            self._file, self._at, self._rest = file, 0, b""
        try:
            with open(self.path, "rb") as log:
                log.seek(self._at)
                data = log.read(_MAX_BYTES)
        except OSError as error:
            self.problem = "" if isinstance(error, FileNotFoundError) else f"{self.path}: {error.strerror or error}"
            return []
        self.problem = ""
        self._at += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        return [line for line in (line_of(text.decode("utf-8", "replace")) for text in whole) if line]


def _identity(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_ino, status.st_size


def _entry(text: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(text)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and entry.get("__CURSOR") else None


def _text(message: Any) -> str:
    """A message that is not all printable is a list of its bytes."""
    if isinstance(message, list):
        return bytes(byte for byte in message if isinstance(byte, int) and 0 <= byte < 256).decode("utf-8", "replace")
    return str(message or "")
