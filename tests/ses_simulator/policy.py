# SPDX-License-Identifier: GPL-3.0-or-later
"""What SES makes of a message that arrived whole: accepted, or refused with a text."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from email.utils import getaddresses
from typing import Any

from . import replies
from .model import Limits, SimulatorError

CHECKED_HEADERS = {"from", "sender", "return-path"}
MAILBOX_SIMULATOR = "simulator.amazonses.com"


def headers(content: bytes) -> list[list[str]]:
    """The headers as received, folded lines joined by their line ends."""
    head = content.partition(b"\r\n\r\n")[0]
    found: list[list[str]] = []
    for line in head.decode("utf-8", "backslashreplace").split("\r\n"):
        if line[:1] in (" ", "\t") and found:
            found[-1][1] += "\r\n" + line
        elif ":" in line:
            name, _, value = line.partition(":")
            found.append([name, value.strip()])
    return found


class Policy:
    """Verified identities, the sandbox, the sending rate and the quota."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        self.verified: set[str] | None = None
        self.sandbox = False
        self._sent = 0
        self._recent: list[float] = []

    def change(self, verified: Iterable[str] | None, sandbox: Any) -> dict[str, Any]:
        if isinstance(verified, str) or not isinstance(sandbox, bool):
            raise SimulatorError(
                "verified is a list of addresses and domains, or null for any; sandbox is true or false"
            )
        self.verified = None if verified is None else {identity.lower() for identity in verified}
        self.sandbox = sandbox
        return self.state()

    def state(self) -> dict[str, Any]:
        return {"verified": None if self.verified is None else sorted(self.verified), "sandbox": self.sandbox}

    def refusal(self, region: str, sender: str, recipients: list[str], found: list[list[str]]) -> str | None:
        if len(recipients) > self._limits.recipients:
            return replies.TOO_MANY_RECIPIENTS.format(limit=self._limits.recipients)
        failed = self._unverified(sender, recipients, found)
        if failed:
            return replies.NOT_VERIFIED.format(region=region.upper(), identities=", ".join(failed))
        if self._limits.quota is not None and self._sent >= self._limits.quota:
            return replies.QUOTA_EXCEEDED
        if self._limits.rate is not None:
            since = self._clock() - 1
            self._recent = [at for at in self._recent if at > since]
            if len(self._recent) >= self._limits.rate:
                return replies.TOO_FAST
            self._recent.append(self._clock())
        self._sent += 1
        return None

    def _unverified(self, sender: str, recipients: list[str], found: list[list[str]]) -> list[str]:
        if self.verified is None:
            return []
        written = [value.replace("\r\n", "") for name, value in found if name.lower() in CHECKED_HEADERS]
        addresses = [address for _name, address in getaddresses(written) if address]
        addresses.append(sender)
        if self.sandbox:
            addresses += [a for a in recipients if a.rpartition("@")[2].lower() != MAILBOX_SIMULATOR]
        return list(dict.fromkeys(a for a in addresses if not self._is_verified(a)))

    def _is_verified(self, address: str) -> bool:
        assert self.verified is not None
        address = address.lower()
        labels = address.rpartition("@")[2].split(".")
        domains = {".".join(labels[at:]) for at in range(len(labels))}
        return address in self.verified or not domains.isdisjoint(self.verified)
