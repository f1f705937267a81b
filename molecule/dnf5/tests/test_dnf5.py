# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with dnf 5: an MTA is fetched, comes and goes by it."""

from __future__ import annotations

import pytest
from testbed.layout import Layout
from testbed.relay import Relay, relays

testinfra_hosts = relays("sayfedora44")


def test_it_is_what_it_is_here_for(relay):
    assert relay.host.check_output("dnf --version").startswith("dnf5 version 5.")
    assert not relay.host.exists("dpkg-query")


@pytest.mark.parametrize("mta", ["sendmail", "postfix"])
def test_an_mta_takes_the_others_place(host, endpoint, mta):
    relay = Relay(host, Layout.load())
    done = relay.converge(ses_mta=mta, ses_replace_mta=True, ses_masquerade_domain="example.com")
    assert "--downloadonly" in done.stdout
    successor = Relay(host, Layout.load())
    assert successor.mta.name == mta
    assert host.run(f"rpm -q {relay.mta.package}").rc == 1
    successor.arrived(endpoint, successor.send())
