# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a host, and what a look at it gives."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._relay.finding import Finding
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import (
    Relay,
    describe,
    endpoint_named,
    further,
)
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import canonical_name, families, resolve

RESOLVER_SECONDS = 10.0
# (arguments) -> (return code, standard output, standard error), as AnsibleModule.run_command
Runner = Callable[[list[str]], tuple[int, str, str]]
# The relay, what makes its terms, both None where the variables are not sound, and what was found.
Looked = tuple[Optional[Relay], Optional[Callable[[], Any]], list[Finding]]


@dataclass(frozen=True)
class Host:
    """What is asked of the host."""

    run: Runner
    offline: bool  # an image, or a chroot: nothing is started
    units: Sequence[str] = ()  # that run the MTA
    fresh: bool = False  # the MTA has just been installed: what it has is its package's, and nobody's wish


def described(variables: Mapping[str, Any], names: Sequence[str]) -> Relay:
    """The relay that sound variables mean on a host of these names; DNS is asked for the load balancers' names."""
    ways = variables.get("ses_fallback") or []
    fallback = [further(way, _load_balancer(way)) for way in ways]
    return describe(variables, names, _load_balancer(variables), fallback)


def families_of(endpoints: Iterable[str]) -> dict[str, list[str]]:
    """Of which families each one's addresses in DNS are; none where DNS does not tell in the time of one question."""
    deadline = _deadline()
    return {endpoint: families(endpoint, resolve, deadline) for endpoint in dict.fromkeys(endpoints)}


def taken(address: str, port: int) -> bool:
    """Whether somebody listens at this address of the host."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, port))
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _load_balancer(way: Mapping[str, Any]) -> str | None:
    return canonical_name(endpoint_named(way), resolve, _deadline())


def _deadline() -> Deadline:
    return Deadline(time.monotonic, time.monotonic() + RESOLVER_SECONDS)
