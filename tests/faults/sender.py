# SPDX-License-Identifier: GPL-3.0-or-later
"""Copied into a host under test: hands mail over as a user's program does, and says which mails the MTA took."""

from __future__ import annotations

import json
import os
import smtplib
import socket
import subprocess
import sys
import time

TIMEOUT = 30  # seconds for one mail


class Smtp:
    """By the MTA's port on the host, over one connection for as long as it lasts."""

    def __init__(self) -> None:
        self.session: smtplib.SMTP | None = None
        self.sender = f"root@{socket.getfqdn()}"

    def hand(self, recipient: str, text: str) -> bool:
        """Whether the MTA has taken the mail."""
        try:
            if self.session is None:
                self.session = smtplib.SMTP("127.0.0.1", timeout=TIMEOUT)
            self.session.sendmail(self.sender, recipient, text)
        except (OSError, smtplib.SMTPException):
            self.session = None
            return False
        return True


class Program:
    """By `sendmail -t`."""

    def hand(self, _recipient: str, text: str) -> bool:
        """Whether the program has taken the mail."""
        try:
            done = subprocess.run(
                ["/usr/sbin/sendmail", "-t"],
                input=text.encode(),
                stdout=subprocess.DEVNULL,  # Sendmail has its complaints there
                stderr=subprocess.DEVNULL,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def main(job: dict[str, str | int | float]) -> dict[str, list[str]]:
    """Hand mails over at the job's rate, until there are as many as it says, or its stop file is there."""
    way = Smtp() if job["way"] == "smtp" else Program()
    found: dict[str, list[str]] = {"taken": [], "refused": []}
    begun = time.monotonic()
    for number in range(int(job["most"])):
        if os.path.exists(str(job["stop"])):
            break
        token = f"{job['prefix']}x{number}"
        recipient = f"success+{token}@simulator.amazonses.com"
        text = f"Subject: {token}\nFrom: root\nTo: {recipient}\n\n" + "hello\n" * max(1, int(job["size"]) // 6)
        found["taken" if way.hand(recipient, text) else "refused"].append(token)
        # A slow MTA is not run after: the next mail comes at its own time, or at once.
        time.sleep(max(0.0, begun + (number + 1) / float(job["rate"]) - time.monotonic()))
    return found


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
