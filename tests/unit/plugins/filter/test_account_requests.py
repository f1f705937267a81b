# SPDX-License-Identifier: GPL-3.0-or-later
"""Which questions a fleet has for AWS."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError, AnsibleFilterError
from ansible_collections.mailops.ses.plugins.filter.account_requests import FilterModule

account_requests = FilterModule().filters()["account_requests"]
HOST = {
    "ses_region": "us-east-1",
    "ses_smtp_username": "AKIAIOSFODNN7EXAMPLE",
    "ses_masquerade_domain": "Example.com",
    "ses_configuration_set": "fleet",
}


def test_hosts_that_are_alike_are_one_question():
    (found,) = account_requests({f"web{n}": HOST for n in range(1000)})
    hosts, connections = found.pop("hosts"), found.pop("connections")
    assert (len(hosts), connections) == (1000, 10_000)
    assert found == {
        "region": "us-east-1",
        "access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "identities": ["Example.com"],
        "configuration_set": "fleet",
        "rate": None,
        "way": "",
    }


@pytest.mark.parametrize(("rates", "sum_"), [((5, "2.5"), 7.5), ((5, None), None), ((None, 5), None), ((5, "x"), None)])
def test_rates_are_summed_where_every_host_has_one(rates, sum_):
    (found,) = account_requests({f"web{n}": {**HOST, "ses_max_rate": rate} for n, rate in enumerate(rates)})
    assert found["rate"] == sum_


def test_a_further_way_is_a_question_of_its_own():
    ways = [{"region": "eu-west-1"}, {"port": 2587}, {"endpoint": "email-smtp.eu-west-2.amazonaws.com"}]
    first, *others = account_requests({"a": {**HOST, "ses_fallback": ways}, "b": HOST})
    assert (first["hosts"], first["way"]) == (["a", "b"], "")
    assert [(other["region"], other["hosts"], other["way"]) for other in others] == [
        ("eu-west-1", ["a"], "ses_fallback"),
        ("eu-west-2", ["a"], "ses_fallback"),
    ]
    assert all(other["identities"] == ["Example.com"] for other in others)


def test_a_sender_with_a_log_in_of_its_own_is_one_too():
    entry = {"sender": "brand.example", "region": "eu-west-1", "smtp_username": "AKIABRAND", "configuration_set": "b"}
    _first, other = account_requests({"a": {**HOST, "ses_identities": [entry]}})
    asked = {name: other[name] for name in ("region", "access_key_id", "identities", "configuration_set", "way")}
    assert asked == {
        "region": "eu-west-1",
        "access_key_id": "AKIABRAND",
        "identities": ["brand.example"],
        "configuration_set": "b",
        "way": "ses_identities",
    }


@pytest.mark.parametrize("value", ["x", 5, {"region": "eu-west-1"}, [5], None, [{"region": "nowhere"}]])
def test_a_faulty_way_is_the_hosts_check_to_tell(value):
    first, *others = account_requests({"a": {**HOST, "ses_fallback": value}})
    assert first["region"] == "us-east-1"
    assert [other["region"] for other in others] in ([], [None])


def test_connections_are_summed():
    (found,) = account_requests({"a": {**HOST, "ses_max_connections": 2}, "b": {**HOST, "ses_max_connections": "30"}})
    assert found["connections"] == 32


@pytest.mark.parametrize(
    "other",
    [
        {"ses_region": "eu-west-1"},
        {"ses_smtp_username": "AKIAOTHER"},
        {"ses_sender": "web@example.com"},
        {"ses_configuration_set": ""},
    ],
)
def test_hosts_that_differ_are_two(other):
    assert len(account_requests({"a": HOST, "b": {**HOST, **other}})) == 2


@pytest.mark.parametrize(
    ("given", "region"),
    [
        ({"ses_endpoint": "email-smtp.eu-west-1.amazonaws.com"}, "eu-west-1"),
        ({"ses_endpoint": "relay.example.com"}, "us-east-1"),
        ({"ses_region": "us-east1"}, None),
        ({"ses_region": ""}, None),
    ],
)
def test_the_region_is_the_endpoints(given, region):
    assert account_requests({"a": {**HOST, **given}})[0]["region"] == region


class Lazy(dict):
    """As a host's variables are: one may not be made."""

    def __getitem__(self, name):
        if name == "ses_smtp_username":
            raise AnsibleError("'vault' is undefined")
        return super().__getitem__(name)


def test_a_variable_that_cannot_be_made_is_none():
    (found,) = account_requests({"a": Lazy(HOST)})
    assert found["access_key_id"] is None
    assert found["identities"] == ["Example.com"]


def test_what_is_no_dictionary_is_refused():
    with pytest.raises(AnsibleFilterError):
        account_requests(["a"])
