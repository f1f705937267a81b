# SPDX-License-Identifier: GPL-3.0-or-later
"""Each manager's network card has the MTU now and after a reboot; whatever cannot last is refused.

The cards come up with 9001, as in a cloud: their DHCP servers say so. The tests build on each other, and each of them
is about all hosts at once, because the play takes its time.
"""

from __future__ import annotations

import json
from shlex import quote

import pytest
import testinfra
from testbed import engine, warm
from testbed.engine import ROOT
from testbed.relay import ENVIRONMENT, INVENTORY, RELAYS, until

PLAY = str(ROOT / "molecule" / "network_mtu" / "converge.yml")
HOSTS = {uri.rpartition("-")[2]: testinfra.get_host(uri) for uri in RELAYS}
# Card -> its manager, the file that keeps the MTU, the file's mode.
CARDS = {
    "networkd": ("systemd-networkd", "/etc/systemd/network/60-card.network.d/90-mailops-ses-mtu.conf", 0o644),
    "nm": ("NetworkManager", "/etc/NetworkManager/system-connections/office.nmconnection", 0o600),
    "netplan": ("netplan", "/etc/netplan/90-mailops-ses-mtu-netplan.yaml", 0o600),
    "netplan-nm": ("netplan", "/etc/netplan/90-mailops-ses-mtu-netplan-nm.yaml", 0o600),
    "ifup": ("ifupdown", "/etc/network/if-up.d/mailops-ses-mtu-ifup", 0o755),
}
CLOUD = 9001
FILES = (
    "find /etc/systemd /etc/netplan /etc/NetworkManager /etc/network /run/systemd/network -type f"
    " -printf '%p %m\n' -exec sha256sum {} +"
)


def run(*command):
    """A command of Ansible's, and all that it printed."""
    done = warm.run([*command, "-i", str(INVENTORY)], {**ENVIRONMENT, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"})
    return done.stdout + done.stderr


def play(*arguments, **variables):
    return run("ansible-playbook", PLAY, "--extra-vars", json.dumps(variables), *arguments)


def recap(printed):
    """Host -> what the play's last lines count: changed, failed, rescued …"""
    lines = [line.split() for line in printed.partition("PLAY RECAP")[2].splitlines()[1:] if line]
    return {name: dict(item.split("=") for item in counts) for name, _colon, *counts in lines}


def refusals(**options):
    """Host -> the message with which the module fails."""
    printed = run("ansible", "relays", "-m", "mailops.ses.interface_mtu", "-a", json.dumps(options))
    found = {}
    for name in HOSTS:
        _before, arrow, rest = printed.partition(f"{name} | FAILED! => ")
        assert arrow, printed
        found[name] = json.JSONDecoder().raw_decode(rest)[0]["msg"]
    return found


def links(host):
    """Card -> MTU."""
    return {link["ifname"]: link["mtu"] for link in json.loads(host.check_output("ip -j link show"))}


def addresses(host):
    """Card -> its IPv4 addresses."""
    shown = json.loads(host.check_output("ip -j -4 address show"))
    return {link["ifname"]: [address["local"] for address in link["addr_info"]] for link in shown}


def state():
    """All that the module could change."""
    return {name: (host.check_output(FILES), links(host)) for name, host in HOSTS.items()}


def every_card_has(size):
    """Assert that every card sends packets of this size, and that the one that was not asked for is as it was."""
    for host in HOSTS.values():
        have = links(host)
        assert {card: have[card] for card in CARDS} == dict.fromkeys(CARDS, size)
        assert have["control"] == CLOUD
        for route in json.loads(host.check_output("ip -j -4 route show")):
            own = [metric["mtu"] for metric in route.get("metrics", []) if "mtu" in metric]
            assert route["dev"] not in CARDS or not own or max(own) <= size


def test_every_card_has_the_mtu():
    every_card_has(1500)


@pytest.mark.parametrize("name", HOSTS)
def test_the_files_are_root_s_and_nothing_else_lies_about(name):
    shown = {path: HOSTS[name].file(path) for _manager, path, _mode in CARDS.values()}
    assert {path: (file.mode, file.user) for path, file in shown.items()} == {
        path: (mode, "root") for _manager, path, mode in CARDS.values()
    }
    leftovers = "find /etc /run/systemd /tmp -name '.mailops-*' -o -name '*.bak' -o -name '*~'"
    assert HOSTS[name].check_output(leftovers) == ""


def test_check_mode_changes_nothing_and_shows_it_all():
    before = state()
    printed = play("--check", "--diff", "-v", ses_mtu=1300)
    assert {name: counts["changed"] for name, counts in recap(printed).items()} == dict.fromkeys(HOSTS, f"{len(CARDS)}")
    assert printed.count("+mtu 1300\n") == len(CARDS) * len(HOSTS)
    for card, (manager, path, _mode) in CARDS.items():
        assert printed.count(f"+++ after: {path}\n") == len(HOSTS)
        result = {"changed": True, "file": path, "interface": card, "manager": manager, "mtu": 1300, "was": 1500}
        assert printed.count(json.dumps(result)) == len(HOSTS)
    assert state() == before


def test_no_address_goes_away_when_the_mtu_changes():
    had = {name: addresses(host) for name, host in HOSTS.items()}
    watches = {
        name: host.check_output("nohup ip monitor address >/run/addresses 2>&1 & echo $!")
        for name, host in HOSTS.items()
    }
    try:
        printed = play(ses_mtu=1400)
    finally:
        for name, host in HOSTS.items():
            host.check_output(f"kill {watches[name]}")
    assert {name: counts["changed"] for name, counts in recap(printed).items()} == dict.fromkeys(HOSTS, f"{len(CARDS)}")
    every_card_has(1400)
    for name, host in HOSTS.items():
        assert addresses(host) == had[name]
        assert "Deleted" not in host.check_output("cat /run/addresses")


def test_auto_leaves_alone_what_works(endpoint):
    """A smaller MTU may be why the path is fine; without a name it is about the card that leads to the endpoint."""
    before = state()
    for cards in ([*CARDS], [None]):
        counts = recap(play(ses_mtu="auto", cards=cards))
        assert {name: (count["changed"], count["failed"]) for name, count in counts.items()} == dict.fromkeys(
            HOSTS, ("0", "0")
        )
    assert state() == before


def test_a_mistyped_region_is_named_as_the_user_wrote_it():
    before = state()
    printed = play(ses_mtu="auto", ses_region="us_east_1", cards=["networkd"])
    assert printed.count("smtp_check said: ses_region contains an underscore") >= len(HOSTS)
    assert state() == before


# Programs that let everything be planned and kept, and nothing be set; by size, so that what was there can come back.
REFUSING = """#!/bin/sh
case "$*" in *" 1350") echo "$0 refuses" >&2; exit 1 ;; esac
exec /usr/bin/{program} "$@"
"""


@pytest.fixture
def refusing():
    """Hosts whose programs refuse an MTU of 1350."""
    programs = {f"/usr/local/sbin/{program}": REFUSING.format(program=program) for program in ("ip", "nmcli")}
    programs["/usr/local/sbin/nmcli"] = programs["/usr/local/sbin/nmcli"].replace('"$*" in *', '"$*" in "device "*')
    for host in HOSTS.values():
        for path, text in programs.items():
            host.check_output(f"printf '%s' {quote(text)} > {path} && chmod 755 {path}")
    yield
    for host in HOSTS.values():
        host.check_output(f"rm {' '.join(programs)}")


def test_a_failure_leaves_nothing_for_the_next_boot(refusing):
    before = state()
    for card in CARDS:
        for message in refusals(mtu=1350, interface=card).values():
            assert "refuses. What was there is put back" in message
    assert state() == before


def test_auto_changes_nothing_where_no_port_could_be_measured(endpoint):
    """Another size could undo what an earlier run has measured."""
    endpoint.fault(refuse=True)
    before = state()
    printed = play(ses_mtu="auto", cards=["networkd"])
    assert printed.count("ses_mtu auto knows no size") >= len(HOSTS)
    assert {name: (counts["rescued"], counts["failed"]) for name, counts in recap(printed).items()} == dict.fromkeys(
        HOSTS, ("1", "1")
    )
    assert printed.count("no port's path was measured, and the MTU stays as it is") >= len(HOSTS)
    assert "The connection is refused" in printed
    assert state() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        # The default route's card, which the container engine has made.
        ({"mtu": "1400"}, ["interface eth0", "systemd-networkd (", "NetworkManager (", "ifupdown (", "netplan"]),
        ({"mtu": "1400", "interface": "control"}, ["70-others.network", "twin"]),
        ({"mtu": "1200", "interface": "control"}, ["mtu 1200", "IPv6", "1280"]),
    ],
    ids=["nobody manages it", "another card would get it", "too small for IPv6"],
)
def test_it_refuses_in_a_sentence_and_changes_nothing(options, words):
    before = state()
    for message in refusals(**options).values():
        assert [word for word in words if word not in message] == []
    assert state() == before


@pytest.mark.parametrize(
    ("later", "words"),
    [("network: {ethernets: {card.1: {mtu: 4000}}}", "4000"), ("network: {ethernets: ", "/etc/netplan/99-later.yaml:")],
    ids=["another MTU", "no YAML"],
)
def test_netplan_s_other_files_are_heeded(later, words):
    before = state()
    try:
        for host in HOSTS.values():
            host.check_output(f"umask 077; echo '{later}' > /etc/netplan/99-later.yaml")
        messages = refusals(mtu="1350", interface="netplan")
    finally:
        for host in HOSTS.values():
            host.check_output("rm -f /etc/netplan/99-later.yaml")
    for message in messages.values():
        assert words in message
        assert "Traceback" not in message
    # On one of them netplan has renewed what it renders, with the later file among the others.
    for host in HOSTS.values():
        host.check_output("netplan generate")
    assert state() == before


def test_it_lasts_when_the_hosts_boot(layout):
    engine.reboot(layout, list(HOSTS))
    for host in HOSTS.values():
        until("every card has its address", lambda host=host: all(addresses(host).get(card) for card in CARDS))
    every_card_has(1400)
    counts = recap(play(ses_mtu=1400))
    assert {name: (count["changed"], count["failed"]) for name, count in counts.items()} == dict.fromkeys(
        HOSTS, ("0", "0")
    )
