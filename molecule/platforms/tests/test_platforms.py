# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has to be, whatever its system: a mail arrives as it should, and the credentials are root's alone."""

from __future__ import annotations

import os

import yaml
from testbed.relay import INVENTORY, relays

GROUPS = yaml.safe_load(INVENTORY.read_text())["all"]["children"]["others"]["children"]
testinfra_hosts = relays(*GROUPS[os.environ["MOLECULE_SCENARIO_NAME"]]["hosts"])


def test_a_mail_arrives(relay, endpoint):
    session, message = relay.arrived(endpoint, relay.send())
    assert session["tls"] in {"TLSv1.2", "TLSv1.3"}
    assert session["user"] == "AKIATESTBEDUSEAST123"
    assert not session["auth_in_clear"]
    assert message["from"] == "root@example.com"


def test_the_credentials_are_in_one_file_of_roots(relay):
    _user, password = relay.mta.credential(relay.mta.keys("email-smtp.us-east-1.amazonaws.com")[0])
    holders = relay.host.run(f"grep -rlF -- '{password}' /etc /var /root /tmp /run").stdout.split()
    assert 1 <= len(holders) <= relay.mta.copies
    assert set(holders) <= set(relay.mta.credential_files())
    for holder in holders:
        stat = relay.host.file(holder)
        assert (stat.user, stat.group, stat.mode) == ("root", "root", 0o600)
