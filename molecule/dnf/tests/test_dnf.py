# SPDX-License-Identifier: GPL-3.0-or-later
"""dnf's way."""

from __future__ import annotations

from testbed.relay import relays

testinfra_hosts = relays("sayrocky9")


def test_a_mail_arrives(relay, endpoint):
    _, message = relay.arrived(endpoint, relay.send())
    assert message["from"] == "root@example.com"
