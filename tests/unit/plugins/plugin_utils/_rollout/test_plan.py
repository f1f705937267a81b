# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a rollout that goes on: which waves count, and what is known of hosts from the run before."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import Look
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.plan import Asked, make_plan
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.settings import Amount, Settings
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Host, Rollout, Wave

ALL = Amount(100, percent=True)
SETTINGS = Settings((Amount(1), Amount(2), ALL), ALL, Amount(0), soak=0.0)
PASSED = [Wave(1, ["a"], 0.0, 1.0, "passed"), Wave(2, ["b", "c"], 1.0, 2.0, "passed")]


def plan(looks, waves=(), **states):
    """A plan of these LOOKS, by host, after a run with these WAVES that left hosts in these STATES."""
    hosts = {name: Host(state=state) for name, state in states.items()}
    earlier = Rollout("mailops.ses.rollout", 0.0, 0.0, "failed", waves=list(waves), hosts=hosts) if states else None
    found = {name: Look(kind, mta="postfix") for name, kind in looks.items()}
    return make_plan(found, SETTINGS, Asked("mailops.ses.rollout", 9.0), earlier)


DONE = {"a": "nothing", "b": "nothing", "c": "nothing"}


@pytest.mark.parametrize(
    ("due", "states", "waves"),
    [
        ({"d": "change", "e": "change"}, {"d": "not_reached", "e": "rolled_back"}, [["d", "e"]]),
        # The run before did not see it.
        ({"d": "change", "e": "change"}, {"d": "not_reached"}, [["d"], ["e"]]),
        # It was done, and is not any more.
        ({"a": "change", "d": "change"}, {"d": "not_reached"}, [["a"], ["d"]]),
    ],
)
def test_waves_that_passed_count_for_hosts_that_they_spoke_for(due, states, waves):
    found = plan({**DONE, **due}, PASSED, **{"a": "done", "b": "done", "c": "done", **states})
    assert (found.planned, found.passed) == (waves, 0 if len(waves) > 1 else 2)


def test_waves_count_since_the_last_first_one():
    anew = [*PASSED, Wave(1, ["d"], 3.0, 4.0, "passed"), Wave(2, ["e"], 4.0, 5.0, "failed")]
    found = plan({**DONE, "d": "nothing", "e": "change"}, anew, a="done", b="done", c="done", d="done", e="rolled_back")
    assert found.passed == 1


@pytest.mark.parametrize("left", ["unproven", "broken"])
def test_a_host_that_was_left_changed_and_not_proven_is_due(left):
    found = plan({"a": "nothing", "b": "nothing"}, a=left, b="done")
    assert found.planned == [["a"]]
    assert (found.hosts["a"].state, found.hosts["b"].state) == ("not_reached", "done")


@pytest.mark.parametrize(
    ("earlier", "state"), [("unproven", "unproven"), ("broken", "broken"), ("not_reached", "rolled_back")]
)
def test_a_host_that_refuses_the_look_is_what_it_was_left_as(earlier, state):
    assert plan({"a": "refused"}, a=earlier).hosts["a"].state == state
