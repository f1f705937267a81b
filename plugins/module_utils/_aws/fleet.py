# SPDX-License-Identifier: GPL-3.0-or-later
"""Which questions a fleet has for AWS: one for all hosts that send in the same region, as the same user and
sender."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Union

from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import region_fault, region_of

MAX_CONNECTIONS = 10  # of ses_max_connections, where a host has none
_SENDERS = ("ses_sender", "ses_masquerade_domain")  # the first that a host has is what its mail is from

Variables = Union[Mapping[str, Any], Any]  # noqa: UP007  (Python 3.9 makes no such type of |)


class Way(NamedTuple):
    """By which mail of a host leaves. KIND is the variable that it is an entry of, or empty for the relay's own. A
    region that cannot be told is None."""

    region: str | None
    user: str | None
    sender: str | None
    configuration_set: str | None
    kind: str = ""


FALLBACK, IDENTITIES = "ses_fallback", "ses_identities"


def requests(hosts: Mapping[str, Variables]) -> list[dict[str, Any]]:
    """For each question the options of ses_account_info, and the hosts that it is for. HOSTS has their variables.

    Where the region cannot be told, the account is not asked.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for host, variables in hosts.items():
        for way in dict.fromkeys(_ways(variables)):
            request = found.setdefault(
                way._replace(sender=way.sender and way.sender.lower()),
                {
                    "region": way.region,
                    "access_key_id": way.user,
                    "identities": [way.sender] if way.sender else [],
                    "configuration_set": way.configuration_set,
                    "connections": 0,
                    "rate": 0.0,
                    "way": way.kind,
                    "hosts": [],
                },
            )
            rate = _rate(variables)
            request["connections"] += _connections(variables)
            # A host without a limit leaves the fleet without one.
            request["rate"] = None if None in (rate, request["rate"]) else request["rate"] + rate
            request["hosts"].append(str(host))
    return list(found.values())


def _ways(variables: Variables) -> Iterator[Way]:
    """The relay's own way, those that mail takes where it is down, and those of senders with a log-in of their own."""
    first = Way(
        region=_region(_text(variables, "ses_endpoint"), _text(variables, "ses_region")),
        user=_text(variables, "ses_smtp_username"),
        sender=next((value for value in (_text(variables, name) for name in _SENDERS) if value), None),
        configuration_set=_text(variables, "ses_configuration_set"),
    )
    yield first
    for entry in _entries(variables, FALLBACK):
        region, user = _elsewhere(entry, first.region), _text(entry, "smtp_username") or first.user
        if (region, user) != (first.region, first.user):  # another port is no other question
            yield first._replace(region=region, user=user, kind=FALLBACK)
    for entry in _entries(variables, IDENTITIES):
        named, user = _text(entry, "configuration_set"), _text(entry, "smtp_username") or first.user
        yield Way(_elsewhere(entry, first.region), user, _text(entry, "sender"), named, IDENTITIES)


def _entries(variables: Variables, name: str) -> list[Mapping[str, Any]]:
    """The entries of a list of dictionaries; a faulty one is the host's own check to tell."""
    try:
        value = variables[name]
        return [entry for entry in value or [] if isinstance(entry, Mapping)]
    except Exception:  # as below
        return []


def _elsewhere(entry: Mapping[str, Any], region: str | None) -> str | None:
    """The region of an entry, by default the relay's."""
    endpoint, named = _text(entry, "endpoint"), _text(entry, "region")
    return _region(endpoint, named) if endpoint or named else region


def _region(endpoint: str | None, given: str | None) -> str | None:
    region = region_of(endpoint or "") or given
    return region if region and region_fault(region) is None else None


def _rate(variables: Variables) -> float | None:
    """The messages a second that a host may send; None without a limit."""
    try:
        return float(_text(variables, "ses_max_rate") or "")
    except ValueError:
        return None


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
