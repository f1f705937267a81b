# SPDX-License-Identifier: GPL-3.0-or-later
"""Which size is wanted, and on which interface: as the options say, or as smtp_check's report does."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.machine import Host, HostError
from ansible_collections.mailops.ses.plugins.module_utils._ses.option_names import Names

AUTO = "auto"
# What the internet carries: a larger size that was measured says nothing about the way that other mail takes.
ETHERNET = 1500
SMALLEST, LARGEST = 576, 9216
# The causes of smtp_check that a smaller MTU cures, and with which a port's path_mtu is what passes.
TOO_LARGE = "path_mtu_"


def wanted(mtu: str, report: Mapping[str, Any] | None, names: Names) -> int | None:
    """The MTU that is asked for, in bytes: a number, or what smtp_check measured; None where smtp_check found nothing
    to cure. HostError where it is out of range, or REPORT cannot tell."""
    if mtu != AUTO:
        if not re.fullmatch(r"[0-9]{1,9}", mtu):
            raise HostError(f"{names['mtu']} {mtu!r} is neither a number of bytes nor {AUTO}: write it like {ETHERNET}")
        size: int | None = int(mtu)
    else:
        size = measured(report or {}, names)
    if size is not None and not SMALLEST <= size <= LARGEST:
        raise HostError(f"{names['mtu']} {size} is out of range: it must be from {SMALLEST} to {LARGEST}")
    return size


def measured(report: Mapping[str, Any], names: Names) -> int | None:
    """The smallest packet, in bytes, of the ports whose path drops larger ones, at most Ethernet's; None where no path
    does. HostError where no path was measured."""
    ports = report.get("ports")
    said = str(report.get("msg") or "")
    if not isinstance(ports, list):
        if said:
            raise HostError(f"{names['mtu']} {AUTO} has nothing measured, because smtp_check said: {said}")
        raise HostError(
            f"{names['report']} is no result of smtp_check: it has no list of ports. Give what the task registered"
        )
    found = [port for port in ports if isinstance(port, dict) and isinstance(port.get("path_mtu"), int)]
    if not found:
        # A guess could undo a smaller size that an earlier run has measured.
        raise HostError(
            f"{names['mtu']} {AUTO} knows no size, because no port's path was measured, and the MTU stays as it is. "
            f"Repair what the check names, or give a number.{said and f' smtp_check said: {said}'}"
        )
    holes = [port["path_mtu"] for port in found if _too_large(port)]
    return min([*holes, ETHERNET]) if holes else None


def _too_large(port: Mapping[str, Any]) -> bool:
    causes = port.get("diagnosis")
    ids = [cause.get("id") for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []
    return any(isinstance(name, str) and name.startswith(TOO_LARGE) for name in ids)


def interface_to(host: Host, report: Mapping[str, Any], names: Names) -> str:
    """The interface through which the kernel sends to the endpoint that was measured; HostError where that is not
    one."""
    found: dict[str, str] = {}
    for address in _addresses(report):
        code, output, _errors = host.run(["ip", "-j", "route", "get", address])
        name = first_route(output) if not code else None
        if name:
            found.setdefault(name, address)
    if len(found) == 1:
        return next(iter(found))
    ways = ", ".join(f"{name} to {address}" for name, address in found.items()) or "none has a route"
    raise HostError(
        f"{names['interface']} is not given, and the endpoint's addresses do not lead through one interface ({ways}): "
        "set it"
    )


def _addresses(report: Mapping[str, Any]) -> list[str]:
    addresses = report.get("addresses")
    found = []
    for address in addresses if isinstance(addresses, list) else ():
        with suppress(ValueError):
            found.append(str(ipaddress.ip_address(address)))
    return found


def default_interface(host: Host, names: Names) -> str:
    """The interface of the default route, that of IPv4 before that of IPv6; HostError without such a route."""
    for family in ("-4", "-6"):
        name = first_route(host.ask(["ip", "-j", family, "route", "show", "default"]))
        if name:
            return name
    raise HostError(f"{names['interface']} is not given, and this host has no default route that would tell it: set it")


def first_route(routes: str) -> str | None:
    """The interface of the route that the kernel prefers, out of what `ip -j route` printed; None where no route can be
    used."""
    usable: list[tuple[int, str]] = []
    for route in entries(routes):
        # A route over several ways has them in a list.
        name = route.get("dev") or next((hop.get("dev") for hop in route.get("nexthops", ())), None)
        if name and name != "lo" and not {"dead", "linkdown"} & set(route.get("flags", ())):
            usable.append((route.get("metric", 0), name))
    best = min(usable, key=lambda entry: entry[0], default=None)
    return best[1] if best else None


def entries(text: str) -> list[dict[str, Any]]:
    """What `ip -j` printed; nothing, or an empty entry, means that there is nothing."""
    return [entry for entry in json.loads(text or "[]") if entry]
