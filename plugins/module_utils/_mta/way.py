# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of mail for other domains, as an MTA's configuration has it: the next server, whether the MTA has a log-in
for it, and what lies before it."""

from __future__ import annotations

import re
from typing import NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._mta import maps

# [host]:port, host:port, [address], inet:host:port.
_SERVER = re.compile(r"(?:inet:)?(?:\[(?P<literal>[^\]]*)\]|(?P<name>[^\[\]:/\s,]+))(?::(?P<port>[\w-]+))?")
_LOOPBACK = re.compile(r"127(?:\.\d{1,3}){3}|(?:ipv6:)?::1|localhost(?:\..*)?")
_SERVICE = re.compile(r"(?:(?:IPv6:)?::1|[^:]+)(?::(?P<port>\d+))?")


class Way(NamedTuple):
    """The way that mail for other domains takes. HOST is None where mail goes to the recipients' own servers, or to no
    server at all."""

    host: str | None
    via: tuple[str, ...] = ()  # filters that the MTA hands mail to before that, as its configuration writes them
    logs_in: bool | None = None  # whether it has a log-in for HOST; None where that cannot be read

    def leads_over(self, service: str) -> bool:
        """Whether the mail may meet this service of the host's own: an address, or a socket's path."""
        return any(_meets(stop, service) for stop in (*self.via, *([self.host] if self.host else [])))


def host_of(next_hop: str) -> str | None:
    """The server of a next hop without its brackets and its port; None where the next hop names no server."""
    found = _SERVER.match(next_hop.strip())
    return (found["literal"] or found["name"]) if found else None


def is_loopback(host: str) -> bool:
    """Whether a host is this one."""
    return bool(_LOOPBACK.fullmatch(host.lower()))


def holds(kind: str, path: str, key: re.Pattern[bytes]) -> bool | None:
    """Whether a table has a row of this key, in lower case; None where its file cannot be read.

    An index is searched as it is, since each kind keeps its keys in clear, and a secret one has no source.
    """
    suffix = maps.KINDS[kind].suffix if kind in maps.KINDS else ""
    try:
        with open(path.removesuffix(suffix) + suffix, "rb") as file:
            content = file.read().lower()
    except FileNotFoundError:
        return False
    except OSError:
        return None
    keys = [content] if suffix else [line.split(None, 1)[0] for line in content.split(b"\n") if line.strip()]
    return any(map(key.search, keys))


def _meets(stop: str, service: str) -> bool:
    """Whether a stop of the way may be this service: by the port, since a loopback address has many names; where a port
    is missing or is a word, the host decides."""
    if "$" in stop:
        return True  # -o in master.cf: postconf expands none of these
    if "/" in service:
        return stop.endswith(service)
    configured, met = _SERVER.match(stop), _SERVICE.fullmatch(service)
    if not configured or not met or not _LOOPBACK.fullmatch((configured["literal"] or configured["name"]).lower()):
        return False
    port, other = configured["port"] or "", met["port"] or ""
    return port == other or not (port.isdigit() and other)
