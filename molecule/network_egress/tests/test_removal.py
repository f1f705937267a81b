# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal leaves nothing of it, and everything else."""

from __future__ import annotations

from conftest import nothing_left
from testbed.relay import RELAYS

testinfra_hosts = RELAYS


def test_without_nft_nothing_is_removed_and_the_list_stays_fresh(egress, addresses):
    """The table would stay in the kernel, and refuse all mail when its addresses have expired."""
    egress.host.check_output("mv /usr/sbin/nft /usr/sbin/nft.off")
    try:
        done = egress.play(ses_egress_allowlist="absent")
    finally:
        egress.host.check_output("mv /usr/sbin/nft.off /usr/sbin/nft")
    assert done.returncode != 0
    assert "nft is missing, so the table cannot be removed; install nftables again, then repeat" in done.stdout
    assert "changed=0" in egress.converge()
    assert egress.refused(addresses[1])


def test_removal_removes_all_of_it_and_nothing_else(egress, addresses):
    egress.host.check_output("nft 'table ip byhand { chain output { type filter hook output priority filter; }; }'")
    done = egress.play(ses_egress_allowlist="absent")
    assert "changed=1" in done.stdout.partition("PLAY RECAP")[2]
    # No distribution is too unknown for it.
    assert "Load what differs between distributions" not in done.stdout
    assert nothing_left(egress.host)
    assert egress.opened(addresses[1])
    assert egress.host.check_output("nft list tables && nft delete table ip byhand") == "table ip byhand"
    assert "changed=1" in egress.converge()
    assert egress.refused(addresses[1])
