# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout's variables: what is taken, and what each wrong one is told."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.settings import Amount, SettingsError, settings_of
from hypothesis import given
from hypothesis import strategies as st

GIVEN = {
    "ses_waves": [1, "10%", "100%"],
    "ses_canaries": "",
    "ses_allowed_failures": 0,
    "ses_allowed_unreachable": 0,
    "ses_soak": 60,
    "ses_rollback": True,
    "ses_rollout_plan_only": False,
    "ses_rollout_restart": False,
    "ses_stop": False,
}
ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 500),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["0%", "1%", "101%", "5", "yes"]),
    st.lists(st.one_of(st.integers(-2, 9), st.text(max_size=4)), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


def test_the_defaults_are_sound():
    found = settings_of(GIVEN)
    assert found.waves == (Amount(1), Amount(10, percent=True), Amount(100, percent=True))
    assert (found.soak, found.rollback, found.stop) == (60.0, True, False)


def test_what_a_command_line_gives_as_text_is_taken():
    found = settings_of(
        {**GIVEN, "ses_waves": ["2", "5%"], "ses_allowed_failures": "3", "ses_soak": "0", "ses_stop": "yes"}
    )
    assert (found.waves[0], found.allowed_failures, found.soak, found.stop) == (Amount(2), Amount(3), 0.0, True)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ses_waves", "1,10%,100%", "is no list: write a list such as"),
        ("ses_waves", None, "is no list"),
        ("ses_waves", {"a": 1}, "is no list"),
        ("ses_waves", [], "is empty, which would be all hosts at once"),
        ("ses_waves", [0], "has 0, which is no size of a wave"),
        ("ses_waves", ["0%"], "has '0%', which is no size of a wave"),
        ("ses_waves", ["101%"], "has '101%', which is no size of a wave"),
        ("ses_waves", [True], "has True, which is no size of a wave"),
        ("ses_waves", [1.5], "has 1.5, which is no size of a wave"),
        ("ses_allowed_failures", -1, "is no limit"),
        ("ses_allowed_unreachable", "101%", "is no limit"),
        ("ses_soak", "soon", "is no time"),
        ("ses_soak", True, "is no time"),
        ("ses_soak", 3601, "is no time"),
        ("ses_rollback", "maybe", "is neither true nor false"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(name, value, said):
    with pytest.raises(SettingsError, match=name) as caught:
        settings_of({**GIVEN, name: value})
    assert said in str(caught.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(SettingsError) as caught:
        settings_of({**GIVEN, "ses_waves": [], "ses_soak": -1})
    assert "ses_waves" in str(caught.value)
    assert "ses_soak" in str(caught.value)


@given(st.sampled_from(sorted(GIVEN)), ANY)
def test_whatever_is_given_it_is_taken_or_refused_in_a_sentence(name, value):
    said = refusal({**GIVEN, name: value})
    assert said is None or (said.startswith(name) and said.endswith("."))


def refusal(given):
    """What is said of these settings, None where they are taken."""
    try:
        settings_of(given)
    except SettingsError as fault:
        return str(fault)
    return None
