# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay in Postfix's terms."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._relay import describe
from ansible_collections.mailops.ses.plugins.module_utils._relay_postfix import in_postfix
from relay_variables import GOOD, LOAD_BALANCER


def postfix(**variables):
    return in_postfix(describe({**GOOD, **variables}, ["web1.corp.test"], None))


def table(name, **variables):
    return next(item for item in postfix(**variables).tables if item["name"] == name)


def test_the_seeds_row_stands_beside_the_bare_name_and_the_next_hop():
    assert postfix().credential_keys == [
        "email-smtp.us-east-1.amazonaws.com",
        "[email-smtp.us-east-1.amazonaws.com]:587",
        LOAD_BALANCER,
        f"{LOAD_BALANCER}:25",
        f"{LOAD_BALANCER}:587",
    ]


@pytest.mark.parametrize(
    ("sender", "becomes"),
    [
        ("root@web1.corp.test", "root@example.com"),
        ("a.b+c@WEB1.corp.test", "a.b+c@example.com"),
        ("root@web1xcorp.test", None),
        ("root@mail.web1.corp.test", None),
        ("root@example.org", None),
    ],
)
def test_masquerade_rules_match_the_hosts_names_alone(sender, becomes):
    rules = table("ses_senders", ses_masquerade_domain="example.com")["entries"]
    results = []
    for pattern, result in rules.items():
        match = re.search(pattern[1:-1], sender, re.IGNORECASE)
        if match:
            results.append(result.replace("${1}", match.group(1)))
    assert results == ([becomes] if becomes else [])


def test_without_a_variable_there_is_no_table():
    assert {item["name"]: item["state"] for item in postfix().tables} == {
        "ses_senders": "absent",
        "ses_headers": "absent",
    }


def test_one_sender_replaces_every_address_but_the_null_sender():
    (pattern,) = table("ses_senders", ses_sender="a@example.com")["entries"]
    assert re.search(pattern[1:-1], "x@y")
    assert not re.search(pattern[1:-1], "")


def test_the_configuration_set_stands_once():
    assert table("ses_headers", ses_configuration_set="news")["entries"] == {
        "/^X-SES-CONFIGURATION-SET:/": "IGNORE",
        "/^From:/": "PREPEND X-SES-CONFIGURATION-SET: news",
    }
