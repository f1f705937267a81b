# SPDX-License-Identifier: GPL-3.0-or-later
"""It is in force after a reboot without DNS and beside the host's other rules, which it never touches."""

from __future__ import annotations

from shlex import quote

import pytest
from conftest import SERVICE, TIMER
from testbed.engine import booted, run
from testbed.relay import RELAYS, until

testinfra_hosts = RELAYS
NFTABLES_CONF = """#!/usr/sbin/nft -f
flush ruleset
table inet filter {
  chain input { type filter hook input priority filter; policy accept; tcp dport 2222 drop; }
}
"""
BY_HAND = "table ip byhand { chain output { type filter hook output priority filter; tcp dport 2223 counter drop; }; }"


@pytest.fixture
def firewall(egress):
    """The user's own rules: a table in nftables.conf, loaded by its service, and one that was added by hand."""
    egress.host.check_output(f"printf '%s' {quote(NFTABLES_CONF)} > /etc/nftables.conf")
    # reset-failed: it may be started five times in ten seconds, and these tests do it more often.
    egress.host.check_output("systemctl reset-failed nftables; systemctl enable --now nftables")
    egress.host.check_output(f"nft {quote(BY_HAND)}")
    yield egress
    egress.host.check_output("systemctl disable --now nftables")


def others(host):
    """Every rule that is not the allowlist's."""
    tables = [line for line in host.check_output("nft list tables").splitlines() if "ses_egress" not in line]
    return [host.check_output(f"nft list {table}") for table in tables]


def test_a_reboot_without_dns_comes_up_with_the_last_list(firewall, egress, addresses):
    egress.move(*addresses[:3])
    egress.refresh()
    egress.endpoint.dns(servfail=True)
    container = egress.host.backend.name
    run("podman", "restart", "--time", "10", container)
    until("the host boots", lambda: booted(container))
    assert set(egress.members()) == set(addresses[:3])
    assert egress.opened(addresses[2])
    assert egress.refused(addresses[3])
    assert egress.host.service(TIMER).is_running
    assert egress.host.run("nft list table inet filter").rc == 0
    loaded, before_network = (
        int(egress.host.check_output(f"systemctl show --value -p ActiveEnterTimestampMonotonic {unit}"))
        for unit in (SERVICE, "network-pre.target")
    )
    assert 0 < loaded <= before_network


def test_nftables_service_leaves_it_in_force(firewall, addresses):
    # systemctl waits for nftables, and not for what follows it. The fixture has started it.
    until("it is in force after a start", firewall.in_force, deadline=5)
    for verb in ("restart", "reload"):
        firewall.host.check_output(f"systemctl {verb} nftables")
        until(f"it is in force after a {verb}", firewall.in_force, deadline=5)
    assert firewall.host.run("nft list table inet filter").rc == 0
    assert firewall.refused(addresses[1])
    assert firewall.opened(addresses[0])
    assert firewall.host.service(TIMER).is_running


def test_starts_of_nftables_in_a_row_leave_it_in_force(firewall):
    """The last one flushes what is loaded for the one before it, while that is still at it."""
    firewall.host.check_output(
        "for _ in 1 2 3 4 5 6 7 8; do systemctl restart nftables; systemctl reset-failed nftables; done"
    )
    until("it is in force after the last", firewall.in_force, deadline=5)


def test_it_touches_no_other_rule(firewall):
    before = others(firewall.host)
    assert len(before) == 2
    firewall.refresh()
    firewall.host.check_output(f"systemctl reload {SERVICE}")
    firewall.host.check_output(f"systemctl restart {SERVICE}")
    assert others(firewall.host) == before


def test_the_service_is_a_switch(egress, addresses):
    egress.host.check_output(f"systemctl stop {SERVICE}")
    assert not egress.in_force()
    assert egress.opened(addresses[1])
    assert not egress.host.service(TIMER).is_running
    egress.host.check_output(f"systemctl start {SERVICE}")
    assert egress.refused(addresses[1])
    assert egress.host.service(TIMER).is_running
