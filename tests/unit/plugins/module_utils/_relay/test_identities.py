# SPDX-License-Identifier: GPL-3.0-or-later
"""ses_identities: what is refused, and what an entry takes from the relay."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import FormError, apart, secrets_of
from ansible_collections.mailops.ses.plugins.module_utils._relay.identities import IDENTITIES, identities
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import describe
from relay_variables import GOOD, PASSWORD, SECRET

VARIABLES = {name: value for name, value in GOOD.items() if name != "ses_smtp_password"}
SENDER = {"sender": "brand.example"}
OWN = {**SENDER, "region": "eu-west-1", "smtp_username": "AKIAI44QH8DHBEXAMPLE", "smtp_password": "BOtherOtherOther"}


def judged(given, credentials=None, **variables):
    """The entries as variables, and the sentences, with the relay's password alone unless CREDENTIALS says else."""
    entries, _secrets, faults = apart(given, IDENTITIES)
    told = {"ses_smtp_password": ""} if credentials is None else credentials
    return identities(entries, {**VARIABLES, **variables}, {**told, **faults})


def test_an_entry_has_its_own_place_and_user_or_the_relays():
    (own, same), faults = judged([OWN, {"sender": "Shop@Example.com", "configuration_set": "shop"}])
    assert faults == []
    assert own["ses_region"] == "eu-west-1"
    assert own["ses_smtp_username"] == OWN["smtp_username"]
    assert same["ses_region"] == VARIABLES["ses_region"]
    assert same["ses_smtp_username"] == VARIABLES["ses_smtp_username"]
    relay = describe({**VARIABLES, "ses_identities": [own, same], "ses_configuration_set": "main"}, ["h.test"], None)
    assert [(one.sender, one.endpoint, one.headers) for one in relay.identities] == [
        ("brand.example", "email-smtp.eu-west-1.amazonaws.com", {}),
        ("shop@example.com", "email-smtp.us-east-1.amazonaws.com", {"X-SES-CONFIGURATION-SET": "shop"}),
    ]


@pytest.mark.parametrize(
    ("entry", "name", "word"),
    [
        ({}, "ses_identities[0].sender", "not set"),
        ({**SENDER, "sender": "brand"}, "ses_identities[0].sender", "an address, or a domain"),
        ({**SENDER, "sender": "a b@brand.example"}, "ses_identities[0].sender", "address"),
        ({**SENDER, "sender": ["a"]}, "ses_identities[0].sender", "text"),
        ({**SENDER, "region": "eu-west1"}, "ses_identities[0].region", "region"),
        ({**SENDER, "configuration_set": "a b"}, "ses_identities[0].configuration_set", "64"),
        ({**SENDER, "smtp_username": "ASIAIOSFODNN7EXAMPLE"}, "ses_identities[0].smtp_username", "temporary"),
        ({**SENDER, "smtp_username": "AKIAI44QH8DHBEXAMPLE"}, "ses_identities[0] (brand.example)", "no password"),
        ({**SENDER, "region": "eu-west-1"}, "ses_identities[0] (brand.example)", "no credentials for eu-west-1"),
        (
            {**SENDER, "endpoint": "smtp.test", "secret_access_key": SECRET},
            "ses_identities[0] (brand.example)",
            "set region",
        ),
        ({**SENDER, "endpoint": "smtp.test"}, "ses_identities[0] (brand.example)", "its endpoint"),
        ({**SENDER, "sender": "Example.com"}, "ses_identities[0].sender", "ses_masquerade_domain"),
    ],
)
def test_a_fault_names_the_entry_and_the_remedy(entry, name, word):
    _known, (sentence,) = judged([entry], ses_masquerade_domain="example.com")
    assert sentence.startswith(name)
    assert word in sentence


def test_one_sender_has_one_way():
    _known, (sentence,) = judged([OWN, {**OWN, "sender": "BRAND.example"}])
    assert sentence.startswith("ses_identities[1].sender 'BRAND.example' is there already")


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"ses_port": "auto"}, "ses_port is auto"),
        ({"ses_sender": "a@example.com"}, "ses_sender gives all mail one sender"),
    ],
)
def test_what_does_not_go_together_is_told(variables, word):
    _known, (sentence,) = judged([OWN], **variables)
    assert word in sentence


def test_there_is_an_end_to_them():
    _known, (sentence,) = judged([{**OWN, "sender": f"b{number}.example"} for number in range(51)])
    assert sentence.startswith("ses_identities has 51 entries")


@pytest.mark.parametrize("given", ["brand.example", {"sender": "brand.example"}, ["brand.example"], [{"sendr": "x"}]])
def test_what_is_no_list_of_entries_is_refused(given):
    with pytest.raises(FormError, match="ses_identities"):
        apart(given, IDENTITIES)


def test_without_a_secret_of_its_own_the_relays_key_gives_the_password_of_the_region():
    (way,), faults = judged([{**SENDER, "region": "eu-west-1"}], {"ses_secret_access_key": ""})
    assert faults == []
    relays = {"ses_smtp_password": PASSWORD, "ses_secret_access_key": SECRET}
    assert secrets_of(way, {}, VARIABLES, relays) == {**relays, "ses_smtp_password": None}
