# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.ses_configuration_set against an account on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from account_modules import Run, runner
from ansible_collections.mailops.ses.plugins.module_utils._aws import configuration_set, session
from ansible_collections.mailops.ses.plugins.modules import ses_configuration_set
from aws import Account

TOPIC = "arn:aws:sns:us-east-1:123456789012:bounces"
WHOLE = {
    "name": "fleet",
    "tls_policy": "REQUIRE",
    "reputation_metrics": True,
    "sending_enabled": True,
    "suppressed_reasons": ["COMPLAINT", "BOUNCE"],
    "max_delivery_seconds": 600,
    "events": [{"name": "bounces", "types": ["COMPLAINT", "BOUNCE"], "sns": TOPIC}],
}


@pytest.fixture(scope="module")
def server() -> Iterator[Account]:
    with Account() as account:
        yield account


@pytest.fixture
def account(server: Account) -> Account:
    server.reset()
    return server


@pytest.fixture
def run(account: Account, capsys: Any, monkeypatch: Any) -> Run:
    return runner(ses_configuration_set, account, capsys, monkeypatch)


def writes(account: Account) -> list[str]:
    return [operation for operation, _region in account.calls if not operation.startswith("Get")]


def test_a_set_is_made_and_a_second_run_changes_nothing(run: Run, account: Account) -> None:
    checked = run(**WHOLE, _ansible_check_mode=True)
    assert writes(account) == []
    result = run(**WHOLE)
    assert writes(account) == ["CreateConfigurationSet", "CreateConfigurationSetEventDestination"]
    assert (checked["changed"], checked["diff"]) == (True, result["diff"])
    assert checked["configuration_set"] == result["configuration_set"]
    assert result["configuration_set"] == {
        "name": "fleet",
        "exists": True,
        "tls_policy": "REQUIRE",
        "max_delivery_seconds": 600,
        "reputation_metrics": True,
        "sending_enabled": True,
        "suppressed_reasons": ["BOUNCE", "COMPLAINT"],
        "events": ["bounces"],
    }
    account.calls.clear()
    again = run(**WHOLE)
    assert (again["changed"], writes(account)) == (False, [])


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"tls_policy": "OPTIONAL"}, "PutConfigurationSetDeliveryOptions"),
        ({"tls_policy": "OPTIONAL", "max_delivery_seconds": 900}, "PutConfigurationSetDeliveryOptions"),
        ({"reputation_metrics": False}, "PutConfigurationSetReputationOptions"),
        ({"sending_enabled": False}, "PutConfigurationSetSendingOptions"),
        ({"suppressed_reasons": []}, "PutConfigurationSetSuppressionOptions"),
        (
            {"events": [{"name": "bounces", "types": ["BOUNCE"], "sns": TOPIC}]},
            "UpdateConfigurationSetEventDestination",
        ),
        (
            {"events": [{"name": "all", "types": ["SEND"], "firehose": {"stream": "arn:s", "role": "arn:r"}}]},
            "CreateConfigurationSetEventDestination",
        ),
        ({"events": [{"name": "bounces", "state": "absent"}]}, "DeleteConfigurationSetEventDestination"),
    ],
)
def test_a_change_is_one_call_and_the_others_stay(
    run: Run, account: Account, given: dict[str, Any], written: str
) -> None:
    run(**WHOLE)
    before = run(**WHOLE)["configuration_set"]
    account.region().sets["fleet"]["DeliveryOptions"]["SendingPoolName"] = "pool"
    account.calls.clear()
    checked = run(name="fleet", **given, _ansible_check_mode=True)
    assert (checked["changed"], writes(account)) == (True, [])
    result = run(name="fleet", **given)
    assert writes(account) == [written]
    assert result["configuration_set"] == checked["configuration_set"]
    untouched = set(before) - set(given)
    assert {key: result["configuration_set"][key] for key in untouched} == {key: before[key] for key in untouched}
    assert account.region().sets["fleet"]["DeliveryOptions"]["SendingPoolName"] == "pool"
    assert run(name="fleet", **given)["changed"] is False


def test_a_set_is_deleted_when_asked_alone(run: Run, account: Account) -> None:
    run(**WHOLE)
    assert run(name="fleet", state="absent", _ansible_check_mode=True)["changed"] is True
    assert "fleet" in account.region().sets
    assert run(name="fleet", state="absent")["changed"] is True
    assert account.region().sets == {}
    assert run(name="fleet", state="absent")["changed"] is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "my fleet"}, "name must be 1 to 64 letters"),
        ({"name": "fleet", "max_delivery_seconds": 60}, "max_delivery_seconds must be from 300 to 50400."),
        ({"name": "fleet", "events": [{"name": "x"}]}, "events: 'x' needs types, and one of sns"),
        ({"name": "fleet", "events": [{"name": "x", "sns": "a", "eventbridge": "b"}]}, "mutually exclusive"),
    ],
)
def test_faulty_options(run: Run, options: dict[str, Any], words: str) -> None:
    result = run(**options)
    assert result["failed"] is True
    assert words in result["msg"]


def test_the_documentation_has_the_options_and_the_results(run: Run) -> None:
    options = yaml.safe_load(ses_configuration_set.DOCUMENTATION)["options"]
    assert set(options) == set(configuration_set.ARGUMENTS) - set(session.ARGUMENTS)
    documented = yaml.safe_load(ses_configuration_set.RETURN)
    result = run(**WHOLE)
    assert set(documented) == set(result) - {"changed", "invocation", "diff"}
    assert set(documented["configuration_set"]["contains"]) == set(result["configuration_set"])
