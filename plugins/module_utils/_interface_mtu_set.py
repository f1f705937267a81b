# SPDX-License-Identifier: GPL-3.0-or-later
"""The MTU of an interface, now and after a reboot."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._interface_mtu_detect import manager_of
from ansible_collections.mailops.ses.plugins.module_utils._interface_mtu_host import Host, MtuError, Setting
from ansible_collections.mailops.ses.plugins.module_utils._interface_mtu_managers import Managed

AUTO = "auto"
# What the internet carries: a larger size that was measured says nothing about the way that other mail takes.
ETHERNET = 1500
SMALLEST, LARGEST = 576, 9216
# Below it the kernel takes IPv6 off the interface (RFC 8200).
SMALLEST_IPV6 = 1280


def set_mtu(host: Host, mtu: str, report: Mapping[str, Any] | None, interface: str | None, check_mode: bool) -> Any:
    """Do it; in check mode all but the writing. What cannot be done is an MtuError before anything changes."""
    size = wanted(mtu, report)
    name = interface or default_interface(host)
    link = _link(host, name)
    _fits(host, link, size)
    managed = manager_of(host, name)
    setting = managed.plan(host, size)
    changes, was = setting.before != setting.after, link["mtu"]
    # A route's own MTU goes before the interface's, and one manager knows how to correct it.
    live = was == size and not (managed.corrects_routes and larger_routes(host, name, size))
    if not check_mode:
        if changes:
            managed.persist(host, setting)
        if not live or (changes and managed.applies_setting):
            managed.apply(host, size)
        _verify(host, managed, size)
    return {
        "changed": changes or not live,
        "interface": name,
        "mtu": size,
        "was": was,
        "manager": managed.manager,
        # NetworkManager moves a profile that was only in memory to the disk.
        "file": managed.plan(host, size).file if changes and not check_mode else setting.file,
        "diff": _diff(name, was, size, setting),
        "warnings": _warnings(host, managed, name, size),
    }


def wanted(mtu: str, report: Mapping[str, Any] | None) -> int:
    """The size that is asked for: a number, or what smtp_check measured."""
    if mtu != AUTO:
        if not re.fullmatch(r"[0-9]{1,9}", mtu):
            raise MtuError(f"mtu {mtu!r} is neither a number of bytes nor {AUTO}")
        size = int(mtu)
    else:
        size = measured(report or {})
    if not SMALLEST <= size <= LARGEST:
        raise MtuError(f"mtu {size} is out of range: it must be from {SMALLEST} to {LARGEST}")
    return size


def measured(report: Mapping[str, Any]) -> int:
    """The smallest path MTU of a report of smtp_check, at most that of Ethernet."""
    ports = report.get("ports")
    said = f" smtp_check said: {report['msg']}" if report.get("msg") else ""
    if not isinstance(ports, list):
        raise MtuError(
            "report is no result of smtp_check: it has no list of ports." + (said or " Give what the task registered")
        )
    found = [port.get("path_mtu") for port in ports if isinstance(port, dict)]
    sizes = [size for size in found if isinstance(size, int)]
    if not sizes:
        # A guess could undo a smaller size that an earlier run has measured.
        raise MtuError(
            f"mtu {AUTO} knows no size, because no port's path was measured, and the MTU stays as it is. Repair what "
            f"the check names, or give a number.{said}"
        )
    return min([*sizes, ETHERNET])


def default_interface(host: Host) -> str:
    """The interface of the default route, that of IPv4 before that of IPv6."""
    for family in ("-4", "-6"):
        name = first_route(host.ask(["ip", "-j", family, "route", "show", "default"]))
        if name:
            return name
    raise MtuError("interface is not given, and this host has no default route that would tell it: set it")


def first_route(routes: str) -> str | None:
    """The interface of the route that the kernel prefers, out of what `ip -j route show default` printed."""
    best: tuple[int, str] | None = None
    for route in _json(routes):
        # A route over several ways has them in a list.
        name = route.get("dev") or next((hop.get("dev") for hop in route.get("nexthops", ())), None)
        usable = name and name != "lo" and not {"dead", "linkdown"} & set(route.get("flags", ()))
        if usable and (best is None or route.get("metric", 0) < best[0]):
            best = (route.get("metric", 0), name)
    return best[1] if best else None


def larger_routes(host: Host, name: str, size: int) -> list[str]:
    """The routes through the interface that have a larger MTU of their own."""
    routes = _json(host.ask(["ip", "-j", "-4", "route", "show", "dev", name]))
    return [
        str(route.get("dst"))
        for route in routes
        if any(metric.get("mtu", 0) > size for metric in route.get("metrics", ()))
    ]


def _link(host: Host, name: str) -> dict[str, Any]:
    links = _json(host.ask(["ip", "-j", "-d", "link", "show"]))
    for link in links:
        if link.get("ifname") == name:
            return dict(link)
    names = ", ".join(str(link.get("ifname")) for link in links)
    raise MtuError(f"interface '{name}' is not on this host; it has {names}")


def _verify(host: Host, managed: Managed, size: int) -> None:
    setting = managed.plan(host, size)
    now = _link(host, managed.interface)["mtu"]
    if setting.before != setting.after or now != size:
        raise MtuError(
            f"{managed.interface} has an MTU of {now} and not {size}, though {managed.manager} was told so in "
            f"{setting.file}: something else sets it"
        )


def _fits(host: Host, link: Mapping[str, Any], size: int) -> None:
    name, low, high = link["ifname"], link.get("min_mtu", 0), link.get("max_mtu", 0)
    if size < low or 0 < high < size:
        raise MtuError(f"mtu {size} is not possible on {name}, which takes {low} to {high}")
    if size < SMALLEST_IPV6:
        addresses = _json(host.ask(["ip", "-j", "-6", "address", "show", "dev", name, "scope", "global"]))
        if any(entry.get("addr_info") for entry in addresses):
            raise MtuError(
                f"mtu {size} would take IPv6 off {name}, which has IPv6 addresses: IPv6 needs {SMALLEST_IPV6} or more"
            )


def _diff(name: str, was: int, size: int, setting: Setting) -> list[dict[str, str]]:
    def part(header: str, before: str, after: str) -> dict[str, str]:
        return {"before_header": header, "after_header": header, "before": before, "after": after}

    parts = [
        part(f"interface {name}", f"mtu {was}\n", f"mtu {size}\n"),
        part(setting.file, setting.before, setting.after),
    ]
    return [item for item in parts if item["before"] != item["after"]]


def _warnings(host: Host, managed: Managed, name: str, size: int) -> list[str]:
    if managed.corrects_routes:
        return []
    return [
        f"the route {route} through {name} has an MTU of its own above {size}, which goes before the interface's: "
        "correct it where it is defined"
        for route in larger_routes(host, name, size)
    ]


def _json(text: str) -> list[dict[str, Any]]:
    """What `ip -j` printed; it prints nothing, or an empty entry, where there is nothing."""
    return [entry for entry in json.loads(text or "[]") if entry]
