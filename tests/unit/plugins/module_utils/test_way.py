# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an MTA's configuration leads mail for other domains."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._way import Way, of_postfix, of_sendmail

NAME = "email-smtp.us-east-1.amazonaws.com"
FILTERED = """\
smtp inet n - y - - smtpd
  -o content_filter=scan:[127.0.0.1]:10024
pickup unix n - y 60 1 pickup
  -o content_filter=
"""


@pytest.mark.parametrize(
    ("transport", "relayhost", "host"),
    [
        ("smtp", "", None),
        ("smtp", f"[{NAME}]:587", NAME),
        ("smtp", NAME, NAME),
        ("smtp", f"{NAME}:submission", NAME),
        (f"ses-relay:[{NAME}]:587", "[hub.corp.example]", NAME),  # the next hop of the transport comes first
        ("ses-relay:", f"[{NAME}]", NAME),
        ("smtp:[2001:db8::1]:25", "", "2001:db8::1"),
        ("smtp:inet:hub.corp.example:25", "", "hub.corp.example"),
        ("discard", f"[{NAME}]", None),
        ("error:no mail leaves", f"[{NAME}]", None),
    ],
)
def test_postfix(transport, relayhost, host):
    assert of_postfix({"default_transport": transport, "relayhost": relayhost}, "") == Way(host)


@pytest.mark.parametrize(
    ("value", "master_cf", "via"),
    [
        ("", "", ()),
        ("smtp-amavis:[127.0.0.1]:10024", "", ("[127.0.0.1]:10024",)),
        ("spamassassin", "", ()),  # a command, which has no address
        ("scan:", "", ()),
        ("", FILTERED, ("[127.0.0.1]:10024",)),
        ("scan:[127.0.0.1]:10024", FILTERED, ("[127.0.0.1]:10024",)),
        ("lmtp:unix:private/scan", FILTERED, ("unix:private/scan", "[127.0.0.1]:10024")),
    ],
)
def test_filters_of_postfix(value, master_cf, via):
    assert of_postfix({"content_filter": value, "default_transport": "smtp"}, master_cf) == Way(None, via)


@pytest.mark.parametrize(
    ("cf", "way"),
    [
        ("", None),
        ("O LogLevel=9\nDSold\n# DSno\nDS\n", Way(None)),
        (f"DS{NAME}\n", Way(NAME)),
        (f"DS[{NAME}]\n", Way(NAME)),
        (f"DSses_relay:{NAME}\n", Way(NAME)),
        (f"DSesmtp:[{NAME}]\n", Way(NAME)),
        ("DS[IPv6:2001:db8::1]\n", Way("IPv6:2001:db8::1")),
    ],
)
def test_sendmail(cf, way):
    assert of_sendmail(cf) == way


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
