# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at a host's present mail set-up finds: kept, changed and named, or refused before any change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

KEPT, CHANGED, REFUSED = "kept", "changed", "refused"


@dataclass(frozen=True)
class Finding:
    """One thing that the host has, and what the role does about it."""

    verdict: str  # KEPT, CHANGED or REFUSED
    subject: str  # the parameter, variable, file or unit
    reason: str  # a clause that follows the subject: "leads all mail to smtp:[hub.corp.example]"
    remedy: str = ""  # an imperative clause: "remove the row `*`"; a refusal has one

    @property
    def sentence(self) -> str:
        """The finding in one sentence."""
        return f"{self.subject} {self.reason}{f'; {self.remedy}' if self.remedy else ''}."


def kept(subject: str, reason: str, remedy: str = "") -> Finding:
    """A thing that goes on as it was."""
    return Finding(KEPT, subject, reason, remedy)


def changed(subject: str, reason: str, remedy: str = "") -> Finding:
    """A thing that the role changes, with what it was."""
    return Finding(CHANGED, subject, reason, remedy)


def refused(subject: str, reason: str, remedy: str) -> Finding:
    """A thing with which the role does not begin."""
    return Finding(REFUSED, subject, reason, remedy)


def sentences(findings: Iterable[Finding], verdict: str) -> list[str]:
    """The sentences of one verdict, in their order."""
    return [finding.sentence for finding in findings if finding.verdict == verdict]
