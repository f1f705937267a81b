# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a host, by what its steps registered."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import (
    Outcome,
    look_of,
    outcome_of,
    queue_fault,
    same_cause,
)

REFUSED = {"id": "credentials_invalid", "cause": "Wrong.", "remedy": "Mend it.", "source": ""}
DOWN = {"id": "connection_refused", "cause": "Down.", "remedy": "Wait.", "source": ""}
DEAD = {"unreachable": True, "msg": "No route to host"}
CHANGED = {"changed": True, "touched": True, "probe": {"message_id": "1-2"}}
FAILED = {**CHANGED, "failed": True, "msg": "The mail waits.", "causes": [REFUSED]}
KEPT = {"failed": True, "msg": "ses_region is wrong."}
INSTALLS = {"changed": False, "before": {}, "next": "install"}
BACK = {"state": "rolled_back", "msg": "It has again what it had."}
LOOK = {"queue": {}}


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ({"next": "install", "mta": "postfix"}, "install"),
        ({"due": True, "next": "nothing"}, "change"),
        ({"due": False, "stamped": True, "proven": False}, "prove"),
        ({"due": False, "stamped": True, "proven": True}, "nothing"),
        ({"due": False, "stamped": False, "proven": False}, "nothing"),
        (DEAD, "dead"),
        ({"refused": True, "msg": "Why."}, "refused"),
        ({}, "refused"),
        (None, "refused"),
    ],
)
def test_a_look_tells_what_a_host_needs(result, kind):
    assert look_of(result).kind == kind


@pytest.mark.parametrize(
    ("change", "look", "back", "lost", "state"),
    [
        (CHANGED, LOOK, None, False, "done"),
        (FAILED, None, None, False, "unproven"),
        (FAILED, None, BACK, False, "rolled_back"),
        (FAILED, None, {"state": "broken", "failed": True, "msg": "No."}, False, "broken"),
        (FAILED, None, {"state": "replaced", "msg": "sendmail was replaced."}, False, "broken"),
        (FAILED, None, {"failed": False, "failed_when_result": False, "msg": "MODULE FAILURE"}, False, "broken"),
        (FAILED, None, DEAD, False, "dead"),
        (FAILED, None, {"changed": False, "skipped": True}, False, "unproven"),
        (KEPT, None, None, False, "rolled_back"),
        (KEPT, None, BACK, False, "rolled_back"),
        (CHANGED, {"failed": True, "msg": "Mail waits."}, BACK, False, "rolled_back"),
        (CHANGED, DEAD, None, False, "dead"),
        (DEAD, {"changed": False}, None, False, "dead"),
        (CHANGED, None, None, True, "dead"),
        (None, None, None, True, "dead"),
        (None, None, None, False, "dead"),
        (INSTALLS, None, None, False, "unproven"),
        (INSTALLS, None, {**BACK, "reason": "apt failed"}, False, "rolled_back"),
    ],
)
def test_a_host_is_in_one_state(change, look, back, lost, state):
    assert outcome_of(change, look, back, lost).state == state


def test_a_host_that_was_rolled_back_tells_why_and_what_it_has():
    found = outcome_of(FAILED, None, BACK, lost=False)
    assert found.message == "The mail waits. It has again what it had."
    assert [cause["id"] for cause in found.causes] == ["credentials_invalid"]
    assert outcome_of(INSTALLS, None, {**BACK, "reason": "apt failed"}, lost=False).message.startswith("apt failed")


def test_a_proven_host_has_the_mail_s_id():
    assert outcome_of(CHANGED, LOOK, None, lost=False).message_id == "1-2"


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ({}, {}, False),
        ({}, {"causes": [{**REFUSED, "count": 1}]}, True),
        ({"causes": [{**REFUSED, "count": 1}]}, {"causes": [{**REFUSED, "count": 1}]}, False),
        ({"causes": [{**REFUSED, "count": 1}]}, {"causes": [{**REFUSED, "count": 2}]}, True),
        ({"causes": [{**REFUSED, "count": 5}]}, {"causes": [{**REFUSED, "count": 2}]}, False),
        ({"messages": 0, "causes": []}, {}, True),
        ({"messages": 0, "causes": []}, {"messages": 1, "causes": []}, False),
        ({}, {"causes": [{"id": "rate_exceeded", "cause": "", "remedy": "", "count": 9}]}, False),
    ],
)
def test_a_queue_is_worse_where_more_mail_is_held_between_the_host_and_ses(before, after, worse):
    assert bool(queue_fault(before, after)) == worse


def delivered(*causes):
    return {"delivered": not causes, "diagnosis": list(causes)}


@pytest.mark.parametrize(
    ("ours", "theirs", "alike"),
    [
        ([[DOWN]], [delivered(DOWN)], True),
        ([[DOWN], [DOWN, REFUSED]], [delivered(DOWN), delivered(REFUSED, DOWN)], True),
        ([[DOWN], [REFUSED]], [delivered(DOWN)], False),
        ([[DOWN]], [delivered(DOWN), delivered()], False),
        ([[DOWN]], [delivered(DOWN), DEAD], True),
        ([[DOWN]], [delivered(DOWN), delivered(REFUSED)], False),
        ([[DOWN]], [DEAD], False),
        ([[DOWN]], [], False),
        ([[]], [delivered(DOWN)], False),
        ([], [delivered(DOWN)], False),
    ],
)
def test_the_change_is_not_at_fault_where_all_others_fail_for_the_cause_of_each(ours, theirs, alike):
    outcomes = [Outcome("unproven", causes=causes) for causes in ours]
    assert same_cause(outcomes, theirs) == ("Down. Wait." if alike else "")
