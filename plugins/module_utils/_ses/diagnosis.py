# SPDX-License-Identifier: GPL-3.0-or-later
"""From a symptom, or from a line of an MTA's queue, to the cause in the table."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible_collections.mailops.ses.plugins.module_utils._ses.causes import CAUSES, Cause
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import (
    LOAD_BALANCER_DOMAIN,
    doubts,
    is_aws,
    region_behind,
    region_of,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom, symptom_of

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
    "family": "one kind of address",
    "works": "the other kind",
    "missing": "one kind of",
    "ses_name": "the endpoint's name",
    "witness": "another port",
    "identities": "not named",
    "size": "an unknown number of",
    "large_hello": "more than 1,200",
    "small_hello": "less than 1,200",
    "local": "the host itself",
    "elsewhere": "another server",
    "no_ses": "of the endpoint",
    "no_smtp": "this region",
    "usual_name": "another name",
}
_MAX_SAID = 300

_LOOPBACK = re.compile(r"127(?:\.\d{1,3}){3}|(?:ipv6:)?::1|localhost(?:\..*)?")
_IDENTITIES = re.compile(r"identities failed the check in region \S+: (.+)")
_QUEUE_CERTIFICATE = re.compile(r"CN (\S+) does not match [^.\s]*(\S*)")


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


def printable(text: str) -> str:
    """Foreign words for a report: spaces for what cannot be printed, and … in place of all after 300 characters."""
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
    if certificate and certificate.group(1) == f"*{certificate.group(2)}":
        found["wildcard"] = certificate.group(1)
    host, endpoint = facts.get("host", ""), facts.get("endpoint", "")
    found.update(_not_of_ses(facts))
    found.update(doubts(endpoint))
    if "waiting for privilege escalation prompt" in symptom.text:
        found["no_prompt"] = "true"
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
