# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ses_account_info, judged before anything is asked, and what the module returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._aws import account, session
from ansible_collections.mailops.ses.plugins.module_utils._aws.findings import findings
from ansible_collections.mailops.ses.plugins.module_utils._ses.addresses import address_fault
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import host_fault, region_fault

MAX_SECONDS = 600

ARGUMENTS: dict[str, dict[str, Any]] = {
    **session.ARGUMENTS,
    "identities": {"type": "list", "elements": "str"},
    "access_key_id": {"type": "str", "no_log": False},
    "configuration_set": {"type": "str"},
    "other_regions": {"type": "list", "elements": "str", "default": []},
    "fleet": {
        "type": "dict",
        "options": {
            "hosts": {"type": "int", "default": 1},
            "connections": {"type": "int", "default": 0},
            "rate": {"type": "float"},
        },
    },
    "timeout": {"type": "float", "default": 60},
}


def identity_fault(name: str) -> str | None:
    """Why this is no identity: the rest of a sentence; None for an address or a domain."""
    if "@" in name:
        return address_fault(name)
    return host_fault(name) or (None if "." in name else "has no dot: give a domain or an address")


def judge(params: Mapping[str, Any]) -> None:
    """Raise ValueError with sentences that name the options."""
    sentences = [f"identities: {name!r} {fault}." for name, fault in _faults(params["identities"], identity_fault)]
    sentences += [f"other_regions: {name!r} {fault}." for name, fault in _faults(params["other_regions"], region_fault)]
    if not 1 <= params["timeout"] <= MAX_SECONDS:
        sentences.append(f"timeout must be from 1 to {MAX_SECONDS} seconds.")
    if sentences:
        raise ValueError(" ".join(sentences))


def _faults(names: Any, fault_of: Any) -> list[tuple[str, str]]:
    judged = [(name, fault_of(name)) for name in names or []]
    return [(name, fault) for name, fault in judged if fault]


def outcome(aws: session.Aws, params: Mapping[str, Any]) -> dict[str, Any]:
    """What the module returns besides `changed`."""
    names = params["identities"]
    wanted = account.Wanted(
        None if names is None else [name.lower() for name in dict.fromkeys(names)],
        params["access_key_id"],
        params["configuration_set"],
        list(dict.fromkeys(params["other_regions"])),
    )
    found = account.look(aws, wanted, params["timeout"])
    return {"region": aws.region, **found, "findings": findings(aws.region, found, params["fleet"])}
