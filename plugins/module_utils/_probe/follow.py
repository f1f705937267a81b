# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand a mail over as a user does, and follow it until a server has answered, or until it is known where it waits.

A mail counts as delivered only when a log has the reply by which SES took it. That it left the queue proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import QueueError
from ansible_collections.mailops.ses.plugins.module_utils._probe.log import BOUNCED, DEFERRED, Delivery, Trace
from ansible_collections.mailops.ses.plugins.module_utils._probe.mtas import Mta, Waiting
from ansible_collections.mailops.ses.plugins.module_utils._probe.sources import Source
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose, diagnose_text, printable
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import is_mail_manager
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom

LOOK_SECONDS = 2.0  # between two looks into the queue, which can be long
# That the log may lag behind the queue; a mail that neither has for so long has left unseen.
LAG_SECONDS = 6.0
# What a refusal at submission leaves in the log comes at once.
REFUSAL_SECONDS = 2.0

# States of a mail in the queue in which nobody tries to deliver it.
_AT_REST = {"hold": "mail_held", "lost": "mail_held"}


class Mail(NamedTuple):
    """The mail that is sent."""

    name: str  # its Message-ID without the brackets, which no other mail has
    recipient: str
    text: str


@dataclass
class Probe:
    """One mail on its way; the time-out is in seconds from the beginning."""

    mail: Mail
    mta: Mta
    sources: Sequence[Source]
    # Hands the mail over: (return code, words), None for a code where the program did not end in time.
    submit: Callable[[str], tuple[int | None, str]]
    clock: Callable[[], float]  # seconds, which only go up
    now: Callable[[], float]  # seconds since the epoch
    pause: Callable[[], None]
    timeout: float
    endpoint: str = ""  # SES's, where it is known: what another server refuses has another cause
    traces: list[Trace] = field(init=False)

    def __post_init__(self) -> None:
        self.traces = [Trace(self.mail.name) for _source in self.sources]

    def run(self) -> dict[str, Any]:
        """Send the mail, follow it, and return the module's result. OSError where it cannot be handed over at all."""
        began, since = self.clock(), self.now()
        code, words = self.submit(self.mail.text)
        result = self._refused(words) if code else self._followed(began, since)
        return {**result, "seconds": round(self.clock() - began, 1)}

    @property
    def trace(self) -> Trace:
        """The fullest of what the logs say."""
        return max(self.traces, key=lambda trace: (len(trace.deliveries), len(trace.senders)))

    def _read(self) -> None:
        for source, trace in zip(self.sources, self.traces):
            trace.feed(source.lines())

    def _refused(self, words: str) -> dict[str, Any]:
        """The result of a mail that the host's own MTA has not taken; its log may know more than it told the user."""
        ends = self.clock() + REFUSAL_SECONDS
        while True:
            self._read()
            delivery = self.trace.final(self.mail.recipient, over=True)
            if delivery or self.clock() >= ends:
                break
            self.pause()
        text = delivery.text if delivery else " ".join(words.split()) or "no word"
        return self._result("refused", [self._own("submission_refused", text)], text=text, delivery=delivery)

    def _followed(self, began: float, since: float) -> dict[str, Any]:
        ends, looked, gone = began + self.timeout, None, None
        while True:
            self._read()
            late = self.clock() >= ends
            over = gone is not None
            delivery = self.trace.final(self.mail.recipient, over=over)
            if delivery:
                return self._told(delivery)
            if late or looked is None or self.clock() - looked >= LOOK_SECONDS:
                looked = self.clock()
                try:
                    waiting = self.mta.waiting(self.mail.name, self.trace.senders, self.mail.recipient, since)
                except (QueueError, OSError) as error:
                    return self._blind(str(error)) if late else self._wait_on(ends)
                gone = None if waiting else gone if gone is not None else looked
                found = self._waits(waiting, late) if waiting else None
                if found:
                    return found
            if gone is not None and (late or self.clock() - gone >= LAG_SECONDS):
                self._read()  # what was logged between the last reading and the look into the queue
                delivery = self.trace.final(self.mail.recipient, over=True)
                return self._told(delivery) if delivery else self._unknown()
            self.pause()

    def _wait_on(self, ends: float) -> dict[str, Any]:
        """Follow the mail by the log alone."""
        while self.clock() < ends:
            self._read()
            delivery = self.trace.final(self.mail.recipient)
            if delivery:
                return self._told(delivery)
            self.pause()
        return self._blind("the queue cannot be read")

    def _told(self, delivery: Delivery) -> dict[str, Any]:
        """The result, by what the log says of a delivery."""
        if delivery.status == DEFERRED:
            return self._result("waits", [self._reason(delivery)], delivery=delivery)
        if delivery.status == BOUNCED:
            return self._result("bounced", [self._reason(delivery)], delivery=delivery)
        if delivery.relay and is_mail_manager(delivery.relay.host):
            facts = {"endpoint": delivery.relay.host}
            accepted = diagnose(Symptom("only_accepted", delivery.text, facts=facts))
            return self._result("elsewhere", [accepted], delivery=delivery)
        if delivery.message_id:
            return self._result("delivered", [], delivery=delivery)
        if delivery.relay:
            named = f"{delivery.relay.host}: {delivery.text}"
            return self._result("elsewhere", [self._own("delivered_elsewhere", named)], delivery=delivery)
        return self._result("local", [self._own("delivered_locally", delivery.mailer)], delivery=delivery)

    def _waits(self, waiting: Waiting, late: bool) -> dict[str, Any] | None:
        """The result, by where the queue has the mail; None as long as that may change by itself and there is time."""
        message = waiting.message
        rest = _AT_REST.get(message.state)
        if rest:
            return self._result("waits", [self._own(rest, message.state)], waiting=waiting)
        if message.reasons:
            facts = self._facts(message.sender)
            found = [diagnose_text(text, facts) for text in message.reasons]
            return self._result("waits", found, text=message.reasons[0], waiting=waiting)
        if not self.mta.runs():
            return self._result("waits", [self._own("mta_stopped", self.mta.name)], waiting=waiting)
        if late:
            return self._result("waits", [self._own("mail_not_tried", message.state)], waiting=waiting)
        return None

    def _unknown(self) -> dict[str, Any]:
        """The result of a mail that is not in the queue, and of which no log has a reply."""
        problems = [source.problem for source in self.sources if source.problem]
        said = "; ".join(problems) or "neither the journal nor a log file of the MTA names what came of it"
        return self._result("unknown", [self._own("mail_log_unreadable", said)], text=said)

    def _blind(self, words: str) -> dict[str, Any]:
        return self._result("unknown", [self._own("queue_unreadable", words)], text=words)

    def _reason(self, delivery: Delivery) -> dict[str, str]:
        facts = self._facts(self._sender(delivery))
        if delivery.relay:
            facts["server"] = delivery.relay.host
            facts.setdefault("endpoint", delivery.relay.host)
        return diagnose_text(delivery.text, facts)

    def _facts(self, sender: str) -> dict[str, str]:
        facts = {"sender": sender, "recipients": self.mail.recipient, "endpoint": self.endpoint}
        return {name: value for name, value in facts.items() if value}

    def _sender(self, delivery: Delivery) -> str:
        return self.mta.sender(self.trace.sender(delivery.queue_id), delivery.mailer)

    @staticmethod
    def _own(kind: str, said: str) -> dict[str, str]:
        """The cause of what the probe itself sees."""
        return diagnose(Symptom(kind, said))

    def _result(
        self,
        state: str,
        diagnosis: list[dict[str, str]],
        *,
        text: str = "",
        delivery: Delivery | None = None,
        waiting: Waiting | None = None,
    ) -> dict[str, Any]:
        relay = self.mta.relay(delivery.relay, delivery.mailer) if delivery and delivery.relay else None
        sender = self._sender(delivery) if delivery else waiting.message.sender if waiting else ""
        ids = dict.fromkeys([*self.trace.senders, *([waiting.queue_id] if waiting else [])])
        found: dict[str, Any] = {
            "delivered": state == "delivered",
            "state": state,
            "message_id": delivery.message_id if delivery and state == "delivered" else None,
            "mta": self.mta.name,
            "queue_ids": list(ids),
            "queue": waiting.message.state if waiting else None,
            "mailer": delivery.mailer if delivery else None,
            "relay": relay._asdict() if relay else None,
            "sender": sender or None,
            "recipient": self.mail.recipient,
            "reply": printable(delivery.text if delivery else text) or None,
            "diagnosis": diagnosis,
        }
        return {**found, "msg": sentence(found)}


def skipped(
    recipient: str, message: str, diagnosis: Sequence[dict[str, str]] = (), state: str = "skipped"
) -> dict[str, Any]:
    """The module's result where no mail was sent."""
    empty = dict.fromkeys(("message_id", "mta", "queue", "mailer", "relay", "sender", "reply", "seconds"))
    return {
        **{"delivered": False, "state": state, "queue_ids": [], "recipient": recipient, **empty},
        **{"diagnosis": list(diagnosis), "msg": message},
    }


def sentence(result: dict[str, Any]) -> str:
    """What came of the mail by this result, in a sentence or two."""
    begin = f"The mail to {result['recipient']}"
    relay = result["relay"]
    if result["delivered"]:
        port = f", port {relay['port']}" if relay["port"] else ""
        return (
            f"{begin} is delivered: {relay['host']}{port} took it from {result['sender']} by {result['mailer']} "
            f"as {result['message_id']}."
        )
    words = {
        "waits": f"waits in {result['mta'].capitalize()}'s queue as {', '.join(result['queue_ids']) or 'unknown'}.",
        "bounced": "is refused and goes back to its sender.",
        "refused": f"is refused by {result['mta'].capitalize()} as it is handed over.",
        "local": "stays on this host.",
        "elsewhere": "went to a server that is not SES's.",
        "unknown": "was handed over, and what came of it is not known.",
    }
    causes = " ".join(f"{item['cause']} {item['remedy']}" for item in result["diagnosis"])
    return f"{begin} {words[result['state']]} {causes}".strip()
