# SPDX-License-Identifier: GPL-3.0-or-later
"""The waves that were planned, as the play that changes hosts asks for them."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.filter.rollout_turn import FilterModule

TURN = {"hosts": ["b", "a"], "serial": [1, 1], "installs": False}
PLANNED = {"__ses_rollout_planned": {"turn": TURN}}
rollout_turn = FilterModule().filters()["rollout_turn"]


@pytest.mark.parametrize(
    ("hostvars", "turn"),
    [
        ({"a": PLANNED}, TURN),
        ({"a": {}, "b": PLANNED}, TURN),
        ({"a": {"__ses_rollout_planned": {"skipped": True}}}, {"hosts": [], "serial": []}),
        ({"a": {}}, {"hosts": [], "serial": []}),
        ({}, {"hosts": [], "serial": []}),
    ],
)
def test_the_first_host_that_knows_the_plan_tells_it_and_without_one_nobody_changes(hostvars, turn):
    assert rollout_turn(["a", "b"], hostvars) == turn


def test_where_some_get_packages_first_another_play_has_them():
    for installs in (False, True):
        hostvars = {"a": {"__ses_rollout_planned": {"turn": {**TURN, "installs": installs}}}}
        assert rollout_turn(["a"], hostvars, installs=installs)["hosts"] == ["b", "a"]
        assert rollout_turn(["a"], hostvars, installs=not installs)["hosts"] == []
