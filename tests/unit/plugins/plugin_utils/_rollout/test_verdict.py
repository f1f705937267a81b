# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate: what stops a rollout, and what is allowed."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import GOOD, STATES, Outcome
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.retire import (
    PROOF_SECONDS,
    Users,
    sentence,
    unproven,
    users_by,
)
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.settings import Amount, Settings
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Host, Rollout
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.verdict import judge
from hypothesis import given
from hypothesis import strategies as st

AMOUNTS = st.builds(Amount, st.integers(0, 100), st.booleans())
NAMES = st.sampled_from("abcdef")
WAVES = st.lists(st.sampled_from([state for state in STATES if state != "not_reached"]), min_size=1, max_size=8)
NOW = 1_800_000_000.0
NONE = Amount(0)


def settings(failures=NONE, unreachable=NONE):
    return Settings((Amount(1),), failures, unreachable, 0.0)


def verdict(wave, *, first=False, alike="", limits=(NONE, NONE), others=0):
    outcomes = {f"web{number}": Outcome(state, "Why.") for number, state in enumerate(wave)}
    states = {**{name: found.state for name, found in outcomes.items()}, **{f"x{i}": "done" for i in range(others)}}
    return judge(outcomes, states, settings(*limits), first=first, alike=alike)


def test_a_wave_of_good_hosts_passes():
    assert verdict(["done", "unchanged"], first=True) == ("passed", "")


@pytest.mark.parametrize("state", ["rolled_back", "unproven", "dead", "broken"])
def test_the_first_wave_has_to_pass_whole_whatever_is_allowed(state):
    everything = (Amount(100, percent=True),) * 2
    assert verdict(["done", state], first=True, limits=everything).kind == "failed"


@pytest.mark.parametrize(("state", "kind"), [("rolled_back", "passed"), ("dead", "passed"), ("broken", "failed")])
def test_so_many_as_are_allowed_do_not_stop_it_but_a_broken_one_does(state, kind):
    assert verdict(["done", state], limits=(Amount(1), Amount(1))).kind == kind
    assert verdict(["done", state, state], limits=(Amount(1), Amount(1))).kind == "failed"


def test_a_percentage_is_one_of_all_hosts():
    tenth = (Amount(10, percent=True), Amount(0))
    assert verdict(["rolled_back"], limits=tenth, others=9).kind == "passed"
    assert verdict(["rolled_back"], limits=tenth, others=8).kind == "failed"


def test_what_stops_it_is_told_with_the_variable_and_the_reason():
    told = verdict(["done", "rolled_back"]).message
    assert told == "1 host failed, and ses_allowed_failures is 0: web1. web1: Why."


@given(WAVES, st.booleans(), AMOUNTS, AMOUNTS)
def test_an_outage_is_inconclusive_whatever_came_of_the_hosts(wave, first, failures, unreachable):
    found = verdict(wave, first=first, alike="SES is down.", limits=(failures, unreachable))
    assert found.kind == "inconclusive"
    assert "SES is down." in found.message


@given(WAVES, st.booleans(), AMOUNTS, AMOUNTS)
def test_it_passes_only_within_the_limits_and_tells_why_not(wave, first, failures, unreachable):
    kind, message = verdict(wave, first=first, limits=(failures, unreachable))
    lost = [state for state in wave if state not in GOOD]
    failed = [state for state in lost if state != "dead"]
    within = len(failed) <= failures.of(len(wave)) and wave.count("dead") <= unreachable.of(len(wave))
    assert kind == ("passed" if within and not (first and lost) and "broken" not in wave else "failed")
    assert bool(message) == (kind == "failed")


NEW, OLD = "AKIANEW", "AKIAOLD"
USERS = Users(NEW, OLD)


def rollout(hosts, run=None):
    return Rollout("mailops.ses.rotate_credentials", NOW, NOW, run=list(run or hosts), hosts=hosts)


def test_the_old_credential_is_free_only_when_every_host_of_the_fleet_is_proven_within_a_day():
    hosts = {"a": Host("done", at=NOW), "b": Host("unchanged", at=NOW - PROOF_SECONDS), "c": Host("dead", at=NOW)}
    for host in hosts.values():
        host.users = [NEW]
    known = rollout(hosts)
    assert unproven(["a", "b"], known, USERS, NOW) == []
    assert unproven(["a", "b"], known, USERS, NOW + 1) == ["b"]
    assert unproven(["a", "b", "c", "d"], known, USERS, NOW) == ["c", "d"]
    assert sentence(["a", "b"], known, USERS, NOW).startswith("The old credential is free to retire")
    assert "2 hosts of 4 in the inventory may still use it: c, d." in sentence(["a", "b", "c", "d"], known, USERS, NOW)


@pytest.mark.parametrize(("users", "free"), [([NEW], True), ([OLD], False), ([NEW, OLD], False), ([], False)])
def test_a_host_is_proven_by_the_new_credential_and_no_other(users, free):
    hosts = {"a": Host("unchanged", at=NOW, users=users)}
    assert (unproven(["a"], rollout(hosts), USERS, NOW) == []) == free


def test_where_nobody_knows_the_new_credential_a_host_of_another_run_has_none_that_this_run_s_hosts_have_not():
    """An earlier run proved b with the key that goes now, less than a day ago."""
    known = rollout({"a": Host("done", at=NOW, users=[NEW]), "b": Host("done", at=NOW, users=[OLD])}, run=["a"])
    assert unproven(["a", "b"], known, Users(), NOW) == ["b"]
    known.hosts["b"].users = [NEW]
    assert unproven(["a", "b"], known, Users(), NOW) == []


def test_the_sentence_names_the_users_for_a_reader_who_knows_the_old_one():
    known = rollout({"a": Host("done", at=NOW, users=[NEW, OLD])})
    assert f"They log in as {NEW}, {OLD}." in sentence(["a"], known, Users(), NOW)


@given(
    st.sets(st.sampled_from("abcdef"), min_size=1),
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(sorted(STATES))),
)
def test_one_host_that_is_not_proven_keeps_it(fleet, states):
    hosts = {name: Host(state, at=NOW, users=[NEW]) for name, state in states.items()}
    free = sentence(sorted(fleet), rollout(hosts), USERS, NOW).startswith("The old credential is free")
    assert free == all(states.get(name) in GOOD for name in fleet)


@pytest.mark.parametrize(
    ("key", "users"),
    [
        ({}, Users()),
        ({"current_id": OLD, "pending_id": NEW, "replaced_id": "AKIAOLDEST"}, Users(NEW, OLD)),
        ({"current_id": NEW, "pending_id": None, "replaced_id": OLD}, Users(NEW, OLD)),
        ({"current_id": NEW}, Users(NEW)),
    ],
)
def test_a_pending_key_is_the_new_one_before_it_is_promoted(key, users):
    assert users_by(key) == users
