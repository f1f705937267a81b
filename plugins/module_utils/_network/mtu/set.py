# SPDX-License-Identifier: GPL-3.0-or-later
"""The MTU of an interface, now and after a reboot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.mailops.ses.plugins.module_utils._host.machine import Host, HostError
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.detect import manager_of
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.files import Setting, saved
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.managers import Managed
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.request import (
    AUTO,
    ETHERNET,
    LARGEST,
    default_interface,
    entries,
    interface_to,
    wanted,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.option_names import Names

# Below it the kernel takes IPv6 off the interface (RFC 8200).
SMALLEST_IPV6 = 1280


def set_mtu(
    host: Host,
    mtu: str,
    report: Mapping[str, Any] | None,
    interface: str | None,
    check_mode: bool,
    *,
    option_names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Set the MTU in bytes, or auto for what smtp_check's REPORT measured, and return the module's result; in check
    mode write nothing. HostError before anything changes where it cannot be done, else after all is put back."""
    names = Names(option_names or {})
    asked = wanted(mtu, report, names)
    by_route = interface_to(host, report or {}, names) if mtu == AUTO and not interface else None
    name = interface or by_route or default_interface(host, names)
    link = _link(host, name, names)
    was = link["mtu"]
    # What smtp_check measured is what passes: that never asks for more than the interface sends now.
    size = min(asked or ETHERNET, was if mtu == AUTO else LARGEST)
    if asked is None and size == was and not larger_routes(host, name, size):
        return _left_alone(name, was)
    _fits(host, link, size, names)
    managed = manager_of(host, name)
    setting = managed.plan(host, size)
    changes = setting.before != setting.after
    # A route's own MTU takes precedence over the interface's, and one manager knows how to correct it.
    live = was == size and not (managed.corrects_routes and larger_routes(host, name, size))
    if not check_mode:
        _carry_out(host, managed, setting, was, size, apply=not live or (changes and managed.applies_setting))
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


def _left_alone(name: str, mtu: int) -> dict[str, Any]:
    """The path is fine, and the interface sends nothing that the internet would not carry."""
    found = {"changed": False, "interface": name, "mtu": mtu, "was": mtu, "manager": None, "file": None}
    return {**found, "diff": [], "warnings": []}


def _carry_out(host: Host, managed: Managed, setting: Setting, was: int, size: int, *, apply: bool) -> None:
    """All of it, or none: the next boot must not find what did not work."""
    changes = setting.before != setting.after
    before = saved(host.path(setting.file))
    try:
        if changes:
            managed.persist(host, setting)
        if apply:
            managed.apply(host, size)
        _verify(host, managed, size)
    except (HostError, OSError) as error:
        faults = [
            *(_attempt(lambda: managed.unpersist(host, setting, before)) if changes else []),
            *(_attempt(lambda: _unapply(host, managed, was, setting)) if apply else []),
        ]
        end = f"What was there could not be put back: {'; '.join(faults)}" if faults else "What was there is put back"
        raise HostError(f"{error}. {end}") from error


def _unapply(host: Host, managed: Managed, was: int, setting: Setting) -> None:
    if _link(host, managed.interface, Names())["mtu"] != was:
        managed.unapply(host, was, setting)


def _attempt(step: Callable[[], None]) -> list[str]:
    try:
        step()
    except (HostError, OSError) as error:
        return [str(error)]
    return []


def larger_routes(host: Host, name: str, size: int) -> list[str]:
    """The routes through the interface that have a larger MTU of their own."""
    routes = entries(host.ask(["ip", "-j", "-4", "route", "show", "dev", name]))
    return [
        str(route.get("dst"))
        for route in routes
        if any(metric.get("mtu", 0) > size for metric in route.get("metrics", ()))
    ]


def _link(host: Host, name: str, names: Names) -> dict[str, Any]:
    links = entries(host.ask(["ip", "-j", "-d", "link", "show"]))
    for link in links:
        if link.get("ifname") == name:
            return dict(link)
    found = ", ".join(str(link.get("ifname")) for link in links)
    raise HostError(f"{names['interface']} '{name}' is not on this host; it has {found}")


def _verify(host: Host, managed: Managed, size: int) -> None:
    setting = managed.plan(host, size)
    now = _link(host, managed.interface, Names())["mtu"]
    if setting.before != setting.after or now != size:
        raise HostError(
            f"{managed.interface} has an MTU of {now} and not {size}, though {managed.manager} was told so in "
            f"{setting.file}: something else sets it"
        )


def _fits(host: Host, link: Mapping[str, Any], size: int, names: Names) -> None:
    name, low, high = link["ifname"], link.get("min_mtu", 0), link.get("max_mtu", 0)
    if size < low or 0 < high < size:
        raise HostError(f"{names['mtu']} {size} is not possible on {name}, which takes {low} to {high}")
    if size < SMALLEST_IPV6:
        addresses = entries(host.ask(["ip", "-j", "-6", "address", "show", "dev", name, "scope", "global"]))
        if any(entry.get("addr_info") for entry in addresses):
            raise HostError(
                f"{names['mtu']} {size} would take IPv6 off {name}, which has IPv6 addresses: "
                f"IPv6 needs {SMALLEST_IPV6} or more"
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
        f"the route {route} through {name} has an MTU of its own above {size}, which takes precedence over the "
        "interface's: correct it where it is defined"
        for route in larger_routes(host, name, size)
    ]
