# SPDX-License-Identifier: GPL-3.0-or-later
"""Each ansible-core makes bare hosts relays, by modules that run on each Python, and all of them write the same."""

from __future__ import annotations

import re

import pytest
import testinfra
from conftest import TABLE
from testbed.relay import Relay

CONFIGURATION = {
    "postfix": "cd /etc/postfix && grep . main.cf master.cf ses_* && postmap -s hash:sasl_passwd | sort",
    "sendmail": "cd /etc/mail && grep . sendmail.mc sendmail.conf access && makemap -u hash authinfo.db | sort",
}


@pytest.fixture(scope="session")
def converged(core, fleet):
    """What the first and the second run printed."""
    fleet.renew()
    return fleet.converge(core), fleet.converge(core)


@pytest.fixture(scope="session")
def written():
    """What the first ansible-core of the table wrote, by host."""
    return {}


def test_a_mail_arrives(converged, fleet, endpoint, on):
    relay = Relay(testinfra.get_host(f"podman://{fleet.layout.container(on)}"), fleet.layout)
    session, _message = relay.arrived(endpoint, relay.send())
    assert session["user"] == "AKIATESTBEDUSEAST123"
    assert relay.mta.name == TABLE["hosts"][on]["mta"]


def test_a_second_run_changes_nothing(converged, on):
    assert re.search(rf"^{on} .* changed=0 ", converged[1], re.M)


def test_nothing_is_deprecated(converged):
    assert [
        line for text in converged for line in text.splitlines() if re.search("DEPRECAT|does not support", line)
    ] == []


def test_every_ansible_core_writes_the_same(converged, fleet, written, on):
    text = fleet.read(on, CONFIGURATION[TABLE["hosts"][on]["mta"]])
    assert text == written.setdefault(on, text)
