# SPDX-License-Identifier: GPL-3.0-or-later
"""How MTAs word a deferral or a bounce: from their words to a symptom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_QUEUE_REPLIES = (
    re.compile(r"said: ([245]\d\d[ -].*)", re.DOTALL),
    # Not 403: with that, Sendmail tells what its own TLS rules say. Not a number within a name.
    re.compile(r"(?<![\w.-])((?!403)[245][0-5]\d[ -].*)", re.DOTALL),
)
_QUEUE_HOST = re.compile(
    r"(?:(?:host|with|by|to|server:?|from) \[?|name=|Deferred: (?=\S+: ))"  # the last: Sendmail begins with the server
    r"(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+(?=\[))\.?(?:\[|\]|,|:|\s|$)"
)
# Postfix names every server by name and address; a socket's path stands in place of an address.
_QUEUE_LOCAL = re.compile(
    r"(?P<name>[\w.:-]+)\[(?P<at>127(?:\.\d{1,3}){3}|(?:IPv6:)?::1|(?:private|public)/[^\]\s]*|/[^\]\s]*)\](?::(?P<port>\d+))?"
)
# Sendmail names a server once.
_SENDMAIL_LOCAL = re.compile(
    r"(?:by|with|from) \[?(?P<at>127(?:\.\d{1,3}){3}|(?:IPv6:)?::1|localhost(?:\.[\w-]+)*)\]?\.?$"
)
_QUEUE_COMMAND = re.compile(r"\s*\(in reply to (?:end of )?([A-Z]+)[^)]*\)\s*$")
_QUEUE_STAGES = (("refused to talk to me", "banner"), ("refused to start TLS", "tls"), ("SASL authentication", "auth"))
_COMMAND_STAGES = {
    "EHLO": "ehlo",
    "STARTTLS": "tls",
    "AUTH": "auth",
    "MAIL": "sender",
    "RCPT": "recipient",
    "DATA": "data",
}


class Symptom(NamedTuple):
    """What is seen of a failure, for the table of causes to match."""

    kind: str = "reply"
    text: str = ""  # "535 Authentication Credentials Invalid", or words of OpenSSL or of an MTA
    stage: str = ""  # where it happened, if that is known
    port: int | None = None
    scope: str = ""
    facts: Mapping[str, str] = {}


def symptom_of(text: str) -> Symptom:
    """Read an MTA's words for a deferral or a bounce: of kind reply where they quote a server, else of kind queue."""
    command = _QUEUE_COMMAND.search(text)
    words = (text[: command.start()] if command else text).strip()
    told = next((stage for sign, stage in _QUEUE_STAGES if sign in words), "")
    stage = _COMMAND_STAGES.get(command.group(1), "") if command else told
    reply = next((found for found in (pattern.search(words) for pattern in _QUEUE_REPLIES) if found), None)
    host = _QUEUE_HOST.search(words)
    facts = {"host": host.group("host")} if host else {}
    before = words[: reply.start(1)] if reply else words  # what the server replied names anything
    server = _QUEUE_HOST.search(before)
    facts.update({"server": server.group("host")} if server else {})
    facts.update(_local(before))
    return (
        Symptom("reply", reply.group(1), stage, facts=facts) if reply else Symptom("queue", words, stage, facts=facts)
    )


def _local(words: str) -> dict[str, str]:
    """The host's own service that an MTA's words name: a loopback address or a socket."""
    found = _QUEUE_LOCAL.search(words)
    if found:
        port = f":{found['port']}" if found["port"] else ""
        return {"loopback_name": found["name"], "loopback": f"{found['at']}{port}"}
    named = _SENDMAIL_LOCAL.search(words)
    return {"loopback_name": named["at"], "loopback": named["at"]} if named else {}
