# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left to choose for a relay after the plan and the log-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import Relay


@dataclass(frozen=True)
class Choice:
    """The port, and with what the relay logs in and verifies."""

    port: int
    tls_wrapper: bool  # whether TLS begins with the connection
    ca_file: str  # trust anchors, on the managed host
    password: str = field(repr=False)
    fallback_passwords: tuple[str, ...] = field(default=(), repr=False)  # of the relay's further ways, in their order
    identity_passwords: tuple[str, ...] = field(default=(), repr=False)  # of its identities


def choose(
    relay: Relay,
    report: Mapping[str, Any] | None,
    password: str,
    ca_file: str,
    fallback_passwords: Sequence[str] = (),
    *,
    identity_passwords: Sequence[str] = (),
) -> Choice:
    """The relay's first port that took the log-in, by smtp_check's REPORT, or its first where none was made."""
    works = [one["port"] for one in (report or {}).get("ports", ()) if one["ok"]]
    port = next((port for port in relay.ports if port in works), relay.ports[0])
    return Choice(
        port, port in relay.wrapper_ports, ca_file, password, tuple(fallback_passwords), tuple(identity_passwords)
    )
