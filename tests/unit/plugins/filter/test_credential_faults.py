# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of the secrets, in place of them."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.filter.credential_faults import FilterModule

PASSWORD, KEY = "ses_smtp_password", "ses_secret_access_key"
credential_faults = FilterModule().filters()["credential_faults"]


class Vaulted:
    """A text as ansible-core has it before 2.19, where it comes from a vault."""

    def __str__(self):
        return "an-example"

    def encode(self):
        raise NotImplementedError


@pytest.mark.parametrize("value", ["sendmail", "us-east-1", "587587587", Vaulted()])
def test_a_text_is_set_and_sound_however_common_it_is(value):
    assert credential_faults({PASSWORD: value, KEY: None}) == {PASSWORD: ""}


@pytest.mark.parametrize("value", ["install", "587", "a"])
def test_a_text_that_would_hide_what_is_due_is_refused_and_not_shown(value):
    said = credential_faults({PASSWORD: value})[PASSWORD]
    assert said == "has fewer than 8 characters, which no credential of SES has: copy it again"


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_not_set_is_left_out(value):
    assert credential_faults({PASSWORD: value, KEY: value}) == {}


@pytest.mark.parametrize("value", [587, 0, True, False, 1.5, float("inf"), [], ["a"], {"a": "b"}])
def test_what_is_no_text_is_told_and_not_shown(value):
    assert credential_faults({PASSWORD: value}) == {PASSWORD: "is no text; write it as one, in quotes"}


def test_each_is_judged_by_its_own_form():
    found = credential_faults({PASSWORD: "hunter2 hunter2", KEY: "AKIAIOSFODNN7EXAMPLE"})
    assert "space" in found[PASSWORD]
    assert "access key ID" in found[KEY]
    assert "hunter2" not in str(found)
