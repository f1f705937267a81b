# SPDX-License-Identifier: GPL-3.0-or-later
"""SMTP credentials: the derivation, and values that are told before they are sent."""

from __future__ import annotations

import base64
from typing import Callable

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import (
    SECRET_AS_PASSWORD,
    TEMPORARY_KEY,
    hidden_fault,
    password_fault,
    region_of_password,
    secret_fault,
    smtp_password,
    username_fault,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.partitions import REGIONS
from hypothesis import given
from hypothesis import strategies as st

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # the one of AWS's documentation
DERIVED = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
FAULTS = (username_fault, password_fault, secret_fault)


@pytest.mark.parametrize(
    ("secret", "password"),
    [
        ("some+secret+key", DERIVED),
        ("another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
    ],
)
def test_the_password_is_derived_as_public_vectors_say(secret: str, password: str) -> None:
    assert smtp_password(secret, "eu-central-1") == password


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    st.sampled_from(["a-b-1", "c-d-2"]),
)
def test_a_derived_password_is_taken_as_one(secret: str, region: str) -> None:
    password = smtp_password(secret, region)
    assert len(password) == 44
    assert base64.b64decode(password)[0] == 4
    assert password_fault(password) is None


@pytest.mark.parametrize("fault_of", FAULTS)
@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("one\ntwo", "more than one line"),
        ("trailing\n", "ends in a line break"),
        ("carriage\rreturn", "more than one line"),
        ("line\u2028separator", "more than one line"),
        ("nul\x00", "control character"),
        ("tab\t", "control character"),
        ("pässword", "outside ASCII"),
        ("two words", "space"),
        ("ASIAIOSFODNN7EXAMPLE", "temporary key"),
    ],
)
def test_a_hostile_or_mistaken_value(fault_of: Callable[[str], str | None], value: str, why: str) -> None:
    fault = fault_of(value)
    assert why in (fault or "")
    assert not value.strip() or value not in (fault or "")


@pytest.mark.parametrize("fault_of", [username_fault, password_fault])
@pytest.mark.parametrize("value", ["user:password", 'quo"te'])
def test_what_a_credential_never_has(fault_of: Callable[[str], str | None], value: str) -> None:
    assert "which no SES credential has" in (fault_of(value) or "")


@pytest.mark.parametrize(
    ("fault_of", "value", "why"),
    [
        (password_fault, SECRET, "mailops.ses.smtp_password"),
        (password_fault, SECRET, "ses_secret_access_key"),
        (password_fault, "AKIAIOSFODNN7EXAMPLE", "access key ID"),
        (username_fault, SECRET, "secret access key"),
        (secret_fault, "AKIAIOSFODNN7EXAMPLE", "access key ID"),
        (secret_fault, DERIVED, "derived already"),
        (secret_fault, "FwoGZXIvYXdzE" + "x" * 300, "session token"),
    ],
)
def test_one_credential_in_anothers_place(fault_of: Callable[[str], str | None], value: str, why: str) -> None:
    fault = fault_of(value)
    assert why in (fault or "")
    assert value not in (fault or "")


@pytest.mark.parametrize(
    ("fault_of", "value"),
    [
        (username_fault, "AKIAIOSFODNN7EXAMPLE"),
        (username_fault, "AKIAEXAMPLE"),
        (password_fault, DERIVED),
        (password_fault, "password"),
        (password_fault, "with$dollar#hash+plus/slash"),
        (secret_fault, SECRET),
        (secret_fault, "some+secret+key"),
    ],
)
def test_what_is_taken(fault_of: Callable[[str], str | None], value: str) -> None:
    assert fault_of(value) is None


def test_the_two_faults_that_are_causes() -> None:
    assert password_fault(SECRET) == SECRET_AS_PASSWORD
    assert username_fault("ASIAIOSFODNN7EXAMPLE") == TEMPORARY_KEY


@pytest.mark.parametrize(("region", "found"), [("eu-central-1", "eu-central-1"), ("us-west-9", None)])
def test_the_region_of_a_password(region: str, found: str | None) -> None:
    password = smtp_password("some+secret+key", region)
    assert region_of_password(password, "some+secret+key", REGIONS) == found
    assert region_of_password(password, "another+secret+key", REGIONS) is None


@pytest.mark.parametrize("mark", ["********", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "$REDACTED$", "a********b"])
def test_what_ansible_shows_in_place_of_a_secret_is_none(mark: str) -> None:
    assert all("in place of a secret" in str(fault(mark)) for fault in FAULTS)
    assert hidden_fault(mark)
    assert hidden_fault("*******") is None


def test_a_credential_is_not_endless() -> None:
    assert username_fault("a" * 256) is None
    assert "longer than 256" in str(username_fault("a" * 257))
