# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of rollout_host: what a host is sent at each step, and what follows from its answer."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mailops.ses.plugins.action import rollout_host

PASSWORD = "BExampleExampleExampleExampleExampleExample1"
HELD = {"id": "credentials_invalid", "cause": "Wrong.", "remedy": "Mend it.", "source": "", "count": 2}


@pytest.fixture
def run(monkeypatch):
    """Run the action on a host that answers so; what it was sent, and the result."""

    def run(answer=None, check_mode=False, **arguments):
        sent = []

        def execute(**given):
            sent.append(given["module_args"])
            return dict(answer or {})

        action = object.__new__(rollout_host.ActionModule)
        action._task = SimpleNamespace(args={"mta": "postfix", **arguments}, check_mode=check_mode)
        monkeypatch.setattr(rollout_host.ActionBase, "run", lambda *_given: {})
        monkeypatch.setattr(action, "_execute_module", execute, raising=False)
        return sent, action.run(None, {})

    return run


@pytest.mark.parametrize(("step", "secret"), [("change", True), ("look", False), ("back", False), ("restore", False)])
def test_a_host_gets_secrets_only_for_a_change(run, step, secret):
    ((sent,), _result) = run(step=step, smtp_password=PASSWORD, fallback=[{"smtp_password": PASSWORD}])
    assert (PASSWORD in str(sent)) == secret


def test_a_host_that_was_not_reached_is_not_asked_again(run):
    sent, result = run(step="look", change={"unreachable": True})
    assert (sent, result["changed"]) == ([], False)


def test_a_queue_that_is_worse_than_before_the_change_fails(run):
    _sent, result = run({"queue": {"causes": [HELD]}}, step="look", change={"queue": {}})
    assert (result["failed"], result["causes"][0]["id"]) == (True, "credentials_invalid")
    _sent, result = run({"queue": {"causes": [HELD]}}, step="look", change={"queue": {"causes": [HELD]}})
    assert "failed" not in result


def test_a_look_that_fails_keeps_its_own_words(run):
    before = {"queue": {"messages": 0, "causes": []}}
    assert "cannot be any more" in run({"queue": {}}, step="look", change=before)[1]["msg"]
    assert run({"failed": True, "msg": "No python3."}, step="look", change=before)[1]["msg"] == "No python3."


def test_a_plan_does_not_fail_for_a_host_that_is_refused(run):
    _sent, result = run({"failed": True, "msg": "Why."}, check_mode=True)
    assert (result["failed"], result["refused"], result["msg"]) == (False, True, "Why.")
    sent, result = run(check_mode=True, mta="exim4")
    assert (sent, result["refused"]) == ([], True)
    with pytest.raises(AnsibleActionFail, match="is no MTA"):
        run(mta="exim4")


def test_the_reason_to_go_back_comes_with_the_result(run):
    assert run({"state": "rolled_back"}, step="back", reason="apt failed")[1]["reason"] == "apt failed"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"msg": "No package."}, "No package."),
        (
            {"msg": "One or more items failed", "results": [{}, {"failed": True, "msg": "Bad.", "stderr": "E: 404"}]},
            "Bad. E: 404",
        ),
        ({}, "a task failed without a word"),
    ],
)
def test_what_keeps_the_replaced_mta_from_coming_back_is_told_without_a_host(run, fault, words):
    sent, result = run(step="back", fault=fault, reason="no mail")
    assert (sent, result["state"], result["reason"]) == ([], "broken", "no mail")
    assert result["msg"] == f"The MTA that was replaced is not back: {words}"


@pytest.mark.parametrize(("queue", "steps"), [({"causes": []}, ["look", "forget"]), ({"causes": [HELD]}, ["look"])])
def test_what_is_kept_of_a_replaced_mta_goes_once_the_second_look_is_good(run, queue, steps):
    sent, _result = run({"queue": queue}, step="look", change={"queue": {"messages": 0}, "kept": True})
    assert [given["step"] for given in sent] == steps
    sent, _result = run({"queue": queue}, step="look", change={"queue": {"messages": 0}})
    assert [given["step"] for given in sent] == ["look"]
