# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter mailops.ses.smtp_password."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.ses.plugins.filter.smtp_password import FilterModule

smtp_password = FilterModule().filters()["smtp_password"]


@pytest.mark.parametrize(
    ("secret", "password"),
    [
        ("some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
    ],
)
def test_the_password_is_derived_as_public_vectors_say(secret: str, password: str) -> None:
    assert smtp_password(secret, "eu-central-1") == password


@pytest.mark.parametrize(
    ("secret", "region", "why"),
    [
        ("ASIAIOSFODNN7EXAMPLE", "us-east-1", "secret access key is a temporary key"),
        ("IQoJb3JpZ2luX2VjE" + "x" * 400, "us-east-1", "secret access key looks like a session token"),
        ("", "us-east-1", "secret access key is empty"),
        ("two\nlines", "us-east-1", "secret access key has more than one line"),
        (None, "us-east-1", "secret access key is not a string"),
        ("some+secret+key", "us-east1", "region lacks a hyphen"),
        ("some+secret+key", "", "region is empty"),
        ("some+secret+key", "Ireland", "region contains capital letters"),
        ("some+secret+key", 1, "region is not a string"),
    ],
)
def test_a_refusal_has_its_reason_and_no_secret(secret: Any, region: Any, why: str) -> None:
    with pytest.raises(AnsibleFilterError, match=why) as error:
        smtp_password(secret, region)
    assert not secret or secret not in str(error.value)
