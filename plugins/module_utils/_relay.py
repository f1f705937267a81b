# SPDX-License-Identifier: GPL-3.0-or-later
"""The ses_* variables, validated once and turned into one plain description of the relay."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.validation import check_type_bool, check_type_int, check_type_list
from ansible_collections.mailops.ses.plugins.module_utils._credentials import (
    password_fault,
    secret_fault,
    username_fault,
)
from ansible_collections.mailops.ses.plugins.module_utils._endpoint import (
    LOAD_BALANCERS,
    PORTS,
    endpoint_of,
    host_fault,
    region_fault,
    region_of,
)

AUTO = "auto"
# An address that every MTA takes unquoted. From one that begins with | or /, local(8) would make a command or a file.
ADDRESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9.!#%&'*+=?^_~-]*@[^@]+\Z")
LOCAL_USER = re.compile(r"[a-z_][a-z0-9_.-]{0,31}\Z")
# SES: "can contain ASCII letters, numbers, underscores and dashes, at most 64 characters" (CreateConfigurationSet).
CONFIGURATION_SET = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
# A domain that exists nowhere (RFC 2606), for recipients that only the relay's own settings know.
BOUNCE_DOMAIN = "ses-bounce.invalid"
# Names that every host has, whatever it is called.
LOOPBACK_NAMES = ("localhost", "localhost.localdomain")


@dataclass(frozen=True)
class Relay:
    """Everything about the relay that is no secret."""

    endpoint: str
    region: str | None
    ports: list[int]
    wrapper_ports: list[int]
    username: str
    max_messages: int
    max_seconds: int
    max_connections: int
    credential_names: list[str] = field(default_factory=list)
    local_names: list[str] = field(default_factory=list)
    organisation_domains: list[str] = field(default_factory=list)
    origin: str = "localhost"
    sender_rewrites: dict[str, str] = field(default_factory=dict)
    bounce_recipient: str = "root"
    configuration_set: str | None = None

    @property
    def bounces_leave(self) -> bool:
        """Whether who gets bounces is an address, and no local user."""
        return "@" in self.bounce_recipient

    @property
    def one_sender(self) -> bool:
        """Whether one address replaces every sender."""
        return "*" in self.sender_rewrites


def _domain_fault(value: str) -> str | None:
    return host_fault(value) or (None if "." in value else "is no domain: write it in full, like example.com")


def address_fault(value: str) -> str | None:
    if not value.isascii() or not ADDRESS.match(value):
        return "is no mail address of the form local-part@domain"
    return _domain_fault(value.rpartition("@")[2])


def _bounce_fault(value: str) -> str | None:
    if LOCAL_USER.match(value) or not address_fault(value):
        return None
    return "is neither a local user nor a mail address"


def _port_fault(value: str) -> str | None:
    if value == AUTO or value in {str(port) for port in PORTS}:
        return None
    return f"is no port of SES; use one of {', '.join(str(port) for port in sorted(PORTS))} or auto"


def _configuration_set_fault(value: str) -> str | None:
    if CONFIGURATION_SET.match(value):
        return None
    return "is no configuration set's name; SES allows 1 to 64 letters, digits, - and _"


def _path_fault(value: str) -> str | None:
    # A path reaches main.cf: white space would split it there and $ would be expanded.
    if re.match(r"/[A-Za-z0-9._/+@:-]*\Z", value):
        return None
    return "is no absolute path of plain characters (letters, digits and . _ / + @ : -)"


# Variable -> what is wrong with a value, or None. Only variables whose value may be shown in an error.
CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "ses_region": region_fault,
    "ses_endpoint": host_fault,
    "ses_port": _port_fault,
    "ses_masquerade_domain": _domain_fault,
    "ses_sender": address_fault,
    "ses_configuration_set": _configuration_set_fault,
    "ses_bounce_recipient": _bounce_fault,
    "ses_probe_recipient": address_fault,
    "ses_tls_ca_file": _path_fault,
}
SECRET_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "ses_smtp_username": username_fault,
    "ses_smtp_password": password_fault,
    "ses_secret_access_key": secret_fault,
}
# Variable -> the smallest and largest number that make sense, in the variable's unit.
RANGES: Mapping[str, tuple[int, int]] = {
    "ses_connection_max_messages": (1, 10000),
    "ses_connection_max_seconds": (1, 3600),
    "ses_max_connections": (1, 1000),
    "ses_replace_mta_timeout": (1, 86400),
}

# Variable -> how its value is read, and what is wrong with one that cannot be. The others are text.
TYPES: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    **dict.fromkeys(RANGES, (check_type_int, "is no whole number")),
    **dict.fromkeys(
        ("ses_hostname_fix", "ses_loopback_only", "ses_replace_mta"), (check_type_bool, "is neither true nor false")
    ),
    "ses_hostname_aliases": (check_type_list, "is no list of names"),
}


_KNOWN = {*CHECKS, *RANGES, *TYPES, "ses_smtp_username"}


def typed(variables: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The variables with values of their types, since `-e name=value` gives text, and the faults of those left out."""
    values, found = {}, []
    for name, value in variables.items():
        if name not in _KNOWN:
            found.append(f"{name} is no variable of the roles.")
            continue
        read, fault = TYPES.get(name, (str, ""))
        try:
            values[name] = read(value)
        except TypeError:
            found.append(f"{name} {value!r} {fault}.")
    return values, found


def faults(variables: Mapping[str, Any]) -> list[str]:
    """Every fault of the variables, each a sentence that names its variable and never shows a secret."""
    found = _missing(variables)
    for name, check in CHECKS.items():
        fault = check(str(variables[name])) if variables.get(name) is not None else None
        if fault:
            found.append(f"{name} {variables[name]!r} {fault}.")
    for name, check in SECRET_CHECKS.items():
        fault = check(str(variables[name])) if variables.get(name) is not None else None
        if fault:
            found.append(f"{name} {fault}.")
    for name, (least, most) in RANGES.items():
        if not least <= variables[name] <= most:
            found.append(f"{name} {variables[name]} is out of range; use {least} to {most}.")
    for alias in variables.get("ses_hostname_aliases") or []:
        fault = host_fault(str(alias))
        if fault:
            found.append(f"ses_hostname_aliases {alias!r} {fault}.")
    sender = variables.get("ses_sender")
    if sender is not None and sender == variables.get("ses_bounce_recipient"):
        # Every bounce is addressed to it: one of a mail could not be told from one of a bounce.
        found.append(f"ses_bounce_recipient {sender!r} is ses_sender too; use another address, or root.")
    return found


def _missing(variables: Mapping[str, Any]) -> list[str]:
    found = []
    given = {name for name, value in variables.items() if value is not None}
    if not given & {"ses_region", "ses_endpoint"}:
        found.append("ses_region is not set, and neither is ses_endpoint; set the AWS region, for example us-east-1.")
    if "ses_smtp_username" not in given:
        found.append("ses_smtp_username is not set; it is the access key ID (AKIA…) of the IAM user for SMTP.")
    if not given & {"ses_smtp_password", "ses_secret_access_key"}:
        found.append("ses_smtp_password is not set; set it, or set ses_secret_access_key, from which it is derived.")
    if "ses_secret_access_key" in given and "ses_smtp_password" not in given and not _region(variables):
        found.append("ses_region is not set; the password is derived from ses_secret_access_key for one region.")
    return found


def _region(variables: Mapping[str, Any]) -> str | None:
    # As smtp_check does: the endpoint's own name tells where a credential has to be right.
    return region_of(variables.get("ses_endpoint") or "") or variables.get("ses_region")


def endpoint_named(variables: Mapping[str, Any]) -> str:
    return str(variables.get("ses_endpoint") or endpoint_of(variables["ses_region"]))


def describe(variables: Mapping[str, Any], host_names: Sequence[str], canonical_name: str | None) -> Relay:
    """The relay that the variables mean on a host of these names, once they have no fault."""
    region, endpoint = _region(variables), endpoint_named(variables)
    port = str(variables["ses_port"])
    ports = list(PORTS) if port == AUTO else [int(port)]
    organisation = organisation_domains(variables)
    local_names = [name for name in own_names(host_names) if name not in organisation]
    return Relay(
        endpoint=endpoint,
        region=region,
        ports=ports,
        wrapper_ports=[number for number, tls in PORTS.items() if tls == "wrapper"],
        username=variables["ses_smtp_username"],
        max_messages=variables["ses_connection_max_messages"],
        max_seconds=variables["ses_connection_max_seconds"],
        max_connections=variables["ses_max_connections"],
        credential_names=credential_names(variables, endpoint, region, canonical_name),
        local_names=local_names,
        organisation_domains=sorted(organisation),
        # The organisation's domain must not become local, even where the host bears its name.
        origin=local_names[0],
        sender_rewrites=sender_rewrites(variables, own_names(host_names)),
        bounce_recipient=variables.get("ses_bounce_recipient") or "root",
        configuration_set=variables.get("ses_configuration_set"),
    )


def organisation_domains(variables: Mapping[str, Any]) -> set[str]:
    """The domains whose mail leaves through SES, whatever the host is called."""
    sender = variables.get("ses_sender") or ""
    return {domain.lower() for domain in (variables.get("ses_masquerade_domain"), sender.rpartition("@")[2]) if domain}


def own_names(host_names: Sequence[str]) -> list[str]:
    """The names under which this host's mail can be written: as it calls itself, and as Postfix completes them."""
    names: list[str] = []
    for written in (*host_names, *LOOPBACK_NAMES):
        name = written.lower().rstrip(".")
        for candidate in (name,) if "." in name else (f"{name}.localdomain", name):
            if candidate and candidate not in names:
                names.append(candidate)
    return names


def sender_rewrites(variables: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Sender pattern -> what it becomes: one address for all, or the host's own names into the masquerade domain."""
    if variables.get("ses_sender"):
        return {"*": variables["ses_sender"]}
    domain = variables.get("ses_masquerade_domain")
    return {f"@{name}": f"@{domain}" for name in names if name != domain} if domain else {}


def credential_names(
    variables: Mapping[str, Any], endpoint: str, region: str | None, canonical_name: str | None
) -> list[str]:
    """The names under which an MTA may look the credentials up: the endpoint's and those of the rows on AWS's page."""
    names = [endpoint]
    if variables.get("ses_hostname_fix"):
        names += [name for name in (LOAD_BALANCERS.get(region or ""), canonical_name) if name]
    names += variables.get("ses_hostname_aliases") or []
    return list(dict.fromkeys(names))
