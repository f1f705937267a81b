# SPDX-License-Identifier: GPL-3.0-or-later
"""The ses_* variables: what is refused, and what the relay becomes."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import describe, own_names
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import (
    SECRET_CHECKS,
    credential_faults,
    typed,
)
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import faults as faults_of
from hypothesis import given
from hypothesis import strategies as st
from relay_variables import GOOD, LOAD_BALANCER, PASSWORD, SECRET

INFINITY, NAN = float("inf"), float("nan")
HOSTILE = ["a\nb", "a\rb", "a b", "a$b", "a#b", 'a"b', "a'b", "a:b", "ä", "a\x00b", "${mail_owner}", " a", "a ", ""]
ARN = "arn:aws:ses:us-east-1:123456789012:identity/example.com"
WRONG_HEADERS = [
    ("X-SES-TENANT", "a b", "tenant's name"),
    ("X-SES-TENANT", "a" * 65, "tenant's name"),
    ("X-SES-TENANT", "acme\nBcc: x@example.com", "tenant's name"),
    ("X-SES-TENANT", "", "tenant's name"),
    ("X-SES-TENANT", "********", "secret"),
    ("X-SES-MESSAGE-TAGS", "campaign", "tags"),
    ("X-SES-MESSAGE-TAGS", "a=b,", "tags"),
    ("X-SES-MESSAGE-TAGS", ", ".join(["a=b"] * 200), "900"),
    ("X-SES-SOURCE-ARN", "example.com", "ARN"),
    ("X-SES-FROM-ARN", ARN.replace(":ses:", ":sns:"), "ARN"),
    ("X-SES-RETURN-PATH-ARN", ARN + "$x", "ARN"),
    ("X-SES-LIST-MANAGEMENT-OPTIONS", "Customers; subject=News", "topic"),
    ("X-SES-CONFIGURATION-SET", "news", "ses_configuration_set"),
    ("Bcc", "x@example.com", "X-SES-TENANT"),
]


def relay(host_names=("web1.corp.test",), canonical=None, **variables):
    return describe({**GOOD, **variables}, list(host_names), canonical)


def faults(variables):
    """Of variables as a user sets them, the secrets among them."""
    others = {name: value for name, value in variables.items() if name not in SECRET_CHECKS}
    return faults_of(others, credential_faults(variables))


@pytest.mark.parametrize(
    ("variables", "name", "word"),
    [
        ({"ses_region": None}, "ses_region", "not set"),
        ({"ses_region": "us-east1"}, "ses_region", "region"),
        ({"ses_region": "US-EAST-1"}, "ses_region", "lower"),
        ({"ses_endpoint": "https://email-smtp.us-east-1.amazonaws.com"}, "ses_endpoint", "name"),
        ({"ses_port": "26"}, "ses_port", "587"),
        ({"ses_port": "smtp"}, "ses_port", "auto"),
        ({"ses_smtp_username": None}, "ses_smtp_username", "not set"),
        ({"ses_smtp_username": ""}, "ses_smtp_username", "empty"),
        ({"ses_smtp_username": "AKIA\nX"}, "ses_smtp_username", "line"),
        ({"ses_smtp_username": "ASIAIOSFODNN7EXAMPLE"}, "ses_smtp_username", "temporary"),
        ({"ses_smtp_password": None}, "ses_smtp_password", "not set"),
        ({"ses_smtp_password": ""}, "ses_smtp_password", "not set"),
        ({"ses_smtp_password": " "}, "ses_smtp_password", "empty"),
        *(
            ({"ses_smtp_password": value}, "ses_smtp_password", "quotes")
            for value in (587, 0, True, 1.5, [1], {"a": 1})
        ),
        ({"ses_smtp_password": PASSWORD + "\n"}, "ses_smtp_password", "line"),
        ({"ses_smtp_password": SECRET}, "ses_smtp_password", "smtp_password"),
        ({"ses_masquerade_domain": "example"}, "ses_masquerade_domain", "domain"),
        ({"ses_masquerade_domain": "exa mple.com"}, "ses_masquerade_domain", ""),
        ({"ses_masquerade_domain": "@example.com"}, "ses_masquerade_domain", ""),
        ({"ses_sender": "example.com"}, "ses_sender", "local-part@domain"),
        ({"ses_configuration_set": "a b"}, "ses_configuration_set", "64"),
        *(({"ses_headers": {name: value}}, "ses_headers", word) for name, value, word in WRONG_HEADERS),
        ({"ses_bounce_recipient": "ops@"}, "ses_bounce_recipient", ""),
        ({"ses_bounce_recipient": "a@b.test", "ses_sender": "a@b.test"}, "ses_bounce_recipient", "ses_sender"),
        ({"ses_hostname_aliases": ["ok.example.com", "not ok"]}, "ses_hostname_aliases", "not ok"),
        ({"ses_connection_max_messages": 0}, "ses_connection_max_messages", "1"),
        ({"ses_connection_max_seconds": 0}, "ses_connection_max_seconds", "1"),
        ({"ses_max_connections": -1}, "ses_max_connections", "1"),
        *(({"ses_max_rate": rate}, "ses_max_rate", "0.1 to 500") for rate in (0, 0.05, -1, 501.0)),
        ({"ses_replace_mta_timeout": 0}, "ses_replace_mta_timeout", "1"),
        ({"ses_replace_mta_timeout": 86401}, "ses_replace_mta_timeout", "86400"),
        ({"ses_tls_ca_file": "ca.pem"}, "ses_tls_ca_file", "absolute"),
        (
            {
                "ses_smtp_password": None,
                "ses_secret_access_key": SECRET,
                "ses_region": None,
                "ses_endpoint": "smtp.test",
            },
            "ses_region",
            "derived",
        ),
    ],
)
def test_a_fault_names_its_variable_and_the_remedy(variables, name, word):
    (sentence,) = faults({**GOOD, **variables})
    assert sentence.startswith(name)
    assert word in sentence


@pytest.mark.parametrize(
    "name",
    [
        *("ses_region", "ses_endpoint", "ses_port", "ses_smtp_username", "ses_smtp_password", "ses_masquerade_domain"),
        *("ses_sender", "ses_configuration_set", "ses_tls_ca_file", "ses_secret_access_key", "ses_bounce_recipient"),
    ],
)
@pytest.mark.parametrize("value", ["a\nrelayhost = evil", "a\rb", "a\x00b", "\nroot: x", "ä\n"])
def test_no_line_break_passes_any_variable(name, value):
    assert any(sentence.startswith(name) for sentence in faults({**GOOD, name: value}))


@pytest.mark.parametrize(
    "name",
    [
        *("ses_endpoint", "ses_masquerade_domain", "ses_configuration_set", "ses_tls_ca_file"),
        *("ses_sender", "ses_bounce_recipient", "ses_hostname_aliases"),
    ],
)
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_refused(name, value):
    if name == "ses_tls_ca_file":
        value = f"/{value}" if value not in ("", "a:b") else "x"
    given = [value] if name == "ses_hostname_aliases" else value
    assert any(sentence.startswith(name) for sentence in faults({**GOOD, name: given}))


@pytest.mark.parametrize("name", ["ses_sender", "ses_bounce_recipient"])
@pytest.mark.parametrize(
    "value", ["|id@example.com", "/tmp/x@example.com", "a}b@example.com", "-f@example.com", "a|b@c.test"]
)
def test_no_address_is_a_command_a_file_or_an_option(name, value):
    assert any(sentence.startswith(name) for sentence in faults({**GOOD, name: value}))


@given(st.text(max_size=60))
def test_a_secret_never_shows_in_its_fault(value):
    for name in ("ses_smtp_password", "ses_secret_access_key"):
        for sentence in faults({**GOOD, name: f"{value}\nqX7"}):
            assert "qX7" not in sentence


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        *(("ses_max_connections", value, 7) for value in (7, "7", " 7 ", 7.0)),
        ("ses_max_connections", -7, -7),
        *(("ses_port", value, "587") for value in (587, "587")),
        *(("ses_hostname_aliases", value, ["a.test", "b.test"]) for value in ("a.test, b.test", ["a.test", "b.test"])),
        *(("ses_verify_not", value, None) for value in (1, "x")),
        *(("ses_max_connections", value, None) for value in (True, False, 1.5, INFINITY, -INFINITY, NAN, "1e1", "0x7")),
        *(("ses_max_connections", value, None) for value in ("", "٣", "9" * 5000, [7], {"a": 7}, None)),
        *(("ses_max_rate", value, 2.5) for value in (2.5, "2.5", " 2.50 ")),
        *(
            ("ses_max_rate", value, None)
            for value in (True, INFINITY, -INFINITY, NAN, "1e1", "٣", "fast", 10**300, [1], {})
        ),
        *(("ses_configuration_set", value, None) for value in (True, 1.1, ["a"], {"a": "b"}, INFINITY)),
        *(("ses_headers", value, None) for value in (7, "x", [1], {"a": True}, {"a": None}, {"a": "b", "A": "b"})),
        ("ses_headers", "X-SES-TENANT=acme", {"X-SES-TENANT": "acme"}),
        ("ses_headers", {"X-SES-TENANT": 7}, {"X-SES-TENANT": "7"}),
        *(("ses_hostname_aliases", value, None) for value in (7, True, [True], [None], [["a"]], {"a": "b"}, 1.5)),
        *(("ses_replace_mta", value, None) for value in ("maybe", 2, [True], NAN, INFINITY)),
        *(("ses_replace_mta", value, True) for value in ("yes", 1, True)),
    ],
)
def test_a_value_is_of_its_variables_type_or_refused_in_one_sentence(name, value, read):
    values, refused = typed({name: value})
    assert values == ({name: read} if read is not None else {})
    assert list(refused) == ([name] if read is None else [])
    assert all(sentence.startswith(name) and len(sentence) < 150 for sentence in refused.values())


@pytest.mark.parametrize("name", ["ses_region", "ses_smtp_username"])
def test_of_what_is_refused_for_its_type_nothing_says_that_it_is_not_set(name):
    given = {variable: value for variable, value in GOOD.items() if variable != name}
    assert faults_of(given, {"ses_secret_access_key": ""}, {name: "…"}) == []


def test_every_fault_is_told_at_once():
    found = faults({**GOOD, "ses_region": "us-east1", "ses_port": "1", "ses_smtp_username": ""})
    assert [fault.split()[0] for fault in found] == ["ses_region", "ses_port", "ses_smtp_username"]


def test_the_region_gives_the_endpoint():
    assert relay().endpoint == "email-smtp.us-east-1.amazonaws.com"
    assert (
        relay(ses_endpoint="email-smtp-fips.us-west-2.amazonaws.com").endpoint
        == "email-smtp-fips.us-west-2.amazonaws.com"
    )


def test_sess_headers_have_one_order_and_one_spelling():
    made = relay(ses_headers={"x-ses-source-arn": ARN, "X-SES-TENANT": "acme"}, ses_configuration_set="news")
    assert list(made.headers.items()) == [
        ("X-SES-CONFIGURATION-SET", "news"),
        ("X-SES-TENANT", "acme"),
        ("X-SES-SOURCE-ARN", ARN),
    ]
    assert relay().headers == {}


@pytest.mark.parametrize(
    ("rate", "connections"), [(None, 10), (0.1, 1), (0.5, 2), (1, 4), (2.4, 9), (14, 10), (500, 10)]
)
def test_with_a_rate_there_are_no_more_connections_than_have_their_turn_soon(rate, connections):
    assert relay(ses_max_rate=rate).connections == connections


def test_auto_means_all_ports_in_the_order_of_preference():
    assert relay(ses_port="auto").ports == [587, 2587, 465, 2465, 25]


@pytest.mark.parametrize(
    ("variables", "canonical", "names"),
    [
        ({}, None, [LOAD_BALANCER]),
        ({}, LOAD_BALANCER, [LOAD_BALANCER]),
        ({}, "new.us-east-1.elb.amazonaws.com", [LOAD_BALANCER, "new.us-east-1.elb.amazonaws.com"]),
        ({"ses_region": "eu-north-1"}, "lb.eu-north-1.elb.amazonaws.com", ["lb.eu-north-1.elb.amazonaws.com"]),
        ({"ses_hostname_fix": False}, "new.us-east-1.elb.amazonaws.com", []),
        ({"ses_hostname_fix": False, "ses_hostname_aliases": ["a.test"]}, None, ["a.test"]),
    ],
)
def test_credentials_have_rows_for_the_canonical_names(variables, canonical, names):
    made = relay(canonical=canonical, **variables)
    assert made.credential_names == [made.endpoint, *names]


def test_senders_in_the_hosts_names_become_the_domains():
    rewrites = relay(["web1", "web1.corp.test"], ses_masquerade_domain="example.com").sender_rewrites
    assert set(rewrites.values()) == {"@example.com"}
    assert {"@web1", "@web1.localdomain", "@web1.corp.test", "@localhost"} <= set(rewrites)


def test_one_sender_goes_before_the_domain():
    made = relay(ses_masquerade_domain="example.com", ses_sender="ops@example.org")
    assert made.sender_rewrites == {"*": "ops@example.org"}


@pytest.mark.parametrize("variables", [{"ses_masquerade_domain": "example.com"}, {"ses_sender": "a@example.com"}])
def test_the_organisations_domain_is_not_local_even_where_the_host_bears_it(variables):
    made = relay(["example.com"], **variables)
    assert "example.com" not in made.local_names
    assert made.origin == "localhost.localdomain"


def test_a_bare_host_name_is_completed_as_postfix_does():
    assert own_names(["web1"]) == ["web1.localdomain", "web1", "localhost.localdomain", "localhost"]
