# SPDX-License-Identifier: GPL-3.0-or-later
"""Mails at a steady pace, handed over on the host itself while something changes there, and what became of each."""

from __future__ import annotations

import subprocess
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from shlex import quote
from types import TracebackType
from typing import Any

from .relay import Relay, until

# Runs on the host: sessions of ten mails by SMTP, and each tenth mail by sendmail(1), as programs do. What is refused
# is handed over again, as a program would: it was not taken.
PROGRAM = r"""
import smtplib, subprocess, sys, time
mark, rate = sys.argv[1], float(sys.argv[2])
sent, begun, session = 0, time.monotonic(), None
def text():
    return f"From: app@example.com\nTo: success@simulator.amazonses.com\nSubject: {mark}-{sent}\n\nhello\n"
def by_program():
    subprocess.run(["/usr/sbin/sendmail", "-t"], input=text().encode(), check=True)
def by_smtp():
    global session
    session = session or smtplib.SMTP("127.0.0.1", timeout=20)
    session.sendmail("app@example.com", ["success@simulator.amazonses.com"], text())
    if sent % 10 == 9:
        session.close()
        session = None
while not open("/run/stream").read().startswith("end"):
    try:
        by_program() if sent % 10 == 5 else by_smtp()
    except (OSError, smtplib.SMTPException, subprocess.CalledProcessError):
        session = None
        time.sleep(0.2)  # between two tries, while the MTA takes nothing; the test ends the loop
        continue
    sent += 1
    time.sleep(max(0.0, begun + sent / rate - time.monotonic()))
print(sent)
"""
SOME = 10  # mails
PATIENCE = 60.0  # seconds, for the last mail to leave


@dataclass
class Fate:
    """How many mails had which."""

    handed_over: int
    delivered: int
    twice: int
    bounced: int
    waiting: int

    @property
    def lost(self) -> int:
        """Those that are nowhere."""
        return self.handed_over - self.delivered - self.bounced - self.waiting


class Stream:
    """Mails of a number a second, from the beginning of the block to its end."""

    def __init__(self, relay: Relay, endpoint: Any, rate: float = 50) -> None:
        self._relay, self._endpoint, self._rate = relay, endpoint, rate
        self._mark = f"stream-{uuid.uuid4().hex[:8]}"
        self.fate: Fate

    def __enter__(self) -> Stream:
        self._relay.host.check_output("echo on > /run/stream")
        container = self._relay.host.backend.name
        command = ["podman", "exec", container, "python3", "-c", PROGRAM, self._mark, str(self._rate)]
        self._program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.flows()
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _traceback: TracebackType | None) -> None:
        self._relay.host.check_output("echo end > /run/stream")
        output, _none = self._program.communicate(timeout=60)
        if kind is None:
            self.fate = self._count(int(output))

    def flows(self) -> None:
        """Wait until some more mails have arrived."""
        seen = len(self.arrived())
        until("the stream flows", lambda: len(self.arrived()) > seen + SOME)

    def arrived(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for session in self._endpoint.sessions():
            for message in session["messages"]:
                found.update(value for name, value in message["headers"] if name == "Subject" and self._mark in value)
        return found

    def _bounced(self) -> int:
        """Those of which a bounce is in root's mailbox."""
        command = f"cat /var/mail/root | grep -o '^Subject: {quote(self._mark)}-[0-9]*' | sort -u | wc -l"
        return int(self._relay.host.check_output(command))

    def _drained(self) -> bool:
        # Postfix looks at a mail that was on its way during a reload again after a minute, to see that it is done.
        self._relay.mta.flush()
        return not self._relay.queue()

    def _count(self, sent: int) -> Fate:
        with suppress(AssertionError):  # what still waits then is counted
            until("all mails left", self._drained, PATIENCE)
        arrived = self.arrived()
        twice = sum(1 for count in arrived.values() if count > 1)
        return Fate(sent, len(arrived), twice, self._bounced(), len(self._relay.queue()))
