# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether mail meets a service on its way."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way

NAME = "email-smtp.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("stop", "service", "meets"),
    [
        ("[127.0.0.1]:10024", "127.0.0.1:10024", True),
        ("localhost:10024", "::1:10024", True),
        ("[127.0.0.1]:10024", "127.0.0.1:10025", False),
        ("[127.0.0.1]:10024", "127.0.0.1", True),  # words without a port
        ("[::1]:10024", "::1", True),
        ("[127.0.0.1]:amavis", "127.0.0.1:10024", True),
        (NAME, "127.0.0.1:10024", False),
        ("[192.0.2.1]:10024", "127.0.0.1:10024", False),
        ("unix:/run/scan.sock", "/run/scan.sock", True),
        ("unix:private/scan", "private/scan", True),
        ("unix:private/scan", "private/dovecot-lmtp", False),
        ("[127.0.0.1]:10024", "private/dovecot-lmtp", False),
        ("${my_filter}", "127.0.0.1:10024", True),
        ("", "127.0.0.1:10024", False),
    ],
)
def test_whether_mail_meets_a_service(stop, service, meets):
    assert Way(None, (stop,)).leads_over(service) is meets


def test_a_tunnel_to_the_relay_is_met_too():
    assert Way("127.0.0.1").leads_over("127.0.0.1:2525")
    assert not Way(None).leads_over("127.0.0.1:2525")
