# SPDX-License-Identifier: GPL-3.0-or-later
"""ses_fallback: what an entry means, which credentials it has, and what is wrong with one, without a secret."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import (
    FormError,
    apart,
    foreign_arns,
    secrets_of,
    ways,
)
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import further
from relay_variables import GOOD, PASSWORD, SECRET

BY_PASSWORD = {"ses_smtp_password": ""}  # of the first way, without a fault
BY_KEY = {"ses_secret_access_key": ""}
IRELAND = "email-smtp.eu-west-1.amazonaws.com"


def judged(given, credentials=BY_PASSWORD, **variables):
    """The ways, and what is wrong."""
    entries, _secrets, faults = apart(given)
    return ways(entries, {**GOOD, "ses_smtp_password": None, **variables}, {**credentials, **faults})


def sound(given, credentials=BY_PASSWORD, **variables):
    """The ways of a list without fault."""
    found, faults = judged(given, credentials, **variables)
    assert faults == []
    return found


def fault_of(given, credentials=BY_PASSWORD, **variables):
    """The one thing that is wrong with it."""
    (fault,) = judged(given, credentials, **variables)[1]
    return fault


def test_without_the_variable_there_is_one_way():
    assert apart(None) == apart("") == apart([]) == ([], [], {})


def test_an_entry_has_its_own_region_and_the_firsts_user():
    (way,) = sound([{"region": "eu-west-1", "smtp_password": PASSWORD}])
    found = further(way, None)
    assert (found.endpoint, found.port, found.username) == (IRELAND, 587, GOOD["ses_smtp_username"])


def test_an_entry_may_have_a_user_an_endpoint_and_a_port_of_its_own():
    entry = {"endpoint": "smtp.example.com", "port": 2587, "smtp_username": "AKIAI44QH8DHBEXAMPLE"}
    (way,) = sound([{**entry, "smtp_password": PASSWORD}])
    found = further(way, None)
    assert (found.endpoint, found.port, found.username) == ("smtp.example.com", 2587, "AKIAI44QH8DHBEXAMPLE")


def test_a_port_alone_is_another_port_of_the_first_endpoint():
    (way,) = sound([{"port": 2587}])
    assert further(way, None).endpoint == "email-smtp.us-east-1.amazonaws.com"
    assert secrets_of(way, {}, GOOD, {"ses_smtp_password": PASSWORD})["ses_smtp_password"] == PASSWORD


def test_secrets_are_taken_out_and_those_with_a_fault_are_not_kept():
    given = [{"region": "eu-west-1", "smtp_password": PASSWORD}, {"region": "us-west-2", "smtp_password": "a b" * 9}]
    entries, secrets, faults = apart(given)
    assert PASSWORD not in str(entries)
    assert secrets == [{"smtp_password": PASSWORD}, {}]
    assert faults["ses_fallback[0].smtp_password"] == ""
    assert "space" in faults["ses_fallback[1].smtp_password"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("eu-west-1", "ses_fallback is no list; give one entry"),
        ({"region": "eu-west-1"}, "ses_fallback is no list; give one entry"),
        (["AKIA:hunter2hunter2"], "ses_fallback[0] is no entry; write it like"),
        ([{"region": "eu-west-1", "smtp_pasword": "hunter2hunter2"}], "ses_fallback[0].smtp_pasword is unknown;"),
    ],
)
def test_what_is_no_list_of_entries_is_refused_without_its_values(given, words):
    with pytest.raises(FormError) as refused:
        apart(given)
    assert str(refused.value).startswith(words)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([{"region": "eu-west1"}], "ses_fallback[0].region 'eu-west1' lacks a hyphen"),
        ([{"region": True}], "ses_fallback[0].region True is no text"),
        ([{"endpoint": "https://x.example.com"}], "ses_fallback[0].endpoint 'https://x.example.com' is a URL"),
        ([{"region": "eu-west-1", "port": 26}], "ses_fallback[0].port 26 is no port of SES"),
        ([{"region": "eu-west-1", "port": "auto"}], "ses_fallback[0].port 'auto' is no port; name one"),
        ([{"region": "eu-west-1", "smtp_username": "ASIAIOSFODNN7EXAMPLE"}], "ses_fallback[0].smtp_username is a temp"),
        ([{}], "ses_fallback[0] (email-smtp.us-east-1.amazonaws.com, port 587) is there already"),
        (
            [{"port": 2587}, {"port": "2587"}],
            "ses_fallback[1] (email-smtp.us-east-1.amazonaws.com, port 2587) is there",
        ),
        ([{"port": 2587, "smtp_password": PASSWORD}], "ses_fallback[0].smtp_password is set, and email-smtp.us-east-1"),
        ([{"port": 2587, "smtp_username": "AKIAI44QH8DHBEXAMPLE"}], "ses_fallback[0].smtp_username is set, and"),
        (
            [{"region": "eu-west-1", "smtp_password": PASSWORD}, {"region": "eu-west-1", "port": 2587}],
            f"ses_fallback[1] ({IRELAND}, port 2587) is another port of a way with a log-in of its own",
        ),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_with_its_number(given, words):
    assert fault_of(given).startswith(words)


def test_an_entry_without_credentials_for_its_region_is_refused():
    assert fault_of([{"region": "eu-west-1"}]) == (
        f"ses_fallback[0] ({IRELAND}, port 587) has no credentials for eu-west-1, and an SMTP password is right in one "
        "region alone; set smtp_password or secret_access_key in the entry, or ses_secret_access_key, from which each "
        "region's is derived."
    )
    assert "has no credentials for its endpoint" in fault_of([{"endpoint": "smtp.example.com"}], BY_KEY)
    assert "has a user name and no password" in fault_of(
        [{"region": "eu-west-1", "smtp_username": "AKIAI44QH8DHBEXAMPLE"}], BY_KEY
    )
    key_alone = [{"endpoint": "smtp.example.com", "secret_access_key": SECRET}]
    assert "has no region, for which its password is derived" in fault_of(key_alone)


def test_another_port_of_a_way_by_the_firsts_key_has_its_log_in_too():
    assert judged([{"region": "eu-west-1"}, {"region": "eu-west-1", "port": 2587}], BY_KEY)[1] == []


def test_the_firsts_key_is_right_in_each_region_and_its_password_in_its_own():
    both = {"ses_smtp_password": PASSWORD, "ses_secret_access_key": SECRET}
    (other,) = sound([{"region": "eu-west-1"}], {**BY_KEY, **BY_PASSWORD})
    assert secrets_of(other, {}, GOOD, both) == {"ses_smtp_password": None, "ses_secret_access_key": SECRET}
    (same,) = sound([{"endpoint": "email-smtp-fips.us-east-1.amazonaws.com"}])
    assert secrets_of(same, {}, GOOD, both) == both


def test_the_entrys_own_secret_takes_precedence():
    (way,) = sound([{"region": "eu-west-1", "smtp_password": "own" * 9}], BY_KEY)
    found = secrets_of(way, {"smtp_password": "own" * 9}, GOOD, {"ses_secret_access_key": SECRET})
    assert found == {"ses_smtp_password": "own" * 9, "ses_secret_access_key": None}


def test_auto_is_no_first_port_beside_further_ways():
    found = fault_of([{"region": "eu-west-1"}], BY_KEY, ses_port="auto")
    assert found.startswith("ses_port is auto, and ses_fallback is set; set ses_port")


def test_beside_a_first_way_with_a_fault_only_forms_are_judged():
    assert judged([{"region": "eu-west-1"}], ses_region="nowhere")[1] == []


def test_ways_are_not_without_number():
    assert "ses_fallback has 9 entries; use 8 at most." in judged([{"port": 2587}] * 9)[1]
    assert not any("entries" in fault for fault in judged([{"port": 2587}] * 8)[1])


ARN = "arn:aws:ses:{}:123456789012:identity/example.com"


def test_an_arn_of_a_region_to_which_a_way_does_not_lead_is_refused():
    away, home = {"ses_region": "eu-west-1"}, {"ses_region": "us-east-1"}
    known = {**GOOD, "ses_headers": {"x-ses-source-arn": ARN.format("us-east-1"), "X-SES-TENANT": "acme"}}
    assert foreign_arns(known) == foreign_arns({**known, "ses_fallback": [home], "ses_identities": [home]}) == []
    end = "leads to eu-west-1, where SES refuses the mail for good; leave the header or that way out."
    named = "ses_headers X-SES-SOURCE-ARN names an identity in us-east-1, and"
    assert foreign_arns({**known, "ses_fallback": [home, away], "ses_identities": [away]}) == [
        f"{named} ses_fallback[1] {end}",
        f"{named} ses_identities[0] {end}",
    ]
    assert foreign_arns({**known, **away}) == [f"{named} ses_region {end}"]
    assert foreign_arns({**known, "ses_endpoint": "email-smtp.eu-west-1.amazonaws.com"}) == [
        f"{named} ses_endpoint {end}"
    ]
    assert foreign_arns({**known, **away, "ses_headers": {"X-SES-FROM-ARN": ARN.format("*")}}) == []
