# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of relay_config: which secrets it sends, what it says of the others, and which MTA it takes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mailops.ses.plugins.action import relay_config

GOOD = {"smtp_password": "BExampleExampleExampleExampleExampleExample1", "secret_access_key": None}


@pytest.fixture
def sent(monkeypatch):
    """The arguments with which the module is run."""

    def sent(**arguments):
        action = object.__new__(relay_config.ActionModule)
        action._task = SimpleNamespace(args={"mta": "postfix", **arguments})
        monkeypatch.setattr(relay_config.ActionBase, "run", lambda *_given: {})
        monkeypatch.setattr(action, "_execute_module", lambda **given: given, raising=False)
        return action.run(None, {})["module_args"]

    return sent


def test_a_sound_secret_is_sent(sent):
    assert sent(**GOOD) == {"mta": "postfix", **GOOD, "credential_faults": {"ses_smtp_password": ""}}


@pytest.mark.parametrize("value", [587, ["a"], "short", "with a space in it"])
def test_a_secret_with_a_fault_is_told_and_not_sent(sent, value):
    arguments = sent(**{**GOOD, "smtp_password": value})
    assert "smtp_password" not in arguments
    assert arguments["credential_faults"]["ses_smtp_password"]
    assert "with a space" not in str(arguments)


def test_nothing_is_said_of_a_secret_that_is_not_given(sent):
    assert sent()["credential_faults"] == {}


@pytest.mark.parametrize("mta", ["exim4", ["postfix"], None])
def test_an_mta_that_nothing_is_known_of_is_refused_before_anything_is_sent(sent, mta):
    with pytest.raises(AnsibleActionFail, match="is no MTA that can relay here; use postfix or sendmail"):
        sent(**GOOD, mta=mta)


@pytest.mark.parametrize("value", ["maybe", 2, ["true"], {}])
def test_whether_to_log_in_is_true_or_false(sent, value):
    with pytest.raises(AnsibleActionFail, match=r"^ses_verify .* is neither true nor false\.$"):
        sent(**GOOD, verify=value)
    assert sent(**GOOD, verify="no")["verify"] == "no"


def test_the_secrets_of_further_ways_are_sent_apart(sent):
    given = [{"region": "eu-west-1", "smtp_password": GOOD["smtp_password"]}]
    arguments = sent(**GOOD, fallback=given)
    assert GOOD["smtp_password"] not in str(arguments["fallback"])
    assert arguments["fallback_secrets"] == [{"smtp_password": GOOD["smtp_password"]}]
    assert arguments["credential_faults"]["ses_fallback[0].smtp_password"] == ""


def test_a_secret_of_a_further_way_with_a_fault_is_told_and_not_sent(sent):
    arguments = sent(**GOOD, fallback=[{"region": "eu-west-1", "secret_access_key": "with a space in it"}])
    assert "with a space" not in str(arguments)
    assert "space" in arguments["credential_faults"]["ses_fallback[0].secret_access_key"]


def test_what_is_no_list_of_ways_is_refused_before_anything_is_sent(sent):
    with pytest.raises(AnsibleActionFail, match="ses_fallback is no list") as refused:
        sent(**GOOD, fallback="eu-west-1")
    # Of one that has an exception before it ansible-core 2.16 shows a traceback.
    assert refused.value.__context__ is None


def test_the_secrets_of_identities_are_sent_apart_and_those_with_a_fault_not_at_all(sent):
    given = [
        {"sender": "a.example", "smtp_password": GOOD["smtp_password"]},
        {"sender": "b.example", "smtp_password": "a b"},
    ]
    arguments = sent(**GOOD, identities=given)
    assert GOOD["smtp_password"] not in str(arguments["identities"])
    assert arguments["identity_secrets"] == [{"smtp_password": GOOD["smtp_password"]}, {}]
    assert arguments["credential_faults"]["ses_identities[1].smtp_password"]
