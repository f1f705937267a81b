# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the mails of a case, each known by a token in its recipient's address."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(r"success\+(\w+)@simulator\.amazonses\.com")
# Both MTAs log a mail that is returned with such a status.
RETURNED = re.compile(r" to=<?success\+(\w+)@[^,]*,.* dsn=5\.")
UNFIT = ("530", "535")  # no log-in, or a refused one
JUDGED = ("bounced", "lost", "late", "half", "twice", "leaked")


@dataclass(frozen=True)
class Tally:
    """A row of the table; FAILURES are sentences about what no column counts."""

    sent: int
    delivered: int
    bounced: int = 0
    lost: int = 0  # in no queue, and neither delivered nor returned
    late: int = 0  # did not leave by itself in the case's time
    half: int = 0  # sessions, mails or killed runs that met parts of two configurations
    twice: int = 0
    leaked: int = 0  # sessions in which a server that proved nothing got a credential or a mail
    seconds: float = 0.0
    failures: tuple[str, ...] = ()


def tokens(text: str) -> set[str]:
    """The mails that a text names."""
    return set(TOKEN.findall(text))


def returned(log: str, mailboxes: str) -> set[str]:
    """The mails that bounced: the log says so, or a mailbox on the host has what came back."""
    return set(RETURNED.findall(log)) | tokens(mailboxes)


def arrivals(sessions: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How often the endpoint has accepted each mail."""
    recipients = (to for session in sessions for message in session["messages"] for to in message["to"])
    return Counter(token for to in recipients for token in tokens(to))


def unfit(sessions: Iterable[Mapping[str, Any]]) -> int:
    """The sessions that did not log in, or in vain, where every credential that was ever configured is valid."""
    return sum(any(reply.startswith(UNFIT) for _command, reply in session["commands"]) for session in sessions)


def mixed(sessions: Iterable[Mapping[str, Any]]) -> int:
    """The mails whose envelope has another sender's domain than their header."""
    found = 0
    for session in sessions:
        for message in session["messages"]:
            header = dict(message["headers"]).get("From", "")
            found += domain(header) != domain(message["from"])
    return found


def domain(address: str) -> str:
    """What stands behind the at sign."""
    return address.rpartition("@")[2].rstrip("> ")


def leaked(sessions: Iterable[Mapping[str, Any]]) -> int:
    """The sessions that gave a credential or a mail away, where no server had proved that it is the endpoint."""
    return sum(bool(session["user"] or session["auth_in_clear"] or session["messages"]) for session in sessions)


def tally(
    sent: Collection[str], arrived: Mapping[str, int], bounced: Collection[str], queued: Collection[str], **more: Any
) -> Tally:
    """Count them: those that were handed over, and nothing else that arrived."""
    handed = set(sent)
    gone = handed & set(arrived)
    back = handed & set(bounced)
    return Tally(
        sent=len(handed),
        delivered=len(gone),
        bounced=len(back),
        lost=len(handed - gone - back - set(queued)),
        twice=sum(count > 1 for token, count in arrived.items() if token in handed),
        **more,
    )
