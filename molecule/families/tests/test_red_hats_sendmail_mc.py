# SPDX-License-Identifier: GPL-3.0-or-later
"""What Red Hat's sendmail.mc has and Debian's does not, on the Sendmail that is here."""

from __future__ import annotations

import pytest
from testbed.relay import relays

testinfra_hosts = relays("debian11s")
MC = "/etc/mail/sendmail.mc"


@pytest.fixture
def exempt(relay):
    """A host whose distribution exempts root from masquerading."""
    relay.host.check_output(
        f"cp -p {MC} /etc/mail/saved.mc; sed -i '/^MAILER_DEFINITIONS/i EXPOSED_USER(`root'\"'\"')dnl' {MC}"
    )
    relay.converge(ses_masquerade_domain="example.com")
    yield
    relay.host.check_output(f"mv /etc/mail/saved.mc {MC}; touch {MC}")


def test_nobody_is_exempt_from_masquerading(relay, endpoint, exempt):
    for sender in ("root", f"root@{relay.hostname}"):
        _, message = relay.arrived(endpoint, relay.send(sender=sender))
        assert message["from"] == "root@example.com"
        assert [value for key, value in message["headers"] if key == "From"] == ["root@example.com"]
