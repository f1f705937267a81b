# SPDX-License-Identifier: GPL-3.0-or-later
"""The ses_* variables of the relay, judged: types, ranges, and what each may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.validation import check_type_bool, check_type_int, check_type_list
from ansible_collections.mailops.ses.plugins.module_utils._relay.definitions import TYPES
from ansible_collections.mailops.ses.plugins.module_utils._ses.addresses import address_fault, domain_fault
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import (
    password_fault,
    secret_fault,
    username_fault,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import (
    PORTS,
    host_fault,
    region_fault,
    region_of,
)

AUTO = "auto"
LOCAL_USER = re.compile(r"[a-z_][a-z0-9_.-]{0,31}\Z")
# SES: "can contain ASCII letters, numbers, underscores and dashes, at most 64 characters" (CreateConfigurationSet).
CONFIGURATION_SET = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


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
    "ses_masquerade_domain": domain_fault,
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

# Type -> how a value of it is read, and what is wrong with one that cannot be.
READERS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "int": (check_type_int, "is no whole number"),
    "bool": (check_type_bool, "is neither true nor false"),
    "list": (check_type_list, "is no list of names"),
    "path": (str, ""),
    "str": (str, ""),
}


def typed(variables: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The variables with values of their types, since `-e name=value` gives text, and a sentence for each that is left
    out because it is unknown or has no such value."""
    values, found = {}, []
    for name, value in variables.items():
        if name not in TYPES:
            found.append(f"{name} is no variable of the roles.")
            continue
        read, fault = READERS[TYPES[name]]
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
    if "ses_secret_access_key" in given and "ses_smtp_password" not in given and not region_meant(variables):
        found.append("ses_region is not set; the password is derived from ses_secret_access_key for one region.")
    return found


def region_meant(variables: Mapping[str, Any]) -> str | None:
    """The region where the credential has to be right: the endpoint's name tells it first, as for smtp_check. None
    where neither the endpoint nor ses_region tells."""
    return region_of(variables.get("ses_endpoint") or "") or variables.get("ses_region")
