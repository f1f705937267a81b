# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that other scenarios do not have: each is what it is here for, and a relay like any other."""

from __future__ import annotations

from testbed.relay import relays

# The version of the MTA that a host is here for.
VERSIONS = {"debian11": "3.5.", "debian11s": "8.15.", "debian12lmdb": "3.7.", "debian13cdb": "3.10."}
testinfra_hosts = relays(*VERSIONS)


def test_it_is_what_it_is_here_for(relay):
    assert relay.host.package(relay.mta.package).version.startswith(VERSIONS[relay.name])


def test_a_mail_arrives(relay, endpoint):
    session, message = relay.arrived(endpoint, relay.send())
    assert session["tls"] in {"TLSv1.2", "TLSv1.3"}
    assert session["user"] == "AKIATESTBEDUSEAST123"
    assert not session["auth_in_clear"]
    assert message["from"] == "root@example.com"


def test_the_credentials_are_in_one_file_of_roots(relay):
    _user, password = relay.mta.credential(relay.mta.keys("email-smtp.us-east-1.amazonaws.com")[0])
    holders = relay.host.run(f"grep -rlF -- '{password}' /etc /var /root /tmp /run").stdout.split()
    assert len(holders) == 1
    assert holders[0] in relay.mta.credential_files()
    stat = relay.host.file(holders[0])
    assert (stat.user, stat.group, stat.mode) == ("root", "root", 0o600)
