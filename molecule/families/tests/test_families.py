# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that other scenarios do not have: each is what it is here for, and a relay like any other."""

from __future__ import annotations

from testbed.relay import relays

# The version of the MTA that a host is here for.
VERSIONS = {"debian11": "3.5.", "debian11s": "8.15.", "debian12lmdb": "3.7.", "debian13cdb": "3.10."}
testinfra_hosts = relays(*VERSIONS)


def test_it_is_what_it_is_here_for(relay):
    assert relay.host.package(relay.mta.package).version.startswith(VERSIONS[relay.name])
