# SPDX-License-Identifier: GPL-3.0-or-later
"""Who manages an interface: not who is installed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Union

from ansible_collections.mailops.ses.plugins.module_utils._host.machine import MISSING, Host, HostError
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.managers import (
    Ifupdown,
    Managed,
    Netplan,
    NetplanNetworkManager,
    Networkd,
    NetworkManager,
)

Found = Union[Managed, str]


def networkd(host: Host, interface: str) -> Found:
    """The interface under networkd, or under netplan above it; else a text that says why not. HostError where the
    interface shares its definition with others."""
    code, _output, _errors = host.run(["systemctl", "is-active", "systemd-networkd"])
    if code:
        return "it does not run"
    files = network_files(host.ask(["networkctl", "--no-pager", "--lines=0", "--all", "status"]))
    if interface not in files:
        return "it has no .network file for it"
    file = files[interface]
    others = [name for name, other in files.items() if other == file and name != interface]
    if others:
        raise HostError(
            f"{interface} has its settings from {file}, and so {'has' if len(others) == 1 else 'have'} "
            f"{', '.join(others)}, which would get the same MTU at the next boot: "
            f"give {interface} a definition of its own"
        )
    netplan = re.fullmatch(r"/run/systemd/network/\d+-netplan-(.+)\.network", file)
    return Netplan(interface, netplan[1]) if netplan else Networkd(interface, os.path.basename(file))


def network_files(status: str) -> dict[str, str]:
    """Interface -> .network file of those that networkd manages, out of what `networkctl --all status` printed."""
    files = {}
    for block in re.split(r"^(?=\S+ +\d+: )", status, flags=re.MULTILINE):
        name = re.match(r"\S+ +\d+: (\S+)", block)
        setup = re.search(r"\((.*)\)", _field(block, "State"))
        file = _field(block, "Network File")
        if name and file not in {"", "n/a"} and setup and setup[1] not in {"unmanaged", "linger"}:
            files[name[1]] = file
    return files


def network_manager(host: Host, interface: str) -> Found:
    """The interface under NetworkManager, or under netplan above it; else a text that says why not."""
    query = ["nmcli", "-t", "-e", "no", "-f", "GENERAL.STATE,GENERAL.CON-UUID", "device", "show", interface]
    code, output, _errors = host.run(query)
    if code:
        return "it is not installed" if code == MISSING else "it does not run, or does not know it"
    state, uuid = _field(output, "GENERAL.STATE"), _field(output, "GENERAL.CON-UUID")
    if not uuid or "external" in state or state.startswith("10 "):
        return f"for it this is {state.partition(' ')[2].strip('()') or 'unknown'}"
    found = NetworkManager(interface, uuid, uuid)
    netplan = re.fullmatch(r"/run/NetworkManager/system-connections/netplan-(.+)\.nmconnection", found.profile(host))
    return NetplanNetworkManager(interface, netplan[1], uuid) if netplan else found


def ifupdown(host: Host, interface: str) -> Found:
    """The interface under ifupdown, which keeps a list of what it has brought up; else a text that says why not."""
    code, _output, _errors = host.run(["ifquery", "--state", interface])
    if code:
        return "it is not installed" if code == MISSING else "it has not brought it up"
    return Ifupdown(interface, interface)


# In this order: where two know an interface, the first one has it. netplan is above the first two.
MANAGERS: dict[str, Callable[[Host, str], Found]] = {
    "systemd-networkd": networkd,
    "NetworkManager": network_manager,
    "ifupdown": ifupdown,
}


def manager_of(host: Host, interface: str) -> Managed:
    """Who manages the interface; HostError, with what was looked at, where nobody does."""
    reasons = []
    for name, recognise in MANAGERS.items():
        found = recognise(host, interface)
        if isinstance(found, Managed):
            return found
        reasons.append(f"{name} ({found})")
    raise HostError(
        f"nothing that this knows manages interface {interface}, so that its MTU would not survive a reboot: "
        f"{', '.join(reasons)}; netplan would show as one of the first two. "
        "Set the MTU where the interface is made, or name another interface"
    )


def _field(output: str, name: str) -> str:
    """The value of a line `name: value`."""
    found = re.search(rf"^\s*{re.escape(name)}:[ \t]*(.*)$", output, re.MULTILINE)
    return found[1].strip() if found else ""
