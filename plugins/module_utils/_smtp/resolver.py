# SPDX-License-Identifier: GPL-3.0-or-later
"""Names before a deadline; without what only connections need, since relay_plan wants no more than this."""

from __future__ import annotations

import socket
import threading
from typing import Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure

_NOT_FOUND = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


class Resolved(NamedTuple):
    """What a name leads to; the canonical name is None where DNS tells none."""

    canonical_name: str | None
    addresses: list[str]


def resolve(name: str) -> Resolved:
    """Ask the system's resolver, which has no time-out; OSError or UnicodeError where it finds nothing."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    return Resolved(found[0][3] or None, list(dict.fromkeys(str(address[0]) for *_family, address in found)))


def resolve_in_time(name: str, resolver: Callable[[str], Resolved], deadline: Deadline) -> Resolved:
    """Ask RESOLVER in a thread, which is left behind at the deadline. Failure where it is late (dns_late), knows no
    such name (unresolved) or cannot tell (dns_unavailable)."""
    answer: list[Resolved | OSError | UnicodeError] = []

    def ask() -> None:
        try:
            answer.append(resolver(name))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(deadline.seconds())
    if not answer:
        raise Failure("dns_late", "no answer in time")
    if isinstance(answer[0], Resolved):
        return answer[0]
    not_found = isinstance(answer[0], UnicodeError) or answer[0].errno in _NOT_FOUND
    said = str(answer[0].args[-1]) if answer[0].args else type(answer[0]).__name__
    raise Failure("unresolved" if not_found else "dns_unavailable", said)


def canonical_name(endpoint: str, resolver: Callable[[str], Resolved], deadline: Deadline) -> str | None:
    """The load balancer's name behind the endpoint's; None where DNS names no other, or does not answer in time."""
    try:
        name = (resolve_in_time(endpoint, resolver, deadline).canonical_name or "").rstrip(".").lower()
    except Failure:
        return None
    return name if name and name != endpoint.lower() else None


def family_of(address: str) -> str:
    """IPv6 or IPv4."""
    return "IPv6" if ":" in address else "IPv4"


def families(endpoint: str, resolver: Callable[[str], Resolved], deadline: Deadline) -> list[str]:
    """Those of the endpoint's addresses; none where DNS knows none, or does not answer in time."""
    try:
        return list(dict.fromkeys(map(family_of, resolve_in_time(endpoint, resolver, deadline).addresses)))
    except Failure:
        return []


def in_hosts_file(name: str, text: str) -> list[str]:
    """The addresses that lines of an /etc/hosts give a name."""
    lines = (line.partition("#")[0].lower().split() for line in text.splitlines())
    return [fields[0] for fields in lines if name.lower().rstrip(".") in fields[1:]]
