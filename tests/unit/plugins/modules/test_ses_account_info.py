# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.ses_account_info, and the table of findings, against an account on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from account_modules import Run, runner
from ansible_collections.mailops.ses.plugins.module_utils._aws import request, session
from ansible_collections.mailops.ses.plugins.module_utils._aws.findings import FINDINGS
from ansible_collections.mailops.ses.plugins.modules import ses_account_info
from aws import Account
from aws.account import HANG

ALLOW = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "arn:aws:ses:*:*:identity/example.com"}


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
    return runner(ses_account_info, account, capsys, monkeypatch)


@pytest.fixture
def ready(account: Account) -> str:
    """An account that lacks nothing; gives the relays' key."""
    region = account.region()
    region.production, region.max_24_hours, region.max_per_second = True, 50_000.0, 14.0
    account.verify("example.com")
    account.user("relay", ALLOW)
    return account.key("relay")[0]


def ids(result: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in result["findings"]]


def test_an_account_that_lacks_nothing(run: Run, ready: str, account: Account) -> None:
    result = run(identities=["example.com"], access_key_id=ready)
    assert result["changed"] is False
    assert result["caller"]["account"] == "123456789012"
    assert result["account"]["quota"] == {
        "max_24_hours": 50_000.0,
        "max_per_second": 14.0,
        "sent_24_hours": 0.0,
        "left": 50_000.0,
    }
    assert result["key"]["status"] == "Active"
    assert result["key"]["user"] == "relay"
    assert result["policy"]["allowed"] is True
    assert result["unread"] == {}
    assert ids(result) == ["key_unused"]  # nobody has sent yet


def verified_elsewhere(account: Account, key: str) -> dict[str, Any]:
    account.region().identities.clear()
    account.verify("example.com", "eu-west-1")
    return {"other_regions": ["us-east-1", "eu-west-1"]}


def nobody(account: Account, key: str) -> dict[str, Any]:
    account.region().identities.clear()
    return {}


def pending(account: Account, key: str) -> dict[str, Any]:
    account.region().identity("example.com").status = "PENDING"
    return {}


def failed(account: Account, key: str) -> dict[str, Any]:
    account.refuse("example.com", "HOST_NOT_FOUND")
    return {}


def mail_from(account: Account, key: str) -> dict[str, Any]:
    account.region().identity("example.com").mail_from = "bounce.example.com"
    account.region().identity("example.com").mail_from_status = "FAILED"
    return {}


def sandbox(account: Account, key: str) -> dict[str, Any]:
    account.region().production = False
    return {}


def paused(account: Account, key: str) -> dict[str, Any]:
    account.region().enforcement = "SHUTDOWN"
    return {}


def probation(account: Account, key: str) -> dict[str, Any]:
    account.region().enforcement = "PROBATION"
    return {}


def nearly(account: Account, key: str) -> dict[str, Any]:
    account.region().sent = 40_000.0
    return {}


def unknown(account: Account, key: str) -> dict[str, Any]:
    return {"access_key_id": "AKIAIOSFODNN7EXAMPLE"}


def foreign(account: Account, key: str) -> dict[str, Any]:
    account.foreign["AKIAIOSFODNN7EXAMPLE"] = "999999999999"
    return {"access_key_id": "AKIAIOSFODNN7EXAMPLE"}


def foreign_denied(account: Account, key: str) -> dict[str, Any]:
    account.fault("GetAccessKeyLastUsed", "AccessDenied", status=403)
    return foreign(account, key)


def inactive(account: Account, key: str) -> dict[str, Any]:
    account.user("other")
    return {"access_key_id": account.key("other", "Inactive")[0], "identities": []}


def no_set(account: Account, key: str) -> dict[str, Any]:
    account.user("all", {**ALLOW, "Resource": "*"})
    return {"configuration_set": "fleet", "access_key_id": account.key("all")[0]}


def paused_set(account: Account, key: str) -> dict[str, Any]:
    account.region().sets["fleet"] = {"SendingOptions": {"SendingEnabled": False}}
    return no_set(account, key)


def no_policy(account: Account, key: str) -> dict[str, Any]:
    account.user("other", {**ALLOW, "Action": "ses:SendEmail"})
    return {"access_key_id": account.key("other")[0]}


def no_policy_for_set(account: Account, key: str) -> dict[str, Any]:
    account.region().sets["fleet"] = {}
    return {"configuration_set": "fleet"}


def denied(account: Account, key: str) -> dict[str, Any]:
    account.fault("GetAccount", "AccessDenied", status=403)
    return {}


def outpaced(account: Account, key: str) -> dict[str, Any]:
    return {"fleet": {"hosts": 31, "connections": 310}}


def too_fast(account: Account, key: str) -> dict[str, Any]:
    return {"fleet": {"hosts": 31, "connections": 310, "rate": 155}}


def slow_enough(account: Account, key: str) -> dict[str, Any]:
    return {"fleet": {"hosts": 2, "connections": 310, "rate": 3}}


UNUSED = "key_unused"
CASES: list[tuple[Any, list[str], str]] = [
    (
        verified_elsewhere,
        ["domain_verified_elsewhere", UNUSED],
        "is verified in eu-west-1, not in us-east-1.",
    ),
    (nobody, ["domain_not_verified", UNUSED], "example.com is not set up in us-east-1: SES answers 554"),
    (pending, ["dkim_pending", UNUSED], "example.com waits for its DKIM rows"),
    (failed, ["domain_not_verified", UNUSED], "example.com has the status FAILED (HOST_NOT_FOUND) in us-east-1"),
    (mail_from, ["mail_from_failed", UNUSED], "SES sends from amazonses.com instead."),
    (sandbox, ["sandbox", UNUSED], "sends to verified recipients alone, 50,000 a day."),
    (paused, ["sending_paused", UNUSED], "(enforcement status SHUTDOWN)"),
    (probation, ["account_on_probation", UNUSED], "too many bounces or complaints"),
    (nearly, ["quota_nearly_used", UNUSED], "40,000 of 50,000 messages of the last 24 hours"),
    (unknown, ["key_unknown"], "The account 123456789012 has no access key AKIAIOSFODNN7EXAMPLE"),
    (foreign, ["key_of_another_account"], "belongs to the account 999999999999, and this is the account 123456789012."),
    (foreign_denied, ["key_of_another_account"], "belongs to the account 999999999999"),
    (inactive, ["key_inactive"], "of the IAM user other is Inactive: SES answers 535."),
    (no_set, ["configuration_set_missing", UNUSED], "The configuration set fleet is not there in us-east-1"),
    (paused_set, ["configuration_set_paused", UNUSED], "The configuration set fleet has sending switched off"),
    (
        no_policy,
        ["policy_lacks_send_raw_email", UNUSED],
        "the user other may not ses:SendRawEmail on",
    ),
    (
        no_policy_for_set,
        ["policy_lacks_send_raw_email", UNUSED],
        "on arn:aws:ses:us-east-1:123456789012:configuration-set/fleet",
    ),
    (denied, [UNUSED, "cannot_tell"], "The part account could not be read: GetAccount, AccessDenied."),
    (
        outpaced,
        ["fleet_outpaces_account", UNUSED],
        "31 hosts open up to 310 connections at once",
    ),
    (too_fast, ["fleet_outpaces_account", UNUSED], "31 hosts may send 155.0 messages a second together"),
]


@pytest.mark.parametrize(("spoil", "found", "words"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_what_an_account_lacks_is_found(
    run: Run, ready: str, account: Account, spoil: Any, found: list[str], words: str
) -> None:
    result = run(**{"identities": ["example.com"], "access_key_id": ready, **spoil(account, ready)})
    assert ids(result) == found
    assert any(words in finding["cause"] for finding in result["findings"]), result["findings"]
    assert all(finding["remedy"] and "{" not in finding["remedy"] for finding in result["findings"])


def test_hosts_with_a_rate_may_open_what_they_like(run: Run, ready: str, account: Account) -> None:
    options = {"identities": ["example.com"], "access_key_id": ready, **slow_enough(account, ready)}
    assert ids(run(**options)) == [UNUSED]


def test_each_row_of_the_table_is_provoked() -> None:
    assert {finding for _spoil, found, _words in CASES for finding in found} == {row.id for row in FINDINGS}


def test_a_sender_is_verified_by_a_domain_above(run: Run, ready: str) -> None:
    (found,) = run(identities=["Web@mail.example.com"], access_key_id=ready)["identities"]
    assert (found["sender"], found["name"], found["verified"]) == ("web@mail.example.com", "example.com", True)


def test_all_identities_are_listed_in_one_call(run: Run, account: Account) -> None:
    for number in range(20):
        account.verify(f"mail{number}.example.com")
    result = run()
    assert len(result["identities"]) == 20
    assert account.count("ListEmailIdentities") == 1


def test_each_part_fails_alone(run: Run, ready: str, account: Account) -> None:
    for operation in ("GetAccount", "GetEmailIdentity", "GetCallerIdentity", "ListAccessKeys", "GetConfigurationSet"):
        account.mend()
        account.fault(operation, "AccessDenied", status=403)
        result = run(identities=["example.com"], access_key_id=ready, configuration_set="fleet")
        (unread,) = result["unread"].values()
        assert unread["operation"] == operation
        assert "AccessDenied" in unread["message"]
        assert unread["remedy"].startswith("Allow ")


def test_a_throttled_call_is_tried_again(run: Run, ready: str, account: Account) -> None:
    account.fault("GetAccount", "TooManyRequestsException", status=429, times=1)
    assert run(identities=["example.com"])["unread"] == {}


def test_a_call_that_hangs_ends_and_the_others_are_told(run: Run, ready: str, account: Account) -> None:
    account.fault("ListAccessKeys", delay=HANG)
    result = run(identities=["example.com"], access_key_id=ready, timeout=6)
    assert {name: part["code"] for name, part in result["unread"].items()} == {"key": "Timeout", "policy": "Timeout"}
    assert result["identities"][0]["verified"] is True


def test_a_dead_endpoint(run: Run) -> None:
    result = run(endpoint_url="http://127.0.0.1:9", identities=["example.com"])
    assert {part["code"] for part in result["unread"].values()} == {"EndpointConnectionError"}


def test_no_credentials(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = run()
    assert result["failed"] is True
    assert "Unable to locate credentials." in result["msg"]


def test_no_region(run: Run) -> None:
    result = run(region=None)
    assert result["failed"] is True
    assert result["msg"].startswith("You must specify a region")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"identities": ["example"]}, "identities: 'example' has no dot"),
        ({"region": "us-east1"}, "region lacks a hyphen"),
        ({"other_regions": ["us_east_1"]}, "other_regions: 'us_east_1' contains an underscore"),
        ({"timeout": 0}, "timeout must be from 1 to 600 seconds."),
        ({"profile": "nobody"}, "ProfileNotFound"),
    ],
)
def test_faulty_options(run: Run, options: dict[str, Any], words: str) -> None:
    result = run(**options)
    assert result["failed"] is True
    assert words in result["msg"]


def test_no_boto3_and_one_that_is_too_old(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.boto3, "__version__", "1.34.9")
    assert "boto3 1.34.9 is too old for Amazon SES: install boto3 1.35.50 or newer" in run()["msg"]
    monkeypatch.setattr(session, "IMPORT_ERROR", "Traceback")
    assert "boto3 (>= 1.35.50)" in run()["msg"]


def test_the_documentation_has_the_options_and_the_results(run: Run, ready: str) -> None:
    options = yaml.safe_load(ses_account_info.DOCUMENTATION)["options"]
    assert set(options) == set(request.ARGUMENTS) - set(session.ARGUMENTS)
    documented = yaml.safe_load(ses_account_info.RETURN)
    result = run(identities=["example.com"], access_key_id=ready, configuration_set="fleet")
    assert set(documented) == set(result) - {"changed", "invocation"}
    for part in ("caller", "account", "key"):
        assert set(documented[part]["contains"]) == set(result[part])
    for part in ("identities", "findings"):
        assert set(documented[part]["contains"]) == set(result[part][0])
