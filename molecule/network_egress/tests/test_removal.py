# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal leaves nothing of it, and everything else."""

from __future__ import annotations

from conftest import nothing_left
from testbed.relay import RELAYS

testinfra_hosts = RELAYS


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
