# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.mailops.ses.plugins.module_utils._host.machine import Host, HostError
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.files import saved
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.managers import (
    Ifupdown,
    Netplan,
    NetplanNetworkManager,
    Networkd,
    NetworkManager,
)

UUID = "4d2c9f0e-6a44-4c4b-9d1f-5f0e3c2b1a00"


class Programs:
    """Programs that answer by the words of their command, and remember the commands."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.commands: list[str] = []

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        line = " ".join(command)
        self.commands.append(line)
        return 0, next((answer for words, answer in self.answers.items() if words.replace("_", " ") in line), ""), ""


def test_networkd_gets_a_drop_in_of_the_file_that_applies(tmp_path):
    setting = Networkd("ens5", "70-ens5.network").plan(Host(Programs(), str(tmp_path)), 1500)
    assert setting.file == "/etc/systemd/network/70-ens5.network.d/90-mailops-ses-mtu.conf"
    assert setting.after.split("\n", 1)[1] == "[Link]\nMTUBytes=1500\n\n[DHCPv4]\nUseMTU=no\n"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("802-3-ethernet", "802-3-ethernet.mtu"),
        ("bond", "802-3-ethernet.mtu"),
        ("802-11-wireless", "802-11-wireless.mtu"),
        ("wireguard", "wireguard.mtu"),
    ],
)
def test_network_manager_keeps_it_in_the_profile(kind, name):
    programs = Programs(connection_type=f"{kind}\n".replace(" ", "_"))
    programs.answers = {
        "connection.type": f"{kind}\n",
        f"{name} connection": "0\n",
        "UUID,FILENAME": f"{UUID}:/etc/a\n",
    }
    managed = NetworkManager("ens5", UUID, UUID)
    setting = managed.plan(Host(programs), 1400)
    assert (setting.file, setting.before, setting.after) == ("/etc/a", f"{name}: auto\n", f"{name}: 1400\n")
    programs.commands.clear()
    managed.persist(Host(programs), setting)
    managed.apply(Host(programs), 1400)
    changes = [line for line in programs.commands if "modify" in line]
    assert changes == [
        f"nmcli connection modify uuid {UUID} {name} 1400",
        f"nmcli device modify ens5 {name} 1400",
    ]
    programs.commands.clear()
    managed.unpersist(Host(programs), setting, saved("/"))
    managed.unapply(Host(programs), 9001, setting)
    assert programs.commands == [
        f"nmcli connection modify uuid {UUID} {name} auto",
        f"nmcli device modify ens5 {name} auto",
        "ip link set dev ens5 mtu 9001",
    ]


@pytest.mark.parametrize(
    ("managed", "definition"),
    [
        (Netplan("ens5", 'all."en"'), {"mtu": 1500, "dhcp4-overrides": {"use-mtu": False}}),
        (NetplanNetworkManager("ens5", 'all."en"', UUID), {"mtu": 1500}),
    ],
)
def test_netplan_gets_a_file_of_its_own(tmp_path, managed, definition):
    (tmp_path / "etc" / "netplan").mkdir(parents=True)
    programs = Programs()
    programs.answers = {"get ethernets": "null\n", ".mtu": "1500\n", "get bonds": "dhcp4: true\n"}
    setting = managed.plan(Host(programs, str(tmp_path)), 1500)
    assert (setting.file, setting.mode) == ("/etc/netplan/90-mailops-ses-mtu-ens5.yaml", 0o600)
    assert yaml.safe_load(setting.after) == {"network": {"version": 2, "bonds": {'all."en"': definition}}}
    assert 'netplan get bonds.all\\."en"' in programs.commands
    assert list((tmp_path / "etc" / "netplan").iterdir()) == []  # it was tried elsewhere


@pytest.mark.parametrize(
    ("managed", "rendered"),
    [
        (Netplan("ens5", "en"), ["netplan generate"]),
        (NetplanNetworkManager("ens5", "en", UUID), ["netplan generate", "nmcli connection reload"]),
    ],
)
def test_netplan_renders_without_the_file_again(tmp_path, managed, rendered):
    programs = Programs()
    programs.answers = {".mtu": "1500\n", "get": "{}\n"}
    host = Host(programs, str(tmp_path))
    (tmp_path / "etc" / "netplan").mkdir(parents=True)
    setting = managed.plan(host, 1500)
    before = saved(host.path(setting.file))
    managed.persist(host, setting)
    assert (tmp_path / setting.file.lstrip("/")).exists()
    programs.commands.clear()
    managed.unpersist(host, setting, before)
    assert (list((tmp_path / "etc" / "netplan").iterdir()), programs.commands) == ([], rendered)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"get ethernets": "null", "get": "null"}, "in none of its ethernets"),
        ({".mtu": "9000", "get": "{}"}, "gives all-en an mtu of 9000"),
    ],
)
def test_netplan_is_not_asked_in_vain(tmp_path, answers, words):
    programs = Programs()
    programs.answers = answers
    with pytest.raises(HostError, match=words):
        Netplan("ens5", "all-en").plan(Host(programs, str(tmp_path)), 1500)


def test_netplan_s_words_have_the_place_where_the_file_is(tmp_path):
    def run(command: list[str]) -> tuple[int, str, str]:
        if "generate" in command:
            return 1, "", f"{command[-1]}/etc/netplan/50-a.yaml:5:12: Error\n"
        return 0, "{}", ""

    with pytest.raises(HostError, match=": /etc/netplan/50-a.yaml:5:12: Error$"):
        Netplan("ens5", "all-en").plan(Host(run, str(tmp_path)), 1500)


@pytest.mark.parametrize(
    ("interface", "name"), [("eth0", "mailops-ses-mtu-eth0"), ("eth0.10", "mailops-ses-mtu-eth0_10")]
)
def test_ifup_runs_a_script_whose_name_run_parts_takes(tmp_path, interface, name):
    setting = Ifupdown(interface, interface).plan(Host(Programs(), str(tmp_path)), 1500)
    assert (setting.file, setting.mode) == (f"/etc/network/if-up.d/{name}", 0o755)


# What ip 6.15 prints, and how the route is to be changed.
ROUTES = """\
default via 10.97.0.1 proto dhcp src 10.97.0.55 metric 900 mtu 9001 
10.97.0.0/24 proto dhcp scope link src 10.97.0.55 metric 900 mtu 9001 advmss 8000 initcwnd 20 
10.98.0.0/24 via 10.97.0.9 mtu 1400 
10.99.0.0/24 via 10.97.0.9 mtu lock 9001 
10.96.0.0/24 proto kernel scope link src 10.96.0.2 
"""  # noqa: W291 as it prints them
CHANGES = [
    "link set dev eth0 mtu 1500",
    "-4 route show dev eth0",
    "-4 route change default via 10.97.0.1 proto dhcp src 10.97.0.55 metric 900 dev eth0",
    "-4 route change 10.97.0.0/24 proto dhcp scope link src 10.97.0.55 metric 900 dev eth0 advmss 8000 initcwnd 20",
]


@pytest.mark.parametrize(("up", "commands"), [("eth0", CHANGES), ("eth1", []), ("lo", [])])
def test_what_ifup_s_script_does(tmp_path: Path, up: str, commands: list[str]) -> None:
    script = tmp_path / "script"
    script.write_text(Ifupdown("eth0", "eth0").plan(Host(Programs(), str(tmp_path)), 1500).after)
    (tmp_path / "routes").write_text(ROUTES)
    tool = tmp_path / "ip"
    tool.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/commands\ncase "$*" in *show*) cat {tmp_path}/routes ;; esac\n')
    tool.chmod(0o755)
    (tmp_path / "commands").write_text("")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "IFACE": up}
    done = subprocess.run(["sh", str(script)], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
    assert (tmp_path / "commands").read_text().splitlines() == commands
