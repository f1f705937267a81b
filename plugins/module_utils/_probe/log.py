# SPDX-License-Identifier: GPL-3.0-or-later
"""One mail in the log of Postfix or Sendmail: the queue ids that it had, and what came of each delivery."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

SENT, DEFERRED, BOUNCED = "sent", "deferred", "bounced"

# A line of a file, in any of syslog's forms: what stands before the program's name does not matter.
_LINE = re.compile(r"(?:^|\s)(?P<program>[^\s\[\]]+)\[\d+\]: (?P<message>.*)")
_ID = r"(?P<id>[0-9A-Za-z]{6,20}): "

_POSTFIX_ARRIVAL = re.compile(_ID + r"(?:resent-)?message-id=<?(?P<name>[^>]*)>?$")
_POSTFIX_SENDER = re.compile(_ID + r"from=<(?P<sender>[^>]*)>, size=")
_POSTFIX_DELIVERY = re.compile(
    _ID + r"to=<(?P<to>.*?)>, (?:orig_to=<(?P<original>.*?)>, )?relay=(?P<relay>[^,]+), "
    r".*?\bstatus=(?P<status>[a-z]+) \((?P<text>.*)\)$"
)
_SENDMAIL_ARRIVAL = re.compile(_ID + r"from=(?P<sender>.*?), size=.*\bmsgid=<(?P<name>[^>]*)>")
_SENDMAIL_DELIVERY = re.compile(
    _ID + r"to=(?P<to>.*?), (?:ctladdr=.*?, )?delay=.*?\bmailer=(?P<mailer>[^,]+), pri=\d+, "
    r"(?:relay=(?P<relay>.*?), )?(?:dsn=(?P<dsn>[\d.]+), )?(?:quarantine=.*?, )?"
    r"(?:reply=(?P<reply>.*), )?stat=(?P<status>.*)$"
)
# What Postfix calls it, and the first word of Sendmail's `stat`, nothing for a mail that was not tried.
_POSTFIX_STATUS = {"sent": SENT, "deferred": DEFERRED, "bounced": BOUNCED}
_SENDMAIL_STATUS = {"Sent": SENT, "Deferred": DEFERRED, "queued": "", "quarantined": ""}
# Delivery agents of Postfix that speak to another server.
_POSTFIX_REMOTE = "smtp"
_SENDMAIL_LOCAL = {"local", "prog", "*file*", "*include*", "discard", "cyrus", "cyrusv2", "procmail"}

# The only reply by which SES takes a mail.
_SES_REPLY = re.compile(r"250 Ok (?P<id>[0-9a-f]{16}(?:-[0-9a-f]+){5,6})$")
_HANDED_ON = re.compile(r"(?:queued|forwarded) as (?P<queued>\w+)|^(?P<taken>\w+) Message accepted for delivery")
_LOOPBACK = re.compile(r"(?:^|\[)(?:127\.\d+\.\d+\.\d+|::1|IPv6:::1|localhost)(?:\]|$)")
_RELAY = re.compile(r"(?P<host>[^\s\[]+?)\.?\s?\[(?P<address>[^\]]*)\](?::(?P<port>\d+))?$")
_BARE_RELAY = re.compile(r"\[(?P<host>[^\]]+)\]\.? ?\[(?P<address>[^\]]*)\]$")


class Line(NamedTuple):
    """One line of a log: which program wrote it, and what."""

    program: str
    message: str


class Relay(NamedTuple):
    """The server that a mail was handed to; the port is None where the log does not tell it."""

    host: str
    address: str
    port: int | None


class Delivery(NamedTuple):
    """What came of one try to deliver; the status is SENT, DEFERRED or BOUNCED, empty where the mail was not tried."""

    queue_id: str
    recipients: tuple[str, ...]  # as they are now, and as they were
    mailer: str  # Sendmail's mailer; Postfix's program, after the name of its service where the log has one
    relay: Relay | None  # None where nothing left the host
    status: str
    text: str  # the reply or the reason

    @property
    def message_id(self) -> str | None:
        """The ID that SES's reply gives the mail; None where SES did not take it."""
        found = _SES_REPLY.match(self.text) if self.status == SENT and self.relay else None
        return found.group("id") if found else None

    @property
    def stays(self) -> bool:
        """Whether the server that took it is this host itself."""
        return self.relay is not None and any(_LOOPBACK.search(name) for name in self.relay[:2])


def line_of(text: str) -> Line | None:
    """A line of a syslog file; None where the text has not the form of one."""
    found = _LINE.search(text)
    return Line(found.group("program"), found.group("message")) if found else None


@dataclass
class Trace:
    """What one log says of the mail with this Message-ID, and of what became of it under other queue ids."""

    name: str
    senders: dict[str, str] = field(default_factory=dict)  # by queue id, in the order in which it had them
    deliveries: list[Delivery] = field(default_factory=list)

    def feed(self, lines: Iterable[Line]) -> None:
        """Keep those of the lines that belong to the mail."""
        for line in lines:
            self._take(line)

    def final(self, recipient: str, over: bool = False) -> Delivery | None:
        """The delivery that tells what came of the mail; None as long as none does.

        A delivery to another recipient counts only when the mail is OVER, that is when the queue has no more of it: it
        may be a blind copy. So does a delivery to this host itself, since a filter hands the mail back.
        """
        last = [
            delivery
            for delivery in self.deliveries
            if not self._handed_on(delivery) and (over or not self._comes_back(delivery))
        ]
        named = [delivery for delivery in last if recipient.lower() in delivery.recipients]
        found = named or (last if over else [])
        return found[-1] if found else None

    def sender(self, queue_id: str) -> str:
        """The envelope's sender under this queue id; empty where the log does not tell."""
        return self.senders.get(queue_id, "")

    def _take(self, line: Line) -> None:
        arrival = _SENDMAIL_ARRIVAL.match(line.message) or _POSTFIX_ARRIVAL.match(line.message)
        if arrival:
            if arrival.group("name") == self.name:
                sender = arrival.groupdict().get("sender") or ""
                self.senders.setdefault(arrival.group("id"), sender.strip("<>"))
            return
        sender_of = _POSTFIX_SENDER.match(line.message)
        if sender_of and sender_of.group("id") in self.senders:
            self.senders[sender_of.group("id")] = sender_of.group("sender")
        delivery = postfix_delivery(line) or sendmail_delivery(line)
        if delivery and delivery.queue_id in self.senders and delivery.status:
            self.deliveries.append(delivery)

    def _handed_on(self, delivery: Delivery) -> bool:
        found = _HANDED_ON.search(delivery.text) if delivery.status == SENT else None
        return found is not None and any(name in self.senders for name in found.groups() if name)

    def _comes_back(self, delivery: Delivery) -> bool:
        return delivery.status == SENT and delivery.stays and not delivery.message_id


def postfix_delivery(line: Line) -> Delivery | None:
    """A delivery in Postfix's words; None where the line is another."""
    found = _POSTFIX_DELIVERY.match(line.message)
    if not found:
        return None
    _name, _slash, mailer = line.program.partition("/")
    remote = mailer.rpartition("/")[2] == _POSTFIX_REMOTE and found.group("relay") != "none"
    return Delivery(
        found.group("id"),
        tuple(name.lower() for name in found.group("to", "original") if name),
        mailer or line.program,
        relay_of(found.group("relay")) if remote else None,
        _POSTFIX_STATUS.get(found.group("status"), ""),
        found.group("text"),
    )


def sendmail_delivery(line: Line) -> Delivery | None:
    """A delivery in Sendmail's words, whose reply has its number only where the delivery failed; None where the line is
    another."""
    found = _SENDMAIL_DELIVERY.match(line.message)
    if not found:
        return None
    stat, relay = found.group("status"), found.group("relay")
    # Any other is a failure, for now or for ever.
    other = DEFERRED if (found.group("dsn") or "").startswith("4") else BOUNCED
    status = _SENDMAIL_STATUS.get(re.split(r"[ :(]", stat, maxsplit=1)[0], other)
    sent = re.match(r"Sent \((?P<reply>.*)\)$", stat)
    text = sent.group("reply") if sent else found.group("reply") or stat
    if sent and text.startswith("Ok "):
        text = f"250 {text}"  # it leaves the number out
    return Delivery(
        found.group("id"),
        tuple(name.strip("<> ").lower() for name in found.group("to").split(",")),
        found.group("mailer"),
        relay_of(relay) if relay and found.group("mailer") not in _SENDMAIL_LOCAL else None,
        status,
        text,
    )


def relay_of(text: str) -> Relay:
    """Read `host[address]:port` of Postfix, `host. [address]` or `[address] [address]` of Sendmail; another text is all
    host."""
    found = _BARE_RELAY.match(text) or _RELAY.match(text)
    if not found:
        return Relay(text.rstrip("."), "", None)
    groups = found.groupdict()
    port = groups.get("port")
    return Relay(groups["host"], groups["address"], int(port) if port else None)
