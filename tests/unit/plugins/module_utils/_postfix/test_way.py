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


SMTP = "smtp unix - - y - - smtp\n"
LOGS_IN = {
    "relayhost": f"[{NAME}]:587",
    "default_transport": "smtp",
    "smtp_sasl_auth_enable": "yes",
    "smtp_sasl_password_maps": "hash:/etc/postfix/sasl_passwd",
    "smtp_tls_security_level": "encrypt",
}
OURS = f"""\
ses-relay unix - - n - - smtp
  -o smtp_tls_security_level=secure
  -o smtp_sasl_auth_enable=yes
  -o smtp_sasl_password_maps=$ses_relay_password_maps
{SMTP}"""
BARE = {"default_transport": "ses-relay:$relayhost", "ses_relay_password_maps": "texthash:/etc/postfix/ses_sasl_passwd"}


def way(values, master_cf=SMTP, sources=None, keys=b""):
    """The way where each table of log-ins has these bytes, None for one that cannot be read."""
    values = {**values, "default_transport": values["default_transport"].replace("$relayhost", f"[{NAME}]:587")}
    held = lambda _kind, _path, key: None if keys is None else bool(key.search(keys))  # noqa: E731
    return of_postfix(values, master_cf, lambda path: (sources or {}).get(path, ""), held)


@pytest.mark.parametrize(
    ("values", "master_cf", "keys", "logs_in"),
    [
        (LOGS_IN, SMTP, f"\x01[{NAME}]:587\0".encode(), True),
        (LOGS_IN, SMTP, NAME.encode(), True),
        (LOGS_IN, SMTP, b"relay.partner.example", False),
        (LOGS_IN, SMTP, f"vpce-1.{NAME}".encode(), False),
        (LOGS_IN, SMTP, f"{NAME}.example".encode(), False),
        (LOGS_IN, SMTP, None, None),  # a table that only root reads
        (LOGS_IN, "", NAME.encode(), None),
        ({**LOGS_IN, "smtp_sasl_auth_enable": "no"}, SMTP, NAME.encode(), False),
        ({**LOGS_IN, "smtp_sasl_password_maps": ""}, SMTP, NAME.encode(), False),
        ({**LOGS_IN, "smtp_sasl_password_maps": "static:user:word"}, SMTP, b"", True),
        ({**LOGS_IN, "smtp_sasl_password_maps": f"inline:{{ {{[{NAME}]:587=user:word}} }}"}, SMTP, b"", True),
        ({**LOGS_IN, "smtp_sasl_password_maps": "inline:{ {relay.partner.example=u:w} }"}, SMTP, b"", False),
        ({**LOGS_IN, "smtp_sasl_password_maps": "ldap:/etc/postfix/ldap.cf"}, SMTP, b"", None),
        ({**LOGS_IN, "smtp_tls_security_level": ""}, SMTP, NAME.encode(), False),  # SES offers a log-in in TLS alone
        ({**LOGS_IN, "smtp_tls_security_level": "", "smtp_use_tls": "yes"}, SMTP, NAME.encode(), True),
        ({**LOGS_IN, "default_transport": "ses-relay"}, OURS, NAME.encode(), False),  # its own table has no name
        ({**LOGS_IN, **BARE}, OURS, NAME.encode(), True),
        (BARE, OURS, NAME.encode(), True),
        ({**BARE, "default_transport": "smtp:$relayhost"}, OURS, NAME.encode(), False),
    ],
)
def test_the_client_that_the_mail_takes_has_a_log_in_for_its_next_hop_or_not(values, master_cf, keys, logs_in):
    assert way(values, master_cf, keys=keys) == Way(NAME, (), logs_in)


@pytest.mark.parametrize(
    ("maps", "source", "host"),
    [
        ("hash:/t", "* smtp:[hub.corp.example]\n", "hub.corp.example"),
        ("hash:/t", f"partner.example smtp:[hub.corp.example]\n* :[{NAME}]:2587\n", NAME),
        ("hash:/t", "* :\n", NAME),
        ("hash:/t", "* smtp:\n", None),  # to the recipients' own servers
        ("hash:/t", "* error:no mail leaves\n", None),
        ("hash:/t", "partner.example smtp:[hub.corp.example]\n", NAME),
        ("regexp:/t", "/@partner\\.example$/ smtp:[a]\n/./ smtp:[hub.corp.example]\n", "hub.corp.example"),
        ("regexp:/t", "!/@corp\\.example$/ smtp:[hub.corp.example]\n", "hub.corp.example"),
        ("regexp:/t", "/[^ -~]/ error:5.6.7 no\n/[[/ smtp:[a]\n", NAME),
        ("static:smtp:[hub.corp.example]", "", "hub.corp.example"),
        ("inline:{ {*=smtp:[hub.corp.example]} }", "", "hub.corp.example"),
        ("ldap:/t", "* smtp:[hub.corp.example]\n", NAME),
    ],
)
def test_a_row_that_means_every_address_leads_mail_elsewhere(maps, source, host):
    found = way({**LOGS_IN, "transport_maps": maps}, sources={"/t": source}, keys=NAME.encode())
    assert found == Way(host, (), True if host == NAME else False if host else None)


@pytest.mark.parametrize(
    ("name", "value", "host"),
    [
        ("sender_dependent_default_transport_maps", "static:smtp:[hub.corp.example]", "hub.corp.example"),
        ("sender_dependent_relayhost_maps", "static:[hub.corp.example]", "hub.corp.example"),
        ("sender_dependent_relayhost_maps", "static:DUNNO", NAME),
        ("sender_dependent_default_transport_maps", "regexp:/etc/postfix/ses_sender_transport", NAME),
    ],
)
def test_a_table_by_sender_that_answers_for_everybody_leads_mail_elsewhere(name, value, host):
    sources = {"/etc/postfix/ses_sender_transport": "/^<>$/ ses-bounce:[127.0.0.25]:24\n/[^ -~]/ error:5.6.7 no\n"}
    assert way({**LOGS_IN, name: value}, sources=sources, keys=NAME.encode()).host == host
