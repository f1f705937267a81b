# SPDX-License-Identifier: GPL-3.0-or-later
"""Impostors on a TLS wrapper port, which only Postfix can use."""

from __future__ import annotations

import pytest
from testbed.impostors import IMPOSTORS, see_mail_wait
from testbed.relay import ALL_RELAYS, Relay

testinfra_hosts = ALL_RELAYS


@pytest.fixture(scope="module", autouse=True)
def wrapped(host, layout):
    """The host on such a port."""
    Relay(host, layout).settle(ses_port=465)


@pytest.mark.parametrize("impostor", [name for name in IMPOSTORS if name != "STARTTLS stripped"])
def test_an_impostor_gets_nothing_and_the_mail_waits(relay, quiet, impostor):
    assert relay.mta.port() == 465
    see_mail_wait(relay, quiet, impostor)
