# SPDX-License-Identifier: GPL-3.0-or-later
"""ses_fallback: further ways out. Each is judged and read as the variables of a relay that has this way alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import endpoint_named
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import (
    AUTO,
    CHECKS,
    NO_TEXT,
    READERS,
    SECRET_CHECKS,
    credential_faults,
    region_meant,
    shown,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import hidden_fault, username_fault
from ansible_collections.mailops.ses.plugins.module_utils._ses.headers import arn_region

VARIABLE = "ses_fallback"
MOST = 8  # entries: mail that waits tries each, for seconds
# What an entry has: the variables of these names without their `ses_`.
PLAIN = ("region", "endpoint", "port", "smtp_username")
SECRETS = ("smtp_password", "secret_access_key")
DEFAULT_PORT = "587"


@dataclass(frozen=True)
class Form:
    """A variable that is a list of entries with credentials of their own."""

    variable: str
    plain: tuple[str, ...]  # what an entry has beside its secrets
    each: str  # what there is an entry for
    example: str


FURTHER = Form(VARIABLE, PLAIN, "further way", "{region: eu-west-1, secret_access_key: …}")


class FormError(ValueError):
    """Why this is no list of entries, in a sentence that shows no value: any of them may be a secret."""


def label(number: int, key: str = "", form: Form = FURTHER) -> str:
    """What errors call an entry, or a key of it."""
    return f"{form.variable}[{number}]{'.' + key if key else ''}"


def apart(given: Any, form: Form = FURTHER) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, str]]:
    """The entries without their secrets, the secrets that have no fault, entry by entry, and what is wrong with the
    form of each secret that is set, by its name in errors. FormError where this is no list of entries."""
    entries, secrets, faults = [], [], {}
    for number, entry in enumerate(_listed(given, form)):
        unknown = sorted(str(key) for key in entry if key not in (*form.plain, *SECRETS))
        if unknown:
            has = ", ".join((*form.plain, *SECRETS))
            raise FormError(f"{label(number, unknown[0], form)} is unknown; an entry has {has}.")
        found = credential_faults({f"ses_{key}": entry.get(key) for key in SECRETS})
        entries.append({key: entry.get(key) for key in form.plain})
        secrets.append({key: entry[key] for key in SECRETS if found.get(f"ses_{key}") == ""})
        faults.update({label(number, name[len("ses_") :], form): fault for name, fault in found.items()})
    return entries, secrets, faults


def form_fault(given: Any, form: Form = FURTHER) -> str | None:
    """Why this is no list of entries, in a sentence; None for one that is."""
    try:
        apart(given, form)
    except FormError as fault:
        return str(fault)
    return None


def judged(secrets: Sequence[Mapping[str, Any]], form: Form = FURTHER) -> dict[str, str]:
    """That nothing is wrong with the secrets that `apart` has kept, as it tells of all."""
    return {label(number, key, form): "" for number, own in enumerate(secrets) for key in SECRETS if own.get(key)}


def _listed(given: Any, form: Form) -> Sequence[Mapping[str, Any]]:
    if given is None or given == "":
        return []
    if not isinstance(given, (list, tuple)):
        raise FormError(
            f"{form.variable} is no list; give one entry for each {form.each}, with its region and credentials."
        )
    for number, entry in enumerate(given):
        if not isinstance(entry, Mapping):
            raise FormError(
                f"{label(number, form=form)} is no entry; write it like {form.example}, with a region or an endpoint "
                "and its credentials."
            )
    return given


def ways(
    entries: Sequence[Mapping[str, Any]], variables: Mapping[str, Any], credentials: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Each entry as the variables of a relay of its own, and every fault, each a sentence that never shows a secret.
    VARIABLES are the first way's, CREDENTIALS has what is wrong with each secret that is set, as `faults` takes it."""
    found: list[str] = []
    if entries and str(variables.get("ses_port")) == AUTO:
        found.append(f"ses_port is auto, and {VARIABLE} is set; set ses_port, and list other ports as further ways.")
    if len(entries) > MOST:
        found.append(f"{VARIABLE} has {len(entries)} entries; use {MOST} at most.")
    first = not any(variables.get(name) and CHECKS[name](variables[name]) for name in ("ses_region", "ses_endpoint"))
    known = [dict(variables)] if first and (variables.get("ses_region") or variables.get("ses_endpoint")) else []
    for number, entry in enumerate(entries):
        way, faults = way_of(number, entry, variables)
        if not faults and known:
            faults = [*_beside(number, entry, way, known, credentials)]
            known.append(way)
        found += faults
    return known[1:], found


def foreign_arns(variables: Mapping[str, Any]) -> list[str]:
    """Each header of ses_headers that names an identity in a region to which a way does not lead, in a sentence.
    VARIABLES have no fault, and the entries of ses_fallback and ses_identities as variables."""
    leads: dict[str, Mapping[str, Any]] = {"ses_endpoint" if variables.get("ses_endpoint") else "ses_region": variables}
    for variable in (VARIABLE, "ses_identities"):
        leads.update({f"{variable}[{number}]": way for number, way in enumerate(variables.get(variable) or [])})
    found = []
    for header, value in (variables.get("ses_headers") or {}).items():
        region = arn_region(str(value))
        for name, way in leads.items():
            other = region_meant(way)
            if region and other and other != region:
                found.append(
                    f"ses_headers {header.upper()} names an identity in {region}, and {name} leads to {other}, where "
                    "SES refuses the mail for good; leave the header or that way out."
                )
    return found


def way_of(
    number: int, entry: Mapping[str, Any], variables: Mapping[str, Any], form: Form = FURTHER
) -> tuple[dict[str, Any], list[str]]:
    """An entry as variables, with what it leaves out, and the faults of their forms."""
    given: dict[str, str] = {}
    faults = []
    for key in PLAIN:
        value = entry.get(key)
        if value is None or value == "":
            continue
        try:
            given[key] = READERS["str"][0](value)
        except TypeError:
            faults.append(f"{label(number, key, form)} {shown(value)} {NO_TEXT}.")
            continue
        if key == "smtp_username":  # it is never shown
            fault = username_fault(given[key])
            faults += [f"{label(number, key, form)} {fault}."] if fault else []
            continue
        fault = hidden_fault(given[key]) or CHECKS[f"ses_{key}"](given[key])
        if key == "port" and given[key] == AUTO:
            fault = "is no port; name one, and list another as a further way"
        faults += [f"{label(number, key, form)} {shown(value)} {fault}."] if fault else []
    place = given if given.get("region") or given.get("endpoint") else {k[4:]: v for k, v in variables.items()}
    way = {
        "ses_region": place.get("region"),
        "ses_endpoint": place.get("endpoint"),
        "ses_port": given.get("port", DEFAULT_PORT),
        "ses_smtp_username": given.get("smtp_username") or variables.get("ses_smtp_username"),
        "ses_tls_ca_file": variables.get("ses_tls_ca_file"),
        "ses_hostname_fix": variables.get("ses_hostname_fix"),
    }
    return way, faults


def _beside(
    number: int,
    entry: Mapping[str, Any],
    way: Mapping[str, Any],
    known: Sequence[Mapping[str, Any]],
    credentials: Mapping[str, str],
) -> list[str]:
    """What is wrong with a way beside the first and those between."""
    endpoint = endpoint_named(way)
    same = [other for other in known if endpoint_named(other) == endpoint]
    name = f"{label(number)} ({endpoint}, port {way['ses_port']})"
    own = [key for key in SECRETS if label(number, key) in credentials]
    if any(str(other["ses_port"]) == way["ses_port"] for other in same):
        return [f"{name} is there already; leave it out, or give it another region or port."]
    if same:
        log_in = [label(number, key) for key in ("smtp_username", *SECRETS) if key in own or entry.get(key)]
        further = [at - 1 for at, other in enumerate(known) if at and endpoint_named(other) == endpoint]
        others = any(label(at, key) in credentials for at in further for key in SECRETS)
        return _at_its_endpoint(name, endpoint, log_in, others)
    region, first = region_meant(way), known[0]
    if own:
        derived = "smtp_password" not in own and not region
        return [f"{label(number)} has no region, for which its password is derived; set region."] if derived else []
    if entry.get("smtp_username") and way["ses_smtp_username"] != first.get("ses_smtp_username"):
        return [f"{name} has a user name and no password; set smtp_password or secret_access_key beside it."]
    if region and ("ses_secret_access_key" in credentials or region == region_meant(first)):
        return []
    return [
        f"{name} has no credentials for {region or 'its endpoint'}, and an SMTP password is right in one region alone; "
        "set smtp_password or secret_access_key in the entry"
        + (", or ses_secret_access_key, from which each region's is derived." if region else ".")
    ]


def _at_its_endpoint(name: str, endpoint: str, log_in: Sequence[str], others: bool) -> list[str]:
    """What is wrong with a further port of an endpoint: an MTA looks a log-in up by the server's name. LOG_IN names the
    keys by which the entry would have another one; OTHERS says that it is no log-in of the first way's."""
    if log_in:
        return [f"{log_in[0]} is set, and {endpoint} has a log-in already; leave it out."]
    if others:
        return [f"{name} is another port of a way with a log-in of its own, which it would not have; leave it out."]
    return []


def secrets_of(
    way: Mapping[str, Any], own: Mapping[str, Any], first: Mapping[str, Any], secrets: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The secrets of a way without fault: its OWN, or those of the FIRST way's SECRETS that are right in its region."""
    found = {f"ses_{key}": own.get(key) for key in SECRETS}
    if any(found.values()):
        return found
    same = endpoint_named(way) == endpoint_named(first) or region_meant(way) == region_meant(first)
    return {name: secrets.get(name) if same or name != "ses_smtp_password" else None for name in SECRET_CHECKS}
