# SPDX-License-Identifier: GPL-3.0-or-later
"""From a symptom, or from a line of an MTA's queue, to the cause in the table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._causes import CAUSES, Cause
from ansible_collections.mailops.ses.plugins.module_utils._endpoint import (
    LOAD_BALANCER_DOMAIN,
    is_aws,
    region_behind,
    region_of,
)

# Stands where a symptom lacks a fact that a sentence asks for.
FACTS = {
    "endpoint": "the endpoint",
    "region": "this region",
    "names": "not known",
    "issuer": "an unknown issuer",
    "not_before": "a later time",
    "not_after": "a date in the past",
    "user": "of the credentials",
    "said": "no details",
    "canonical_name": "the load balancer's name",
    "password_region": "another region",
    "derived_for": "another region",
    "refusing": "one of the addresses",
    "silent": "one of the addresses",
    "ses_name": "the endpoint's name",
    "witness": "another port",
    "identities": "not named",
    "size": "an unknown number of",
    "local": "the host itself",
    "elsewhere": "another server",
}
_MAX_SAID = 300

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
_LOOPBACK = re.compile(r"127(?:\.\d{1,3}){3}|(?:ipv6:)?::1|localhost(?:\..*)?")
_IDENTITIES = re.compile(r"identities failed the check in region \S+: (.+)")
_QUEUE_COMMAND = re.compile(r"\s*\(in reply to (?:end of )?([A-Z]+)[^)]*\)\s*$")
_QUEUE_CERTIFICATE = re.compile(r"CN (\S+) does not match ")
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
    kind: str = "reply"
    text: str = ""  # "535 Authentication Credentials Invalid", or words of OpenSSL or of an MTA
    stage: str = ""  # where it happened, if that is known
    port: int | None = None
    scope: str = ""
    facts: Mapping[str, str] = {}


def diagnose(symptom: Symptom) -> dict[str, str]:
    """The cause as {id, cause, remedy, source}; the table's last row takes whatever no other takes."""
    symptom = symptom._replace(facts={**symptom.facts, **_concluded(symptom)})
    cause, groups = next(found for found in (_match(cause, symptom) for cause in CAUSES) if found)
    facts = {**FACTS, **{name: value for name, value in symptom.facts.items() if value}}
    facts.update({"said": printable(symptom.text)} if symptom.text else {})
    facts.update((name, printable(value)) for name, value in groups.items() if value)
    return {
        "id": cause.id,
        "cause": _ended(cause.cause.format_map(facts)),
        "remedy": cause.remedy.format_map(facts),
        "source": cause.source,
    }


def diagnose_text(text: str, facts: Mapping[str, str] | None = None) -> dict[str, str]:
    """The cause of a deferral or bounce as an MTA's queue or log words it."""
    symptom = symptom_of(text)
    return diagnose(symptom._replace(facts={**symptom.facts, **(facts or {})}))


def holds_mail(identifier: str) -> bool:
    """Whether queued mail with this cause stays: what keeps it lies between the host and SES, and does not pass."""
    return any(cause.holds for cause in CAUSES if cause.id == identifier)


def tells_nothing(identifier: str) -> bool:
    """Whether queued mail with this cause waits before or beside the way to SES, so that other mail may pass."""
    return any(cause.aside for cause in CAUSES if cause.id == identifier)


def symptom_of(text: str) -> Symptom:
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


def printable(text: str) -> str:
    clean = "".join(char if char.isprintable() else " " for char in text)
    return clean if len(clean) <= _MAX_SAID else clean[:_MAX_SAID] + "…"


def _ended(text: str) -> str:
    """A sentence that ends with somebody else's words ends all the same."""
    text = text.rstrip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _concluded(symptom: Symptom) -> dict[str, str]:
    """What several facts say together, for rows that need it."""
    facts = symptom.facts
    found: dict[str, str] = {}
    identities = _IDENTITIES.search(symptom.text)
    refused = identities.group(1) if identities else ""
    if _among(refused, facts.get("recipients", "")) and not _among(facts.get("sender", ""), refused):
        found["sandboxed"] = refused
    certificate = _QUEUE_CERTIFICATE.search(symptom.text)
    if certificate and region_of(certificate.group(1)):
        found["ses_name"] = certificate.group(1)
    host, endpoint = facts.get("host", ""), facts.get("endpoint", "")
    found.update(_not_of_ses(facts))
    derived_for = facts.get("derived_for")
    here = facts.get("region") or region_behind(endpoint, facts.get("canonical_name", ""))
    if derived_for and not here:
        found["region_unknown"] = "true"
    elif derived_for and here and derived_for != here:
        found.update(region=here, password_region=derived_for)
    if host.lower().endswith(LOAD_BALANCER_DOMAIN) or (
        endpoint and host.lower() == facts.get("canonical_name", "").lower() != endpoint.lower()
    ):
        found["mismatch"] = host
    return found


def _not_of_ses(facts: Mapping[str, str]) -> dict[str, str]:
    """The host's own service, or the other server, that an MTA speaks of; nothing where it may be SES."""
    endpoint = facts.get("endpoint", "").lower()
    loopback, name = facts.get("loopback", ""), facts.get("loopback_name", "").lower()
    of_ses = {endpoint, facts.get("canonical_name", "").lower().rstrip("."), ""}
    # A test's endpoint, or a tunnel's, may have a loopback address; a socket is never a way to SES.
    if loopback and ("/" in loopback or _LOOPBACK.fullmatch(name) or not (name in of_ses or is_aws(name))):
        return {"local": loopback}
    server = facts.get("server", "").lower()
    if endpoint and not loopback and server not in of_ses and not is_aws(server):
        return {"elsewhere": facts["server"]}
    return {}


def _among(addresses: str, others: str) -> bool:
    """Whether each address of one list is in the other."""
    wanted, known = ({part.strip().lower() for part in text.split(",") if part.strip()} for text in (addresses, others))
    return bool(wanted) and wanted <= known


def _match(cause: Cause, symptom: Symptom) -> tuple[Cause, dict[str, str]] | None:
    if not all(symptom.facts.get(fact) for fact in cause.needs):
        return None
    if symptom.kind == "queue":
        found = re.search(cause.queue, symptom.text) if cause.queue or not cause.kinds else None
        return (cause, found.groupdict()) if found else None
    fits = (
        (not cause.kinds or symptom.kind in cause.kinds)
        and (not cause.stages or symptom.stage in cause.stages)
        and (not cause.ports or symptom.port in cause.ports)
        and (not cause.scopes or symptom.scope in cause.scopes)
    )
    said = re.match(cause.says, symptom.text) if fits else None
    return (cause, said.groupdict()) if said else None
