# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay in Postfix's terms."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._postfix.relay import in_postfix, postfix_faults
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import describe
from relay_variables import GOOD, LOAD_BALANCER

THREE = {
    "X-SES-TENANT": "acme",
    "X-SES-MESSAGE-TAGS": "a=b",
    "X-SES-LIST-MANAGEMENT-OPTIONS": "Customers; topic=News",
}


def postfix(**variables):
    return in_postfix(describe({**GOOD, **variables}, ["web1.corp.test"], None))


def table(name, **variables):
    return next(item for item in postfix(**variables).tables if item["name"] == name)


def test_the_row_of_awss_page_stands_beside_the_bare_name_and_the_next_hop():
    assert postfix().credential_keys == [
        "email-smtp.us-east-1.amazonaws.com",
        "[email-smtp.us-east-1.amazonaws.com]:587",
        LOAD_BALANCER,
        f"{LOAD_BALANCER}:25",
        f"{LOAD_BALANCER}:587",
    ]


def test_masquerade_rows_are_the_hosts_names_and_no_patterns():
    """A pattern would count before the host's own rows of users."""
    made = table("ses_senders", ses_masquerade_domain="example.com")
    assert made["type"] == "texthash"
    assert made["entries"]["@web1.corp.test"] == "@example.com"
    assert set(made["entries"].values()) == {"@example.com"}


def test_the_address_for_bounces_keeps_its_name_in_a_masquerade_domain():
    made = table("ses_senders", ses_masquerade_domain="example.com", ses_bounce_recipient="b@example.com")
    assert made["entries"]["b@example.com"] == "b@example.com"


def test_without_a_variable_there_is_no_table():
    assert {item["name"]: item["state"] for item in postfix().tables} == {
        "ses_senders": "absent",
        "ses_headers": "absent",
        "ses_replies": "present",
        "ses_bounces": "present",
        "ses_transport": "present",
        "ses_sender_transport": "present",
    }


def test_one_sender_replaces_every_address_but_the_null_sender():
    (pattern,) = table("ses_senders", ses_sender="a@example.com")["entries"]
    assert re.search(pattern[1:-1], "x@y")
    assert not re.search(pattern[1:-1], '""')


def test_the_address_for_bounces_keeps_its_name():
    rules = table("ses_senders", ses_sender="a@example.com", ses_bounce_recipient="b@example.com")["entries"]
    first, second = rules
    assert (first, rules[first]) == ("/^b@example\\.com$/", "b@example.com")
    assert rules[second] == "a@example.com"


def test_the_configuration_set_stands_once():
    assert table("ses_headers", ses_configuration_set="news")["entries"] == {
        "/^X-SES-CONFIGURATION-SET:/": "IGNORE",
        "/^From:/": "PREPEND X-SES-CONFIGURATION-SET: news",
    }


def test_each_of_sess_headers_has_a_header_of_its_own_to_stand_before():
    made = postfix(ses_headers=THREE)
    rules = next(item for item in made.tables if item["name"] == "ses_headers")["entries"]
    assert rules == {
        "/^X-SES-TENANT:/": "IGNORE",
        "/^X-SES-MESSAGE-TAGS:/": "IGNORE",
        "/^X-SES-LIST-MANAGEMENT-OPTIONS:/": "IGNORE",
        "/^From:/": "PREPEND X-SES-TENANT: acme",
        "/^Date:/": "PREPEND X-SES-MESSAGE-TAGS: a=b",
        "/^Message-ID:/": "PREPEND X-SES-LIST-MANAGEMENT-OPTIONS: Customers; topic=News",
    }
    assert made.relay_options["smtp_header_checks"] == ["regexp:/etc/postfix/ses_headers"]
    assert made.parameters["always_add_missing_headers"] is True
    assert "always_add_missing_headers" not in postfix(ses_headers={"X-SES-TENANT": "acme"}).parameters


def test_more_headers_than_postfix_can_add_are_refused():
    assert postfix_faults({"ses_headers": THREE}) == []
    (fault,) = postfix_faults({"ses_headers": THREE, "ses_configuration_set": "news"})
    assert fault.startswith("ses_headers and ses_configuration_set are 4 headers")
    assert "mailops.ses.sendmail" in fault


@pytest.mark.parametrize(
    ("bounce_recipient", "recipient", "becomes"),
    [
        ("root", "someone@example.net", "root@ses-bounce.invalid"),
        ("ops", "someone@example.net", "ops@ses-bounce.invalid"),
        ("ops", "ops@ses-bounce.invalid", None),
        ("ops@example.com", "x@example.net", "root@ses-bounce.invalid, forward@ses-bounce.invalid"),
        ("ops@example.com", "ops@example.com", "root@ses-bounce.invalid"),
        ("ops@example.com", "forward@ses-bounce.invalid", None),
    ],
)
def test_null_senders_mail_has_somewhere_to_go_and_never_loops(bounce_recipient, recipient, becomes):
    rules = table("ses_bounces", ses_bounce_recipient=bounce_recipient)["entries"]
    results = []
    for pattern, result in rules.items():
        matches = bool(re.search(pattern.lstrip("!")[1:-1], recipient))
        if matches != pattern.startswith("!"):
            results.append(result)
    assert (results or [None])[0] == becomes


def test_the_address_outside_gets_its_mail_from_itself():
    aliases = postfix(ses_bounce_recipient="ops@example.com").bounce_aliases
    assert aliases == "inline:{ {forward = ops@example.com} {owner-forward = ops@example.com} }"
    assert postfix().bounce_aliases == ""


def test_every_way_begins_tls_as_the_first_does():
    ways = [{"ses_port": "2587"}, {"ses_port": "2465"}]
    assert postfix_faults({"ses_port": "587"}) == postfix_faults({"ses_port": 587, "ses_fallback": ways[:1]}) == []
    (fault,) = postfix_faults({"ses_port": "25", "ses_fallback": ways})
    assert fault.startswith("ses_fallback[1].port '2465' begins TLS in another way than ses_port '25'")
    assert fault.endswith("use 25, 587, 2587.")
    assert postfix_faults({"ses_port": "465", "ses_fallback": ways})[0].endswith("use 465, 2465.")
