# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay in Postfix's terms: under which keys it looks credentials up, and the tables that rewrite."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._relay import Relay

# The seed of these rows, AWS's page on SMTP issues, writes the load balancer's name with this port.
SEED_PORT = 25


@dataclass(frozen=True)
class InPostfix:
    """What only Postfix needs to know."""

    credential_keys: list[str]
    tables: list[dict[str, Any]]


def in_postfix(relay: Relay) -> InPostfix:
    """The relay's keys and tables."""
    return InPostfix(credential_keys(relay), [senders_table(relay), headers_table(relay)])


def credential_keys(relay: Relay) -> list[str]:
    """Keys in the order of postconf(5): the remote host's bare name, then the next hop as written."""
    endpoint, others = relay.credential_names[0], relay.credential_names[1:]
    keys = [endpoint, *(f"[{endpoint}]:{port}" for port in relay.ports)]
    for name in others:
        keys += [name, *(f"{name}:{port}" for port in _with_seed_port(relay.ports))]
    return list(dict.fromkeys(keys))


def _with_seed_port(ports: Sequence[int]) -> list[int]:
    return list(dict.fromkeys((SEED_PORT, *ports)))


def senders_table(relay: Relay) -> dict[str, Any]:
    """Envelope and header senders, rewritten as they enter the queue; a null sender stays one."""
    return {
        "name": "ses_senders",
        "parameter": "sender_canonical_maps",
        "type": "regexp",
        "entries": dict(_sender_rule(pattern, result) for pattern, result in relay.sender_rewrites.items()),
        "state": "present" if relay.sender_rewrites else "absent",
    }


def _sender_rule(pattern: str, result: str) -> tuple[str, str]:
    if pattern == "*":
        return "/./", result
    return f"/^(.*){re.escape(pattern)}$/", f"${{1}}{result}"


def headers_table(relay: Relay) -> dict[str, Any]:
    """The configuration set's header, once, before the first header that every mail has."""
    header = "X-SES-CONFIGURATION-SET:"
    rules = {f"/^{header}/": "IGNORE", "/^From:/": f"PREPEND {header} {relay.configuration_set}"}
    return {
        "name": "ses_headers",
        "parameter": "smtp_header_checks",
        "type": "regexp",
        "entries": rules if relay.configuration_set else {},
        "state": "present" if relay.configuration_set else "absent",
    }
