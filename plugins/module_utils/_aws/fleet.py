# SPDX-License-Identifier: GPL-3.0-or-later
"""Which questions a fleet has for AWS: one for all hosts that send in the same region, as the same user and sender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import region_fault, region_of

MAX_CONNECTIONS = 10  # of ses_max_connections, where a host has none
_SENDERS = ("ses_sender", "ses_masquerade_domain")  # the first that a host has is what its mail is from

Variables = Union[Mapping[str, Any], Any]  # noqa: UP007  (Python 3.9 makes no such type of |)


def requests(hosts: Mapping[str, Variables]) -> list[dict[str, Any]]:
    """For each question the options of ses_account_info, and the hosts that it is for. HOSTS has their variables.

    A region that cannot be told is None: then the account is not asked.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for host, variables in hosts.items():
        sender = next((value for value in (_text(variables, name) for name in _SENDERS) if value), None)
        user, named = _text(variables, "ses_smtp_username"), _text(variables, "ses_configuration_set")
        key = (_region(variables), user, sender and sender.lower(), named)
        request = found.setdefault(
            key,
            {
                "region": key[0],
                "access_key_id": user,
                "identities": [sender] if sender else [],
                "configuration_set": named,
                "connections": 0,
                "hosts": [],
            },
        )
        request["connections"] += _connections(variables)
        request["hosts"].append(str(host))
    return list(found.values())


def _region(variables: Variables) -> str | None:
    given = _text(variables, "ses_region")
    region = region_of(_text(variables, "ses_endpoint") or "") or given
    return region if region and region_fault(region) is None else None


def _connections(variables: Variables) -> int:
    value = _text(variables, "ses_max_connections")
    return int(value) if value and value.isdigit() else MAX_CONNECTIONS


def _text(variables: Variables, name: str) -> str | None:
    """A variable's value; None where it has none, or where it cannot be made: the host's own check tells that."""
    try:
        value = variables[name]
    except Exception:  # Ansible's own error of a template, whose class differs from version to version
        return None
    return None if value is None or str(value) == "" else str(value)
