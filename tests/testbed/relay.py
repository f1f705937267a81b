# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay under test: it runs the playbook as an engineer does, and sends mail as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Sequence
from shlex import quote
from typing import Any, ClassVar

from ses_simulator.client import Control

from . import warm
from .engine import ROOT
from .layout import Layout
from .mta import mta_of


def relays(*names: str) -> list[str]:
    """What testinfra calls these hosts."""
    return [f"podman://{Layout.load().container(name)}" for name in names]


# A scenario with hosts of its own names them, and runs the tests of others on them.
ALL_RELAYS = relays(*os.environ.get("ALL_RELAYS", "debian12 debian13").split())
# A scenario that repeats long tests for another MTA sets RELAYS to the one host that it repeats them on.
RELAYS = [name for name in ALL_RELAYS if name.endswith(os.environ.get("RELAYS", ""))]
INVENTORY = ROOT / "molecule" / "inventory.yml"
# What molecule sets for its own runs would change what these print.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))},
    "ANSIBLE_CONFIG": str(ROOT / "tests" / "testbed" / "ansible.cfg"),
    "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
}
DEADLINE = 90.0  # seconds; what is waited for takes one or two on a machine with nothing else to do


def until(what: str, probe: Any, deadline: float = DEADLINE) -> Any:
    """The first true answer of PROBE; an AssertionError that names what did not come about."""
    end = time.monotonic() + deadline
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < end, f"{what}: not within {deadline:.0f} s"
        time.sleep(0.1)  # the interval of a bounded poll


class Relay:
    """One host of the testbed."""

    settled: ClassVar[dict[str, dict[str, Any]]] = {}  # by host, the variables of the last run that nothing followed

    def __init__(self, host: Any, layout: Layout) -> None:
        self.host = host
        container = host.backend.name
        self.name = container.removeprefix(f"{layout.prefix}-")
        self.hostname = layout.hosts[self.name].hostname
        self.mta = mta_of(host)

    def playbook(
        self, *arguments: str, name: str = "mailops.ses.relay", **variables: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a playbook on this host alone."""
        command = ["ansible-playbook", "-i", str(INVENTORY), name, "--limit", f"{self.name},localhost"]
        command += ["--extra-vars", json.dumps({"ses_mta": self.mta.name, **variables})]
        if "--check" not in arguments:
            self.settled.pop(self.name, None)
        return warm.run([*command, *arguments], ENVIRONMENT)

    def converge(self, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run the relay playbook, which must succeed."""
        done = self.playbook(**variables)
        assert done.returncode == 0, done.stdout + done.stderr
        self.settled[self.name] = variables
        return done

    def settle(self, **variables: Any) -> None:
        """Have the host as these variables make it, without a run where the last one was of the same."""
        if self.settled.get(self.name) != variables:
            self.converge(**variables)

    def module(self, name: str, *arguments: str, **options: Any) -> dict[str, Any]:
        """What a module returns on this host, and whether it failed."""
        given = json.dumps(options) if options else ""
        command = ["ansible", self.name, "-i", str(INVENTORY), "-m", name, "-a", given, *arguments]
        done = warm.run(command, {**ENVIRONMENT, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"})
        head, _arrow, result = done.stdout.partition(" => ")
        assert "|" in head, done.stdout + done.stderr
        return {**json.loads(result), "failed": "FAILED" in head}

    def send(
        self,
        recipient: str = "success@simulator.amazonses.com",
        sender: str = "root",
        user: str = "root",
        **headers: str,
    ) -> str:
        """Hand a mail over by `sendmail -t`, and return the subject by which it is found again."""
        subject = f"test {uuid.uuid4().hex}"
        lines = {"From": sender, "To": recipient, "Subject": subject, **headers}
        text = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in lines.items()) + "\nhello\n"
        command = f"printf '%s' {quote(text)} | /usr/sbin/sendmail -t"
        if user != "root":
            command = f"runuser -u {user} -- sh -c {quote(command)}"
        self.host.check_output(command)
        return subject

    def burst(self, envelope_sender: str, recipient: str, count: int, others: Sequence[str] = ()) -> None:
        """Hand COUNT mails over by SMTP, in one session, each to OTHERS too."""
        text = f"Subject: burst\nFrom: root\nTo: {recipient}\n\nhello\n"
        mail = f"{envelope_sender!r}, {[recipient, *others]!r}, {text!r}"
        session = f"import smtplib; s = smtplib.SMTP('127.0.0.1'); [s.sendmail({mail}) for _ in range({count})]"
        self.host.check_output(f"python3 -c {quote(session)}")

    def submit(self, envelope_sender: str, recipient: str) -> str:
        """Hand a mail over by `sendmail -f`, which may be a null sender."""
        subject = f"test {uuid.uuid4().hex}"
        envelope_sender = envelope_sender or self.mta.null_sender
        text = f"Subject: {subject}\nFrom: root\nTo: {recipient}\n\nhello\n"
        submission = f"/usr/sbin/sendmail -f {quote(envelope_sender)} -- {recipient}"
        self.host.check_output(f"printf '%s' {quote(text)} | {submission}")
        return subject

    def arrived(self, endpoint: Control, subject: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The session and the message in which this mail reached the endpoint."""

        def look() -> Any:
            for session in endpoint.sessions():
                for message in session["messages"]:
                    if ["Subject", subject] in message["headers"]:
                        return session, message
            return None

        found: tuple[dict[str, Any], dict[str, Any]] = until(f"{subject} arrives", look)
        return found

    def deferred(self, subject: str, word: str) -> str:
        """The reason for which the queue keeps its only mail; it has to contain WORD."""

        def look() -> str:
            return next((reason for reason in self.queue() if word in reason), "")

        reason: str = until(f"{subject} is deferred with {word!r}", look)
        return reason

    def queue(self) -> list[str]:
        """The reason why it waits, for each mail in the queue."""
        return self.mta.queue()

    def empty(self) -> None:
        """Delete what is queued, and root's mailbox."""
        self.host.run(f"{self.mta.deletion}; rm -f /var/mail/*")

    def mailbox(self, user: str, word: str) -> str:
        """USER's mailbox on the host, as soon as it contains WORD."""
        text: str = until(f"{word!r} is in {user}'s mailbox", lambda: self._mail_with(user, word))
        return text

    def _mail_with(self, user: str, word: str) -> str:
        text = str(self.host.run(f"cat /var/mail/{user}").stdout)
        return text if word in text else ""
