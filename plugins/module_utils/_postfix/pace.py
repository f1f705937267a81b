# SPDX-License-Identifier: GPL-3.0-or-later
"""A rate for all connections together, which Postfix itself has in whole seconds and for one connection alone.

Before each delivery the client looks up whether it may keep connections open. With a rate it asks a service of master
for that, which answers at once and is then busy for a while: of so many processes as it may have, each lets one
delivery begin in that time. Without an answer the client waits, holding no connection, and a mail whose delivery ends
there has not been sent. Where the service cannot be had, mail leaves without a rate, and the log says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import WAIT, Relay

SERVICE = "ses-pace"
TABLE = f"socketmap:unix:private/{SERVICE}:pace"
_ANSWER = r"printf 4:OK\ x,"  # a netstring, as socketmap_table(5) has it
HEARD = 100  # clients that may wait for the service at once (default_process_limit); another would have no turn
_PARTS = 10000  # of a second: a wait is whole ones of them, rounded up


def connections(relay: Relay) -> int:
    """How many connections each client has at once: with a rate no more than so many that all have a turn in time."""
    if not relay.max_rate:
        return relay.connections
    waiting = min(relay.max_rate * WAIT, HEARD)
    return max(1, min(relay.connections, int(waiting / (1 + len(relay.identities)))))


def destinations(relay: Relay, servers: Sequence[str]) -> list[str]:
    """The value of smtp_connection_cache_destinations of a client for these SERVERS."""
    return [TABLE] if relay.max_rate else [*servers]


def service(relay: Relay) -> dict[str, Any]:
    """The service, as postfix_config takes it; without a rate it goes."""
    found: dict[str, Any] = {"name": SERVICE, "type": "unix"}
    if not relay.max_rate:
        return {**found, "state": "absent"}
    # More processes that are busy for longer: to begin one takes a part of that time.
    processes = min(relay.connections, math.ceil(relay.max_rate))
    seconds = math.ceil(processes / relay.max_rate * _PARTS) / _PARTS
    command = ["user=nobody", "argv=/bin/sh", "-c", f"{_ANSWER}; exec sleep {seconds:.4f}"]
    return {
        **found,
        "unprivileged": "n",  # it has to become that user
        "chroot": "n",
        "maxproc": str(processes),
        "command": "spawn",
        "options": {},
        "args": command,
    }
