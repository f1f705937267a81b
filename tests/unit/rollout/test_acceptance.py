# SPDX-License-Identifier: GPL-3.0-or-later
"""How rollouts end, whatever fails: each host has the old configuration or the new one, and the gate stops what it has
to stop. `make oldest` and `make versions` run these by the other ansible-cores: all have to end alike."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import asdict

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout import lock
from rollout.fleets import SECRET, Fleet

WAVES = [1, 2, "100%"]
# What hosts do, the rollout's variables, what the hosts have in the end (old, new), their states, and what is said.
ENDS = {
    "all is well": ({}, {}, "nnnnn", {"done": 5}, ""),
    "the canary's mail does not arrive": (
        {"web1": {"fails": "mail"}},
        {},
        "ooooo",
        {"rolled_back": 1, "not_reached": 4},
        "The first wave has to pass whole: web1 did not. web1: The mail waits.",
    ),
    "the canary may not fail, whatever is allowed": (
        {"web1": {"fails": "mail"}},
        {"ses_allowed_failures": "100%"},
        "ooooo",
        {"rolled_back": 1, "not_reached": 4},
        "The first wave has to pass whole: web1 did not.",
    ),
    "the canary's host refuses the change": (
        {"web1": {"fails": "kept"}},
        {},
        "ooooo",
        {"rolled_back": 1, "not_reached": 4},
        "web1: The host keeps what it had.",
    ),
    "the canary's queue grows": (
        {"web1": {"fails": "look"}},
        {},
        "ooooo",
        {"rolled_back": 1, "not_reached": 4},
        "3 messages wait in its queue, 3 more than before the change: The password is wrong.",
    ),
    "the canary dies after the plan": (
        {"web1": {"dies": "change"}},
        {"ses_allowed_unreachable": 5},
        "ooooo",
        {"dead": 1, "not_reached": 4},
        "The first wave has to pass whole: web1 did not.",
    ),
    "a host is dead in the plan": (
        {"web1": {"dead": True}},
        {},
        "ooooo",
        {"dead": 1, "not_reached": 4},
        "1 host cannot be reached, and ses_allowed_unreachable is 0: web1.",
    ),
    "a dead host is allowed, and another one is the canary": (
        {"web1": {"dead": True}},
        {"ses_allowed_unreachable": 1},
        "onnnn",
        {"dead": 1, "done": 4},
        "Unreachable: web1.",
    ),
    "a canary that is named is dead": (
        {"web3": {"dead": True}},
        {"ses_allowed_unreachable": 5, "ses_canaries": "web3"},
        "ooooo",
        {"dead": 1, "not_reached": 4},
        "Canaries cannot be changed: web3.",
    ),
    "a host is refused in the plan": (
        {"web4": {"fails": "plan"}},
        {},
        "ooooo",
        {"rolled_back": 1, "not_reached": 4},
        "1 host failed, and ses_allowed_failures is 0: web4. web4: ses_region is wrong.",
    ),
    "the second wave has a host that fails": (
        {"web2": {"fails": "mail"}},
        {},
        "nonoo",
        {"rolled_back": 1, "done": 2, "not_reached": 2},
        "1 host failed, and ses_allowed_failures is 0: web2. web2: The mail waits.",
    ),
    "the second wave has a host that dies": (
        {"web2": {"dies": "change"}},
        {},
        "nonoo",
        {"dead": 1, "done": 2, "not_reached": 2},
        "1 host cannot be reached, and ses_allowed_unreachable is 0: web2.",
    ),
    "the second wave has a host that dies once it is changed": (
        {"web3": {"dies": "changed"}},
        {},
        "nnnoo",
        {"dead": 1, "done": 2, "not_reached": 2},
        "1 host cannot be reached, and ses_allowed_unreachable is 0: web3.",
    ),
    "the second wave has a host that dies between two tasks": (
        {"web3": {"dies": "look"}},
        {},
        "nnnoo",
        {"dead": 1, "done": 2, "not_reached": 2},
        "1 host cannot be reached, and ses_allowed_unreachable is 0: web3.",
    ),
    "a host dies as it is rolled back": (
        {"web3": {"fails": "mail", "dies": "back"}},
        {},
        "nnnoo",
        {"dead": 1, "done": 2, "not_reached": 2},
        "ses_allowed_unreachable is 0: web3.",
    ),
    "the whole wave dies": (
        {"web2": {"dies": "change"}, "web3": {"dies": "look"}},
        {},
        "nonoo",
        {"dead": 2, "done": 1, "not_reached": 2},
        "2 hosts cannot be reached, and ses_allowed_unreachable is 0: web2, web3.",
    ),
    "the whole wave fails": (
        {"web2": {"fails": "mail"}, "web3": {"fails": "mail"}},
        {},
        "noooo",
        {"rolled_back": 2, "done": 1, "not_reached": 2},
        "2 hosts failed, and ses_allowed_failures is 0: web2, web3.",
    ),
    "a roll back fails, whatever is allowed": (
        {"web2": {"fails": "broken"}},
        {"ses_allowed_failures": "100%"},
        "nnnoo",
        {"broken": 1, "done": 2, "not_reached": 2},
        "Broken, whatever is allowed: web2.",
    ),
    "a change crashes once it has come to the host": (
        {"web2": {"crashes": "change"}},
        {},
        "nonoo",
        {"rolled_back": 1, "done": 2, "not_reached": 2},
        "It has again what it had.",
    ),
    "a roll back crashes, whatever is allowed": (
        {"web2": {"fails": "mail", "crashes": "back"}},
        {"ses_allowed_failures": "100%"},
        "nnnoo",
        {"broken": 1, "done": 2, "not_reached": 2},
        "Broken, whatever is allowed: web2.",
    ),
    "one of each is allowed, and the last host is reached": (
        {"web2": {"fails": "mail"}, "web3": {"dies": "change"}},
        {"ses_allowed_failures": 1, "ses_allowed_unreachable": "20%"},
        "noonn",
        {"rolled_back": 1, "dead": 1, "done": 3},
        "Has what it had: web2. Unreachable: web3.",
    ),
    "nothing is rolled back where that is not wanted": (
        {"web2": {"fails": "mail"}},
        {"ses_rollback": False},
        "nnnoo",
        {"unproven": 1, "done": 2, "not_reached": 2},
        "1 host failed, and ses_allowed_failures is 0: web2.",
    ),
    "a change crashes once it has come to the host, and nothing is rolled back": (
        {"web2": {"crashes": "change"}},
        {"ses_rollback": False},
        "nnnoo",
        {"unproven": 1, "done": 2, "not_reached": 2},
        "1 host failed, and ses_allowed_failures is 0: web2.",
    ),
    "hosts that have it already take part in no wave": (
        {name: {"has": "new"} for name in ("web1", "web2", "web4")},
        {},
        "nnnnn",
        {"unchanged": 3, "done": 2},
        "",
    ),
    "nobody has anything to change": (
        {f"web{number}": {"has": "new"} for number in range(1, 6)},
        {},
        "nnnnn",
        {"unchanged": 5},
        "",
    ),
}


def counts(fleet):
    return {state: len(names) for state, names in fleet.states().items()}


def untouched(fleet):
    """No host was asked for anything."""
    return all(fleet.host(name)["steps"] == [] for name in fleet.hosts)


@pytest.mark.parametrize("end", ENDS)
def test_a_rollout_ends(tmp_path, end):
    hosts, variables, have, states, said = ENDS[end]
    fleet = Fleet.of(tmp_path, 5, **hosts)
    done = fleet.run(ses_waves=WAVES, **variables)
    assert (fleet.have(), counts(fleet)) == (have, states), done.stdout + done.stderr
    assert said in done.stdout
    assert (done.returncode == 0) == (not said)
    assert (done.returncode == 0) == (not fleet.remaining())
    left = [name for state, names in fleet.states().items() if state not in ("done", "unchanged") for name in names]
    assert fleet.remaining() == sorted(left)
    assert not (tmp_path / "ses-report" / "rollout.lock").exists()
    assert SECRET not in done.stdout + done.stderr + "".join(
        path.read_text() for path in (tmp_path / "ses-report").iterdir()
    )


SETTINGS = {"ANSIBLE_STRATEGY": "free", "ANSIBLE_ANY_ERRORS_FATAL": "true", "ANSIBLE_MAX_FAIL_PERCENTAGE": "90"}


@pytest.mark.parametrize("end", ["the second wave has a host that fails", "the whole wave dies", "all is well"])
def test_the_user_s_ansible_cfg_changes_nothing(tmp_path, end):
    hosts, variables, have, states, _said = ENDS[end]
    fleet = Fleet.of(tmp_path, 5, **hosts)
    fleet.run(settings=SETTINGS, ses_waves=WAVES, **variables)
    assert (fleet.have(), counts(fleet)) == (have, states)


def test_an_outage_is_no_fault_of_the_change_and_nothing_is_rolled_back(tmp_path):
    fleet = Fleet.of(tmp_path, 5)
    (tmp_path / "down").touch()
    done = fleet.run(ses_waves=WAVES)
    assert (fleet.have(), counts(fleet)) == ("noooo", {"unproven": 1, "not_reached": 4})
    assert "SES or the network is at fault, not this change" in done.stdout
    assert fleet.report()["status"] == "inconclusive"
    (tmp_path / "down").unlink()
    done = fleet.run(ses_waves=WAVES)
    assert (done.returncode, fleet.have(), counts(fleet)) == (0, "nnnnn", {"done": 5}), done.stdout


@pytest.mark.parametrize("victim", ["web1", "web3", "web5"])
def test_a_run_that_was_killed_goes_on(tmp_path, victim):
    fleet = Fleet.of(tmp_path, 5)
    before = Fleet.of(tmp_path, 5).have()
    process = subprocess.Popen(
        fleet.command(ses_waves=WAVES),
        cwd=tmp_path,
        env=fleet.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    changed, ends = tmp_path / "changed", time.monotonic() + 300
    while victim not in (changed.read_text().split() if changed.exists() else []):
        assert time.monotonic() < ends, "the host was not changed in time"
        time.sleep(0.02)  # the interval of a bounded poll
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert before == "ooooo"
    assert (tmp_path / "ses-report" / "rollout.lock").exists()
    done = fleet.run(ses_waves=WAVES)
    assert (done.returncode, fleet.have()) == (0, "nnnnn"), done.stdout + done.stderr
    assert set(fleet.states()) <= {"done", "unchanged"}
    assert all(fleet.host(name)["proven"] for name in fleet.hosts)
    # What was proven is not changed again.
    first = [name for name in ("web1", "web2", "web3") if victim != name and int(name[-1]) < int(victim[-1])]
    assert all(fleet.host(name)["steps"].count("change") == 1 for name in first if victim == "web5")


def test_a_second_rollout_at_once_is_refused(tmp_path):
    fleet = Fleet.of(tmp_path, 2)
    (tmp_path / "ses-report").mkdir()
    here = lock.holder(os.getpid(), "anna")
    (tmp_path / "ses-report" / "rollout.lock").write_text(json.dumps(asdict(here)))
    done = fleet.run()
    assert f"Another rollout runs: anna on {here.machine}, process {os.getpid()}." in done.stdout
    assert done.returncode != 0
    assert untouched(fleet)


def test_a_limit_leaves_the_others_and_says_so(tmp_path):
    fleet = Fleet.of(tmp_path, 5)
    done = fleet.run("--limit", "web2,web3", ses_waves=WAVES)
    assert (done.returncode, fleet.have()) == (0, "onnoo"), done.stdout
    assert "--limit leaves out 3 hosts." in done.stdout


def test_what_remains_is_what_a_limit_takes(tmp_path):
    fleet = Fleet.of(tmp_path, 5, web2={"fails": "mail"})
    fleet.run(ses_waves=WAVES)
    assert fleet.remaining() == ["web2", "web4", "web5"]
    fleet.set("web2", fails=None)
    done = fleet.run("--limit", "@ses-report/remaining.txt", ses_waves=WAVES)
    assert (done.returncode, fleet.have(), fleet.remaining()) == (0, "nnnnn", []), done.stdout


@pytest.mark.parametrize(("arguments", "variables"), [(("--check",), {}), ((), {"ses_rollout_plan_only": True})])
def test_a_plan_changes_nothing(tmp_path, arguments, variables):
    fleet = Fleet.of(tmp_path, 5, web2={"has": "new"}, web3={"dead": True})
    done = fleet.run(*arguments, ses_waves=WAVES, ses_allowed_unreachable=1, **variables)
    assert (done.returncode, fleet.have()) == (0, "onooo"), done.stdout
    for line in ("3 changes, 1 nothing to do, 1 dead", "Wave 1: 1 host: web1", "Wave 2: 2 hosts: web4, web5"):
        assert line in done.stdout
    assert {step for name in fleet.hosts for step in fleet.host(name)["steps"]} == {"plan"}
    assert not (tmp_path / "ses-report" / "rollout.json").exists()


def test_a_stop_file_ends_it_before_the_next_wave_and_it_goes_on_without(tmp_path):
    fleet = Fleet.of(tmp_path, 3)
    (tmp_path / "ses-report").mkdir()
    stop = tmp_path / "ses-report" / "STOP"
    stop.touch()
    done = fleet.run(ses_waves=WAVES)
    assert (fleet.have(), fleet.report()["status"]) == ("ooo", "stopped")
    assert f"Stopped before a wave, since {stop} is there." in done.stdout
    stop.unlink()
    assert fleet.run(ses_waves=WAVES).returncode == 0


def test_one_host_of_each_mta_is_a_canary(tmp_path):
    fleet = Fleet.of(tmp_path, 5, web4={"mta": "sendmail"})
    done = fleet.run("--check", ses_waves=WAVES)
    assert "Wave 1: 2 hosts: web1, web4" in done.stdout


BAD = {
    "ses_waves '1,10%' is no list: write a list such as": {"ses_waves": "1,10%"},
    "ses_waves [] is empty, which would be all hosts at once": {"ses_waves": []},
    "ses_waves [1, '0%'] has '0%', which is no size of a wave": {"ses_waves": [1, "0%"]},
    "ses_canaries 'db*' matches no host of this run": {"ses_canaries": "db*"},
    "ses_allowed_failures '1.5' is no limit": {"ses_allowed_failures": "1.5"},
    " is no time": {"ses_soak": -1},  # which ansible-core 2.16 makes text
}


@pytest.mark.parametrize("said", BAD)
def test_bad_input_is_refused_in_a_sentence_before_a_host_is_asked(tmp_path, said):
    fleet = Fleet.of(tmp_path, 2)
    done = fleet.run(**BAD[said])
    assert said in done.stdout
    assert done.returncode != 0
    assert untouched(fleet)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"version":1,"hosts":{"web1"', "is no state of a rollout, or was cut off."),
        ("", "is no state of a rollout, or was cut off."),
        ('{"version":99}', "has the version 99, and this release knows 1"),
    ],
)
def test_a_state_that_cannot_be_read_is_refused_until_it_is_begun_anew(tmp_path, text, said):
    fleet = Fleet.of(tmp_path, 2)
    (tmp_path / "ses-report").mkdir()
    (tmp_path / "ses-report" / "rollout.json").write_text(text)
    assert said in fleet.run().stdout
    assert untouched(fleet)
    assert fleet.run(ses_rollout_restart=True).returncode == 0


def test_the_state_of_another_plan_is_refused_until_it_is_begun_anew(tmp_path):
    fleet = Fleet.of(tmp_path, 3, web2={"fails": "mail"})
    fleet.run(ses_waves=WAVES)
    for name in fleet.hosts:
        fleet.set(name, fingerprint="2", fails=None, has="old")
    done = fleet.run(ses_waves=WAVES)
    assert "has another rollout, which is not over (failed): the variables of web1 and 2 more hosts" in done.stdout
    assert fleet.have() == "ooo"
    assert not (tmp_path / "ses-report" / "rollout.lock").exists()
    assert fleet.run(ses_waves=WAVES, ses_rollout_restart=True).returncode == 0


def test_another_plan_is_taken_where_nothing_is_left_of_the_one_before(tmp_path):
    fleet = Fleet.of(tmp_path, 3, web1={"fails": "mail"})
    fleet.run(ses_waves=WAVES)
    for name in fleet.hosts:
        fleet.set(name, fingerprint="2", fails=None)
    done = fleet.run(ses_waves=WAVES)
    assert (done.returncode, fleet.have()) == (0, "nnn"), done.stdout


def test_a_host_whose_queue_grew_is_proven_again_by_the_next_run(tmp_path):
    fleet = Fleet.of(tmp_path, 3, web2={"fails": "look"})
    fleet.run(ses_waves=WAVES, ses_rollback=False)
    assert (fleet.have(), counts(fleet)) == ("nnn", {"unproven": 1, "done": 2})
    fleet.set("web2", fails=None)
    done = fleet.run(ses_waves=WAVES)
    assert (done.returncode, counts(fleet)) == (0, {"done": 3}), done.stdout
    assert "web2 (postfix, Debian 13): changed by an earlier run, to be proven" in done.stdout


def test_hosts_that_an_earlier_run_never_saw_have_a_canary(tmp_path):
    fleet = Fleet.of(tmp_path, 5, web2={"fails": "mail"})
    fleet.run("--limit", "web1,web2", ses_waves=WAVES)
    assert counts(fleet) == {"done": 1, "rolled_back": 1}
    fleet.set("web2", fails=None)
    done = fleet.run("--check", ses_waves=WAVES)
    assert "Wave 1: 1 host: web2" in done.stdout


def test_a_rotation_whose_first_host_is_dead_goes_on_with_the_others(tmp_path):
    fleet = Fleet.of(tmp_path, 3, web1={"dead": True})
    done = fleet.run(playbook="mailops.ses.rotate_credentials", ses_allowed_unreachable=1)
    assert fleet.have() == "onn", done.stdout
    assert "Keep the old credential: 1 host of 3 in the inventory may still use it: web1." in done.stdout


@pytest.mark.parametrize(("playbook", "verified"), [("rollout", {False}), ("rotate_credentials", {True})])
def test_a_rotation_logs_in_whatever_ses_verify_says(tmp_path, playbook, verified):
    fleet = Fleet.of(tmp_path, 2)
    done = fleet.run(playbook=f"mailops.ses.{playbook}", ses_verify=False, ses_max_connections="")
    assert (done.returncode, fleet.have()) == (0, "nn"), done.stdout
    assert {sent["verify"] for name in fleet.hosts for sent in fleet.host(name)["sent"]} == verified
    assert "may open 20 connections to SES together" in done.stdout
