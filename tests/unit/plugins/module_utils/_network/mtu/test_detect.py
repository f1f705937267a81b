# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.machine import MISSING, Host, HostError
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.detect import manager_of, network_files
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.managers import (
    Ifupdown,
    Netplan,
    NetplanNetworkManager,
    Networkd,
    NetworkManager,
)

# networkctl of systemd 252 and of 257.
OLD = """\
* 1: lo                         
                     Link File: n/a
                  Network File: n/a
                         State: carrier (unmanaged)
                  Online state: unknown

* 4: ens5                       
                     Link File: n/a
                  Network File: {file}
                         State: routable (configured)
                  Online state: online
"""  # noqa: W291 as it prints it
NEW = """\
● 1: lo
                   Link File: n/a
                Network File: n/a
                       State: carrier (unmanaged)

● 4: ens5
                   Link File: /usr/lib/systemd/network/99-default.link
                Network File: {file}
                              └─/etc/systemd/network/60-card.network.d/90-mailops-ses-mtu.conf
                       State: routable (configuring)
                     Address: 192.0.2.7 (DHCPv4 via 192.0.2.1)
"""
UUID = "4d2c9f0e-6a44-4c4b-9d1f-5f0e3c2b1a00"
ABSENT = (MISSING, "", "it is not installed")


def host(**answers: tuple[int, str, str]) -> Host:
    """A host with these answers, by what they are about; everything else is not installed."""

    def run(command: list[str]) -> tuple[int, str, str]:
        if command[0] == "nmcli":
            return answers.get("nm_profiles" if "connection" in command else "nm", ABSENT)
        return answers.get({"systemctl": "active", "networkctl": "networkd", "ifquery": "ifup"}[command[0]], ABSENT)

    return Host(run)


def networkd(file: str, status: str = NEW) -> dict[str, tuple[int, str, str]]:
    return {"active": (0, "active\n", ""), "networkd": (0, status.format(file=file), "")}


def nm(state: str, file: str, uuid: str = UUID) -> dict[str, tuple[int, str, str]]:
    return {
        "nm": (0, f"GENERAL.STATE:{state}\nGENERAL.CON-UUID:{uuid}\n", ""),
        "nm_profiles": (0, f"0-0:/run/lo.nmconnection\n{UUID}:{file}\n", ""),
    }


CONNECTED = "100 (connected)"
PROFILES = "/run/NetworkManager/system-connections"
IFUP = {"ifup": (0, "ens5=ens5\n", "")}
MANAGED = {
    "networkd, old": (networkd("/etc/systemd/network/a.network", OLD), Networkd("ens5", "a.network")),
    "networkd, generated": (networkd("/run/systemd/network/70-ens5.network"), Networkd("ens5", "70-ens5.network")),
    "netplan over networkd": (networkd("/run/systemd/network/10-netplan-all-en.network"), Netplan("ens5", "all-en")),
    "NetworkManager": (nm(CONNECTED, "/etc/x.nmconnection"), NetworkManager("ens5", UUID, UUID)),
    "NetworkManager, no network yet": (
        nm("70 (connecting (getting IP configuration))", "/etc/x"),
        NetworkManager("ens5", UUID, UUID),
    ),
    "netplan over NetworkManager": (
        nm(CONNECTED, f"{PROFILES}/netplan-ens5.nmconnection"),
        NetplanNetworkManager("ens5", "ens5", UUID),
    ),
    "ifupdown": (IFUP, Ifupdown("ens5", "ens5")),
    "ifupdown, others there": (
        {**IFUP, **networkd("n/a"), **nm("10 (unmanaged)", "", uuid="")},
        Ifupdown("ens5", "ens5"),
    ),
    "networkd, NetworkManager watches": (
        {**networkd("/etc/systemd/network/a.network"), **nm("100 (connected (externally))", "/run/x")},
        Networkd("ens5", "a.network"),
    ),
}
UNMANAGED = {
    "nothing is there": ({}, ["systemd-networkd (it does not run)", "NetworkManager (it is not installed)"]),
    "they do nothing": (
        {**networkd("n/a"), **nm("10 (unmanaged)", "", uuid=""), "ifup": (1, "", "")},
        ["it has no .network file for it", "for it this is unmanaged", "it has not brought it up"],
    ),
    "one looks on": (nm("100 (connected (externally))", "/run/x"), ["connected (externally"]),
    "one is stopped": ({"nm": (8, "", "Error: NetworkManager is not running.")}, ["it does not run"]),
}


@pytest.mark.parametrize(("answers", "found"), MANAGED.values(), ids=MANAGED)
def test_who_manages_it(answers, found):
    manager = manager_of(host(**answers), "ens5")
    assert type(manager) is type(found)
    assert manager == found


@pytest.mark.parametrize(("answers", "reasons"), UNMANAGED.values(), ids=UNMANAGED)
def test_an_interface_without_a_manager_is_refused_with_the_reasons(answers, reasons):
    with pytest.raises(HostError) as caught:
        manager_of(host(**answers), "ens5")
    assert [reason for reason in ("interface ens5", *reasons) if reason not in str(caught.value)] == []


def test_a_definition_of_several_interfaces_is_refused():
    file = "/run/systemd/network/10-netplan-all-en.network"
    status = NEW.format(file=file) + NEW.format(file=file).replace("4: ens5", "5: ens6")
    with pytest.raises(HostError, match=rf"ens5 has its settings from {file}, and so has ens6, "):
        manager_of(host(active=(0, "", ""), networkd=(0, status, "")), "ens5")


def test_only_what_networkd_configures_counts():
    unmanaged = NEW.format(file="/etc/a.network").replace("configuring", "unmanaged")
    assert network_files(unmanaged) == {}
    assert network_files("") == {}
