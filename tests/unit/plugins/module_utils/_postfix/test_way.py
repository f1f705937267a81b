# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Postfix's configuration leads mail for other domains."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way
from ansible_collections.mailops.ses.plugins.module_utils._postfix.way import of_postfix

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
def test_the_next_hop_of_the_transport_comes_before_relayhost(transport, relayhost, host):
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
def test_filters_of_main_cf_and_master_cf_lie_on_the_way(value, master_cf, via):
    assert of_postfix({"content_filter": value, "default_transport": "smtp"}, master_cf) == Way(None, via)
