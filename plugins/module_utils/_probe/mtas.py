# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe asks an MTA besides its log: whether it runs, what its queue has, how it rewrites a sender."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Callable, NamedTuple, Protocol

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import Message
from ansible_collections.mailops.ses.plugins.module_utils._postfix.mailq import postfix_queue
from ansible_collections.mailops.ses.plugins.module_utils._probe.log import Relay
from ansible_collections.mailops.ses.plugins.module_utils._probe.sources import FILES
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.mailq import Queue, configured, listed, parse

Runner = Callable[[Sequence[str]], "tuple[int, str, str]"]

SUBMISSION = "/usr/sbin/sendmail"
CF = "/etc/mail/sendmail.cf"
_SLACK = 2.0  # seconds: a queue tells arrivals in whole seconds
_MAX_HEADERS = 1 << 18  # bytes of a queue file that are searched for the mail's name
_MAX_CANDIDATES = 50  # of Postfix's queue, mail that came at the same time for the same recipient

_REWRITTEN = re.compile(r"^Rcode = 0, addr = (?P<sender>\S+)$", re.MULTILINE)
_SENDER = re.compile(r"[A-Za-z0-9._%+@=-]+\Z")  # what may be typed into sendmail -bt


class Waiting(NamedTuple):
    """The mail in a queue."""

    queue_id: str
    message: Message


class Mta(Protocol):
    """One kind of MTA, as a probe asks it."""

    name: str

    def log_files(self) -> list[str]:
        """The files that the MTA may log to besides the journal."""

    def runs(self) -> bool:
        """Whether the MTA takes mail out of its queue; True where that cannot be told."""

    def waiting(self, name: str, ids: Iterable[str], recipient: str, since: float) -> Waiting | None:
        """The mail of this Message-ID in the queue, by one of its queue IDS or by its text; None where it is not there.
        SINCE is in seconds since the epoch. QueueError where the queue cannot be read."""

    def sender(self, logged: str, mailer: str) -> str:
        """The envelope's sender as the server sees it, from the sender in the log."""

    def relay(self, logged: Relay, mailer: str) -> Relay:
        """The server in the log, with its port."""


class Postfix:
    """Postfix, by its own tools."""

    name = "postfix"

    def __init__(self, run: Runner, postqueue: str, root: bool) -> None:
        self._run = run
        self._postqueue = postqueue
        self._root = root

    def log_files(self) -> list[str]:
        """maillog_file where it is set, and the files of syslog daemons."""
        code, out, _err = self._run(["postconf", "-hx", "maillog_file"])
        return [*([out.strip()] if not code and out.startswith("/") else []), *FILES]

    def runs(self) -> bool:
        """Ask `postfix status`, which answers only root."""
        return not self._root or self._run(["postfix", "status"])[0] == 0

    def waiting(self, name: str, ids: Iterable[str], recipient: str, since: float) -> Waiting | None:
        """Look through postqueue's listing; where the log has no queue id, root reads the mails that fit."""
        known = set(ids)
        candidates = []
        for message in postfix_queue(self._postqueue):
            if message.name in known:
                return Waiting(message.name, message)
            recent = message.arrived is not None and message.arrived >= since - _SLACK
            if not known and recent and recipient.lower() in (to.lower() for to in message.recipients):
                candidates.append(message)
        # Only root reads a mail in the queue; no other mail is taken for this one.
        for message in candidates[-_MAX_CANDIDATES:]:
            if name in self._run(["postcat", "-hq", message.name])[1]:
                return Waiting(message.name, message)
        return None

    def sender(self, logged: str, mailer: str) -> str:
        """The sender in the log, as Postfix rewrote it when the mail came in."""
        return logged

    def relay(self, logged: Relay, mailer: str) -> Relay:
        """The server in the log, where Postfix names the port."""
        return logged


class Sendmail:
    """Sendmail, by its queue files and its test mode."""

    name = "sendmail"

    def __init__(self, ask: Callable[[str], str], queues: Sequence[Queue] | None = None, cf: str = CF) -> None:
        self._ask = ask  # what `sendmail -bt` answers to such lines
        self._queues = configured() if queues is None else list(queues)
        self._cf = cf

    def log_files(self) -> list[str]:
        """The files of syslog daemons."""
        return list(FILES)

    def runs(self) -> bool:
        """True: its log says that nothing answers on its port."""
        return True

    def waiting(self, name: str, ids: Iterable[str], recipient: str, since: float) -> Waiting | None:
        """Look through the heads of the recent files in its queues."""
        known = set(ids)
        for path, state in listed(self._queues).items():
            queue_id = os.path.basename(path)[2:]
            text = _recent(path, since - _SLACK)
            if text and (queue_id in known or name in text):
                found = parse(text, Queue(os.path.dirname(path), state, "deferred"))
                held = state in {"hold", "lost"}
                return Waiting(queue_id, found._replace(state=state if held else found.state, name=queue_id))
        return None

    def sender(self, logged: str, mailer: str) -> str:
        """Ask the test mode: Sendmail logs a sender as it came, and rewrites it while it delivers."""
        if not _SENDER.match(logged) or not re.match(r"[\w*-]+\Z", mailer):
            return logged
        found = _REWRITTEN.search(self._ask(f"/tryflags ES\n/try {mailer} {logged}\n/quit\n"))
        return found.group("sender") if found else logged

    def relay(self, logged: Relay, mailer: str) -> Relay:
        """Read the port in the mailer's definition: Sendmail's log names none."""
        return logged._replace(port=logged.port or mailer_port(read(self._cf), mailer))


def mailer_port(cf: str, mailer: str) -> int | None:
    """The port of a mailer that speaks SMTP, 25 where its definition has none; None for any other mailer."""
    definition = re.search(rf"^M{re.escape(mailer)},(?P<text>.*(?:\n[ \t].*)*)", cf, re.MULTILINE)
    address = re.search(r"\bA=TCP \$h(?: (?P<port>\d+))?", definition.group("text")) if definition else None
    return int(address.group("port") or 25) if address else None


def _recent(path: str, since: float) -> str:
    """The head of a queue file that is not older; a file that has gone is empty."""
    with suppress(FileNotFoundError):
        # No link is followed: users may write into the client's queue, and this may be root.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_mtime >= since:
                return file.read(_MAX_HEADERS).decode("utf-8", "replace")
    return ""
