# SPDX-License-Identifier: GPL-3.0-or-later
"""ses_identities: senders whose mail has a log-in, a region or a configuration set of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import SECRETS, Form, label, way_of
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import endpoint_named
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import (
    AUTO,
    CHECKS,
    NO_TEXT,
    READERS,
    region_meant,
    shown,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.addresses import address_fault, domain_fault
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import hidden_fault

VARIABLE = "ses_identities"
IDENTITIES = Form(
    VARIABLE,
    ("sender", "region", "endpoint", "smtp_username", "configuration_set"),
    "sender",
    "{sender: brand.example, smtp_username: AKIA…, smtp_password: …}",
)
MOST = 50  # entries: each has clients of its own in an MTA


def _sender_fault(value: str) -> str | None:
    if "@" in value:
        return address_fault(value)
    fault = domain_fault(value)
    return f"{fault}; give an address, or a domain" if fault else None


# Key of an entry -> what is wrong with its text, beside those that a further way has too.
_OWN = {"sender": _sender_fault, "configuration_set": CHECKS["ses_configuration_set"]}


def identities(
    entries: Sequence[Mapping[str, Any]], variables: Mapping[str, Any], credentials: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Each entry as the variables of a relay of its own, with its sender, and every fault, each a sentence that never
    shows a secret. VARIABLES are those of the relay, CREDENTIALS has what is wrong with each secret that is set."""
    found = _together(entries, variables)
    known: list[dict[str, Any]] = []
    place = [name for name in ("ses_region", "ses_endpoint") if variables.get(name)]
    sound = bool(place) and not any(CHECKS[name](variables[name]) for name in place)
    for number, entry in enumerate(entries):
        way, faults = way_of(number, entry, variables, IDENTITIES)
        own, more = _own(number, entry)
        faults += more
        way.update(ses_port=variables.get("ses_port"), ses_hostname_fix=False, **own)
        if not faults and sound:
            faults = [*_beside(number, way, known, variables), *_log_in(number, entry, way, variables, credentials)]
            known.append(way)
        found += faults
    return known, found


def _together(entries: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> list[str]:
    found = []
    if len(entries) > MOST:
        found.append(f"{VARIABLE} has {len(entries)} entries; use {MOST} at most, with domains in place of addresses.")
    if entries and str(variables.get("ses_port")) == AUTO:
        found.append(f"ses_port is auto, and {VARIABLE} is set; set ses_port, which is that of every identity.")
    if entries and variables.get("ses_sender"):
        found.append(f"{VARIABLE} is set, and ses_sender gives all mail one sender; leave one of them out.")
    return found


def _own(number: int, entry: Mapping[str, Any]) -> tuple[dict[str, str | None], list[str]]:
    """What an entry has that a further way has not, and the faults of that."""
    own: dict[str, str | None] = dict.fromkeys(_OWN)
    faults = []
    for key, check in _OWN.items():
        value = entry.get(key)
        if value is None or value == "":
            continue
        try:
            text: str = READERS["str"][0](value)
        except TypeError:
            faults.append(f"{label(number, key, IDENTITIES)} {shown(value)} {NO_TEXT}.")
            continue
        fault = hidden_fault(text) or check(text)
        faults += [f"{label(number, key, IDENTITIES)} {shown(value)} {fault}."] if fault else []
        own[key] = text
    if not own["sender"] and not faults:
        faults.append(f"{label(number, 'sender', IDENTITIES)} is not set; give the sender's address or domain.")
    return own, faults


def _beside(
    number: int, way: Mapping[str, Any], known: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]
) -> list[str]:
    """What is wrong with an entry's sender beside those before it and the relay's own mail."""
    sender = way["sender"].lower()
    name = f"{label(number, 'sender', IDENTITIES)} {way['sender']!r}"
    if sender in (other["sender"].lower() for other in known):
        return [f"{name} is there already; leave one of them out."]
    if sender == str(variables.get("ses_masquerade_domain") or "").lower():
        return [f"{name} is ses_masquerade_domain, whose mail has the relay's own log-in; name addresses of it."]
    return []


def _log_in(
    number: int,
    entry: Mapping[str, Any],
    way: Mapping[str, Any],
    variables: Mapping[str, Any],
    credentials: Mapping[str, str],
) -> list[str]:
    """What an entry lacks to log in with its own secret, or with the relay's."""
    name, region = f"{label(number, form=IDENTITIES)} ({way['sender']})", region_meant(way)
    own = [key for key in SECRETS if label(number, key, IDENTITIES) in credentials]
    if own:
        derived = "smtp_password" not in own and not region
        return [f"{name} has no region, for which its password is derived; set region."] if derived else []
    if entry.get("smtp_username") and way["ses_smtp_username"] != variables.get("ses_smtp_username"):
        return [f"{name} has a user name and no password; set smtp_password or secret_access_key beside it."]
    same = endpoint_named(way) == endpoint_named(variables) or (region and region == region_meant(variables))
    if same or (region and "ses_secret_access_key" in credentials):
        return []
    return [
        f"{name} has no credentials for {region or 'its endpoint'}, and an SMTP password is right in one region alone; "
        "set smtp_password or secret_access_key in the entry"
        + (", or ses_secret_access_key, from which each region's is derived." if region else ".")
    ]
