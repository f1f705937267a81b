# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each manager of interfaces keeps the MTU, and how it is told."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tempfile
from dataclasses import dataclass

from ansible_collections.mailops.ses.plugins.module_utils._host.machine import Host, HostError, words
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import PRIVATE_MODE
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.files import Saved, Setting, at, write

NAME = "mailops-ses-mtu"


@dataclass(frozen=True)
class Managed:
    """An interface under its manager: what the managers have in common. An MTU is in bytes; each step raises HostError
    with the words of the program that fails."""

    interface: str
    key: str  # what the manager calls it
    uuid: str = ""  # NetworkManager's profile

    manager = ""
    # Whether the manager has to be told of a new setting though the interface has the MTU already.
    applies_setting = False
    corrects_routes = False

    @property
    def file_name(self) -> str:
        """For a file of this interface alone; run-parts passes over names with other characters."""
        return f"{NAME}-{re.sub('[^A-Za-z0-9_-]', '_', self.interface)}"

    def plan(self, host: Host, mtu: int) -> Setting:
        """Where this MTU has to stand, and what is there now; nothing is changed."""
        raise NotImplementedError

    def persist(self, host: Host, setting: Setting) -> None:
        """Write the setting, for the next boot."""
        write(host, setting)

    def unpersist(self, host: Host, setting: Setting, saved: Saved) -> None:
        """After a failure, let the next boot find what it would have found before."""
        saved.put_back()

    def apply(self, host: Host, mtu: int) -> None:
        """Give the interface the MTU now."""
        # Not through the manager: a reload of networkd takes the addresses away for a moment.
        host.ask(["ip", "link", "set", "dev", self.interface, "mtu", str(mtu)])

    def unapply(self, host: Host, was: int, setting: Setting) -> None:
        """After a failure, give the interface the MTU again that it had."""
        host.ask(["ip", "link", "set", "dev", self.interface, "mtu", str(was)])


class Networkd(Managed):
    """A drop-in for the .network file that applies: it wins over files below /run and /usr, and outlives them."""

    manager = "systemd-networkd"

    def plan(self, host: Host, mtu: int) -> Setting:
        text = (
            "# By mailops.ses.interface_mtu. To undo: remove this file, then `networkctl reload`.\n"
            f"[Link]\nMTUBytes={mtu}\n\n[DHCPv4]\nUseMTU=no\n"
        )
        return at(host, f"/etc/systemd/network/{self.key}.d/90-{NAME}.conf", text)


class NetworkManager(Managed):
    """The profile that is active on the interface."""

    manager = "NetworkManager"
    applies_setting = True

    def plan(self, host: Host, mtu: int) -> Setting:
        name = self._property(host)
        now = host.ask(["nmcli", "-g", name, "connection", "show", "uuid", self.uuid]).strip()
        now = "auto" if now == "0" else now
        return Setting(self.profile(host), f"{name}: {now}\n", f"{name}: {mtu}\n")

    def persist(self, host: Host, setting: Setting) -> None:
        self._modify(host, setting.after)

    def unpersist(self, host: Host, setting: Setting, saved: Saved) -> None:
        self._modify(host, setting.before)

    def _modify(self, host: Host, line: str) -> None:
        host.ask(["nmcli", "connection", "modify", "uuid", self.uuid, *line.strip().split(": ")])

    def apply(self, host: Host, mtu: int) -> None:
        # Only this property: `device reapply` would bring whatever else was changed in the profile meanwhile.
        host.ask(["nmcli", "device", "modify", self.interface, self._property(host), str(mtu)])

    def unapply(self, host: Host, was: int, setting: Setting) -> None:
        host.ask(["nmcli", "device", "modify", self.interface, *setting.before.strip().split(": ")])
        super().unapply(host, was, setting)

    def _property(self, host: Host) -> str:
        kind = host.ask(["nmcli", "-g", "connection.type", "connection", "show", "uuid", self.uuid]).strip()
        return f"{NM_SETTINGS.get(kind, '802-3-ethernet')}.mtu"

    def profile(self, host: Host) -> str:
        """The path of the profile's file; a profile that is only in memory has it below /run, until it is modified.
        Empty where there is none."""
        for line in host.ask(["nmcli", "-t", "-e", "no", "-f", "UUID,FILENAME", "connection", "show"]).splitlines():
            uuid, _colon, path = line.partition(":")
            if uuid == self.uuid:
                return path
        return ""


# Connections with an MTU in a setting of their own; bonds, bridges, VLANs and the like use that of Ethernet.
NM_SETTINGS = {kind: kind for kind in ("802-11-wireless", "infiniband", "ip-tunnel", "wireguard")}


class Netplan(Managed):
    """A file of our own beside those that define the interface: netplan merges them by its name there."""

    manager = "netplan"
    # networkd's renderer takes the DHCP server's MTU by default.
    extra: tuple[str, ...] = ("      dhcp4-overrides:", "        use-mtu: false")

    def plan(self, host: Host, mtu: int) -> Setting:
        section = self._section(host)
        lines = [
            "# By mailops.ses.interface_mtu. To undo: remove this file, then `netplan apply`.",
            "network:",
            "  version: 2",
            f"  {section}:",
            f"    {json.dumps(self.key)}:",
            f"      mtu: {mtu}",
            *self.extra,
        ]
        setting = at(host, f"/etc/netplan/90-{self.file_name}.yaml", "\n".join(lines) + "\n", PRIVATE_MODE)
        if setting.before != setting.after:
            self._try(host, setting, section, mtu)
        return setting

    def persist(self, host: Host, setting: Setting) -> None:
        write(host, setting)
        self._render(host)

    def unpersist(self, host: Host, setting: Setting, saved: Saved) -> None:
        saved.put_back()
        self._render(host)

    def _render(self, host: Host) -> None:
        host.ask(["netplan", "generate"])

    def _section(self, host: Host) -> str:
        for section in NETPLAN_SECTIONS:
            if host.ask(["netplan", "get", self._path(section)]).strip() != "null":
                return section
        raise HostError(
            f"{self.interface} comes from netplan's definition {self.key!r}, which is in none of its "
            f"{', '.join(NETPLAN_SECTIONS)} any more: run `netplan apply` first"
        )

    def _path(self, section: str, leaf: str = "") -> str:
        name = self.key.replace(".", "\\.")
        return f"{section}.{name}{leaf}"

    def _try(self, host: Host, setting: Setting, section: str, mtu: int) -> None:
        """Have netplan read all its files with the new one, in another place."""
        with tempfile.TemporaryDirectory() as scratch:
            for folder in NETPLAN_FOLDERS:
                if os.path.isdir(host.path(folder)):
                    shutil.copytree(host.path(folder), os.path.join(scratch, folder.lstrip("/")))
            write(Host(host.run, scratch), Setting(setting.file, "", setting.after, setting.mode))
            code, output, errors = host.run(["netplan", "generate", "--root-dir", scratch])
            if code:
                told = words((errors or output).replace(scratch, ""))
                raise HostError(
                    f"netplan refuses its files with {setting.file} among them, so nothing was changed: {told}"
                )
            got = host.ask(["netplan", "get", "--root-dir", scratch, self._path(section, ".mtu")]).strip()
        if got != str(mtu):
            raise HostError(
                f"{setting.file} would have no effect: a later file in /etc/netplan gives {self.key} an mtu of {got}. "
                "Change it there"
            )


NETPLAN_SECTIONS = ("ethernets", "bonds", "bridges", "vlans", "wifis", "modems", "tunnels", "dummy-devices")
NETPLAN_FOLDERS = ("/usr/lib/netplan", "/etc/netplan", "/run/netplan")


class NetplanNetworkManager(Netplan):
    """NetworkManager keeps the profile in memory, and knows no overrides."""

    extra = ()
    applies_setting = True

    def _render(self, host: Host) -> None:
        super()._render(host)
        host.ask(["nmcli", "connection", "reload"])

    def apply(self, host: Host, mtu: int) -> None:
        NetworkManager(self.interface, self.key, self.uuid).apply(host, mtu)


class Ifupdown(Managed):
    """A script that ifup runs, whichever file defines the interface and whichever DHCP client it starts."""

    manager = "ifupdown"
    corrects_routes = True

    def plan(self, host: Host, mtu: int) -> Setting:
        text = IFUP_SCRIPT.format(interface=shlex.quote(self.interface), mtu=mtu)
        return at(host, self._script, text, 0o755)

    @property
    def _script(self) -> str:
        return f"/etc/network/if-up.d/{self.file_name}"

    def apply(self, host: Host, mtu: int) -> None:
        host.ask(["env", f"IFACE={self.interface}", host.path(self._script)])


IFUP_SCRIPT = """\
#!/bin/sh
# By mailops.ses.interface_mtu. To undo: remove this file, then `ifdown {interface}; ifup {interface}`.
[ "$IFACE" = {interface} ] || exit 0
ip link set dev "$IFACE" mtu {mtu} || exit
# dhcpcd gives its routes the DHCP server's MTU, which takes precedence over the interface's.
ip -4 route show dev "$IFACE" | while read -r route; do
  size=${{route##* mtu }}
  number=${{size%% *}}
  [ "$size" != "$route" ] && [ "$number" -gt {mtu} ] 2>/dev/null || continue
  # shellcheck disable=SC2086  # words, as ip printed them
  ip -4 route change ${{route%% mtu *}} dev "$IFACE" ${{size#"$number"}}
done
"""
