# SPDX-License-Identifier: GPL-3.0-or-later
"""The ses_* variables of the relay, judged: types, ranges, and what each may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import Any

from ansible.module_utils.common.validation import check_type_bool, check_type_dict
from ansible_collections.mailops.ses.plugins.module_utils._relay.definitions import RANGES, TYPES
from ansible_collections.mailops.ses.plugins.module_utils._ses.addresses import address_fault, domain_fault
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import (
    hidden_fault,
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
from ansible_collections.mailops.ses.plugins.module_utils._ses.headers import header_fault

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
    "ses_metrics_dir": _path_fault,
}
# Judged on the controller: in the result of a module that gets a secret, Ansible hides every word that is the same.
SECRET_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "ses_smtp_password": password_fault,
    "ses_secret_access_key": secret_fault,
}
# In a result Ansible hides each word that is the same as a secret: a short one would hide words that tell what to do.
LEAST_LENGTH = 8
TOO_SHORT = f"has fewer than {LEAST_LENGTH} characters, which no credential of SES has: copy it again"

_WHOLE = re.compile(r"\s*-?[0-9]{1,18}\s*", re.ASCII)
_DECIMAL = re.compile(r"\s*-?[0-9]{1,9}(?:\.[0-9]{1,9})?\s*", re.ASCII)
GREAT = 1e9  # no number of a variable is as great
SHOWN = 60  # characters of a value in a sentence


def _whole_number(value: Any) -> int:
    """Ansible's own reading takes true for 1, and ends with a traceback for infinity."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise TypeError
    return int(value)


def _number(value: Any) -> float:
    """Ansible's own reading takes true for 1, and infinity for a number."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < GREAT:
        raise TypeError
    return float(value)


def _text(value: Any) -> str:
    """A whole number is as it is written; what YAML makes of other words (true, 1.10) is not."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError
    return str(value)


def _names(value: Any) -> list[str]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list):
        raise TypeError
    return [_text(name).strip() for name in names]


def _texts(value: Any) -> dict[str, str]:
    """A mapping of texts to texts, as `-e` can write it too."""
    given = check_type_dict(value)
    if len({str(name).upper() for name in given}) < len(given):
        raise TypeError
    return {_text(name): _text(text) for name, text in given.items()}


# Type -> how a value of it is read, and what is wrong with one that cannot be.
NO_TEXT = "is no text; write it as one, in quotes"
READERS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "int": (_whole_number, "is no whole number"),
    "float": (_number, "is no number"),
    "bool": (check_type_bool, "is neither true nor false"),
    "dict": (_texts, "is no mapping of names to texts, each name once"),
    "list": (_names, "is no list of names"),
    "path": (_text, NO_TEXT),
    "str": (_text, NO_TEXT),
}


def typed(variables: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The variables with values of their types, since `-e name=value` gives text, and a sentence for each that is left
    out because it is unknown or has no such value."""
    values, refused = {}, {}
    for name, value in variables.items():
        if name not in TYPES:
            refused[name] = f"{name} is no variable of the roles."
            continue
        read, fault = READERS[TYPES[name]]
        try:
            values[name] = read(value)
        except TypeError:
            refused[name] = f"{name} {shown(value)} {fault}."
    return values, refused


def shown(value: Any) -> str:
    """A value as a sentence has it."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def credential_faults(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the form of each secret that is set, by its variable; empty where nothing is."""
    return {
        name: _secret_fault(values[name], check)
        for name, check in SECRET_CHECKS.items()
        if values.get(name) is not None and values[name] != ""
    }


def _secret_fault(value: Any, check: Callable[[str], str | None]) -> str:
    # A vaulted text is no str before ansible-core 2.19, but it encodes like one.
    if not hasattr(value, "encode"):
        return NO_TEXT
    fault = check(str(value)) or ""
    return fault or (TOO_SHORT if len(str(value)) < LEAST_LENGTH else "")


def faults(variables: Mapping[str, Any], credentials: Mapping[str, str], refused: Container[str] = ()) -> list[str]:
    """Every fault of the variables, each a sentence that names its variable and never shows a secret. CREDENTIALS has
    what is wrong with each secret that is set; of those REFUSED already nothing more is said."""
    given = {name for name, value in variables.items() if value is not None} | set(credentials)
    found = _missing(variables, lambda name: name in given or name in refused)
    for name, check in CHECKS.items():
        value = variables.get(name)
        fault = None if value is None else hidden_fault(value) or check(value)
        if fault:
            found.append(f"{name} {shown(variables[name])} {fault}.")
    username = variables.get("ses_smtp_username")
    apart = {"ses_smtp_username": username_fault(username) if username is not None else None, **credentials}
    found += [f"{name} {fault}." for name, fault in apart.items() if fault]
    for name, (least, most) in RANGES.items():
        if variables.get(name) is not None and not least <= variables[name] <= most:
            found.append(f"{name} {shown(variables[name])} is out of range; use {least} to {most}.")
    for alias in variables.get("ses_hostname_aliases") or []:
        fault = hidden_fault(alias) or host_fault(alias)
        if fault:
            found.append(f"ses_hostname_aliases {shown(alias)} {fault}.")
    for name, value in (variables.get("ses_headers") or {}).items():
        fault = hidden_fault(name) or hidden_fault(value) or header_fault(name, value)
        if fault:
            found.append(f"ses_headers {shown({name: value})} {fault}.")
    sender = variables.get("ses_sender")
    if sender is not None and sender == variables.get("ses_bounce_recipient"):
        # Every bounce is addressed to it: one of a mail could not be told from one of a bounce.
        found.append(f"ses_bounce_recipient {sender!r} is ses_sender too; use another address, or root.")
    return found


def _missing(variables: Mapping[str, Any], given: Callable[[str], bool]) -> list[str]:
    found = []
    if not given("ses_region") and not given("ses_endpoint"):
        found.append("ses_region is not set, and neither is ses_endpoint; set the AWS region, for example us-east-1.")
    if not given("ses_smtp_username"):
        found.append("ses_smtp_username is not set; it is the access key ID (AKIA…) of the IAM user for SMTP.")
    if not given("ses_smtp_password") and not given("ses_secret_access_key"):
        found.append("ses_smtp_password is not set; set it, or set ses_secret_access_key, from which it is derived.")
    derived = given("ses_secret_access_key") and not given("ses_smtp_password")
    if derived and not given("ses_region") and not region_meant(variables):
        found.append("ses_region is not set; the password is derived from ses_secret_access_key for one region.")
    return found


def region_meant(variables: Mapping[str, Any]) -> str | None:
    """The region where the credential has to be right: the endpoint's name tells it first, as for smtp_check. None
    where neither the endpoint nor ses_region tells."""
    return region_of(variables.get("ses_endpoint") or "") or variables.get("ses_region")


def ports_of(variables: Mapping[str, Any]) -> list[int]:
    """The ports to try, in the order of preference."""
    port = str(variables["ses_port"])
    return list(PORTS) if port == AUTO else [int(port)]
