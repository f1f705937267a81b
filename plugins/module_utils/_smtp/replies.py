# SPDX-License-Identifier: GPL-3.0-or-later
"""SMTP replies: read from a stream with caps, parsed, and made fit to print."""

from __future__ import annotations

import re
import socket
from typing import Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure

MAX_LINE = 4096  # RFC 5321 asks for 512; a longer line than this is no reply
MAX_REPLY = 65536

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)


class Reply(NamedTuple):
    """A server's whole reply, fit to print."""

    code: int
    text: str  # the lines' texts, joined by line feeds


class ReplyReader:
    """Cuts what `receive` yields into replies; what it has not used yet stays in `pending`."""

    def __init__(self, receive: Callable[[], bytes], mask: Callable[[str], str] = str) -> None:
        self._receive = receive
        self._mask = mask  # before anything is cut, so that no part of a secret is left
        self.pending = b""

    def read(self) -> Reply:
        """The next reply. Failure where none comes whole (timeout, unfinished, closed), or what comes is none (garbage,
        flood)."""
        texts: list[str] = []
        size = 0
        while True:
            line = self._line(begun=bool(texts))
            size += len(line)
            match = _LINE.fullmatch(line)
            if not match:
                raise Failure("garbage", self._text(line)[:80])
            if size > MAX_REPLY:
                raise Failure("flood", f"a reply of more than {MAX_REPLY} bytes")
            texts.append(self._text(match.group(3) or b""))
            if match.group(2) != b"-":
                return Reply(int(match.group(1)), "\n".join(texts))

    def _line(self, begun: bool) -> bytes:
        while b"\n" not in self.pending[: MAX_LINE + 1]:
            if len(self.pending) > MAX_LINE:
                raise Failure("flood", f"a line of more than {MAX_LINE} bytes: {self._text(self.pending)[:40]}…")
            try:
                data = self._receive()
            except (socket.timeout, TimeoutError):  # noqa: UP041  (two errors on Python 3.9 and one from 3.10 on)
                raise Failure("unfinished" if begun or self.pending else "timeout") from None
            if not data:
                raise Failure("closed")
            self.pending += data
        line, _feed, self.pending = self.pending.partition(b"\n")
        return line.rstrip(b"\r")

    def _text(self, raw: bytes) -> str:
        text = raw.decode("utf-8", "replace").replace("\ufffd", "?")
        return self._mask("".join(char if char.isprintable() else "?" for char in text))


def capabilities(ehlo: str) -> dict[str, list[str]]:
    """The keywords of an EHLO reply with their parameters, in capitals; `AUTH=LOGIN` is the form of old servers."""
    found: dict[str, list[str]] = {}
    for line in ehlo.upper().split("\n")[1:]:
        words = re.sub(r"^AUTH=", "AUTH ", line.strip()).split()
        if words:
            known = found.setdefault(words[0], [])
            known.extend(word for word in words[1:] if word not in known)
    return found
