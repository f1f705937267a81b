# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to the world: names, connections and time, so that tests can put another in its place."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.mtu import ConnectSized, connect_sized
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import Resolved, resolve
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import Connect

_NOWHERE = {"IPv4": "192.0.2.1", "IPv6": "2001:db8::1"}  # of documents (RFC 5737, RFC 3849)


class Net(NamedTuple):
    """What a check uses of the world."""

    resolve: Callable[[str], Resolved]
    connect: Connect
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    connect_sized: ConnectSized | None = None  # with a maximum segment size; None: the path is not looked into
    hosts_file: Callable[[], str] = lambda: ""  # the text of the host's /etc/hosts
    mta: Callable[[], str | None] = lambda: None  # the MTA that is installed: postfix, sendmail
    routed: Callable[[str], bool] = lambda family: False  # whether the host has a way by IPv4, IPv6


def connect(address: str, port: int, timeout: float) -> socket.socket:
    """Connect within TIMEOUT seconds; OSError where that fails."""
    return socket.create_connection((address, port), timeout)


def routed(family: str) -> bool:
    """Whether the host has a route to anywhere by IPv4 or IPv6; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET6 if family == "IPv6" else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((_NOWHERE[family], 9))
    except OSError:
        return False
    return True


def of_this_host(installed: Callable[[], str | None]) -> Net:
    """The edge of the host that this runs on. INSTALLED tells its MTA; LookupError where it cannot."""

    def mta() -> str | None:
        with suppress(LookupError):  # nobody tells which it is
            return installed()
        return None

    return this_host(mta)


def this_host(mta: Callable[[], str | None] = lambda: None) -> Net:
    """The same, with what tells the MTA."""
    return Net(resolve, connect, time.monotonic, time.sleep, connect_sized, lambda: read("/etc/hosts"), mta, routed)
