# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.ses_identity against an account on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from account_modules import Run, runner
from ansible_collections.mailops.ses.plugins.module_utils._aws import identity, session
from ansible_collections.mailops.ses.plugins.modules import ses_identity
from aws import Account

READS = {"GetEmailIdentity", "GetCallerIdentity"}


@pytest.fixture(scope="module")
def server() -> Iterator[Account]:
    with Account() as account:
        yield account


@pytest.fixture
def account(server: Account) -> Account:
    server.reset()
    server.region().sets["fleet"] = {}
    return server


@pytest.fixture
def run(account: Account, capsys: Any, monkeypatch: Any) -> Run:
    return runner(ses_identity, account, capsys, monkeypatch)


def writes(account: Account) -> list[str]:
    return [operation for operation, _region in account.calls if operation not in READS]


WHOLE = {
    "name": "example.com",
    "dkim": {"signing": True, "key_length": "RSA_2048_BIT"},
    "mail_from": {"domain": "bounce.example.com", "on_mx_failure": "REJECT_MESSAGE"},
    "configuration_set": "fleet",
    "tags": {"team": "mail"},
}


def test_a_domain_is_set_up_and_a_second_run_changes_nothing(run: Run, account: Account) -> None:
    result = run(**WHOLE)
    assert result["changed"] is True
    assert writes(account) == ["CreateEmailIdentity", "PutEmailIdentityMailFromAttributes"]
    found = result["identity"]
    assert (found["name"], found["verified"], found["verification_status"]) == ("example.com", False, "PENDING")
    assert found["mail_from"]["domain"] == "bounce.example.com"
    assert (found["configuration_set"], found["tags"]) == ("fleet", {"team": "mail"})
    account.calls.clear()
    again = run(**WHOLE)
    assert (again["changed"], again["identity"], writes(account)) == (False, found, [])
    assert again["dns_records"] == result["dns_records"]


def test_the_rows_for_dns(run: Run) -> None:
    rows = run(**WHOLE)["dns_records"]
    assert [row["type"] for row in rows] == ["CNAME", "CNAME", "CNAME", "MX", "TXT"]
    token = rows[0]["name"].partition(".")[0]
    assert rows[0] == {
        "type": "CNAME",
        "name": f"{token}._domainkey.example.com",
        "value": f"{token}.dkim.amazonses.com",
        "ttl": 1800,
    }
    assert rows[3]["value"] == "10 feedback-smtp.us-east-1.amazonses.com"
    assert rows[4]["value"] == '"v=spf1 include:amazonses.com ~all"'


def test_check_mode_changes_nothing_and_says_the_same(run: Run, account: Account) -> None:
    checked = run(**WHOLE, _ansible_check_mode=True)
    assert writes(account) == []
    assert [row["type"] for row in checked["dns_records"]] == ["MX", "TXT"]  # SES makes up the others
    done = run(**WHOLE)
    assert (checked["changed"], checked["diff"]) == (True, done["diff"])
    assert checked["identity"]["mail_from"]["domain"] == done["identity"]["mail_from"]["domain"]


@pytest.mark.parametrize(
    ("given", "written", "diff"),
    [
        ({"dkim": {"signing": False}}, "PutEmailIdentityDkimAttributes", {"dkim.signing": False}),
        (
            {"dkim": {"key_length": "RSA_1024_BIT"}},
            "PutEmailIdentityDkimSigningAttributes",
            {"dkim.key_length": "RSA_1024_BIT"},
        ),
        ({"mail_from": {"domain": ""}}, "PutEmailIdentityMailFromAttributes", {"mail_from.domain": ""}),
        ({"configuration_set": ""}, "PutEmailIdentityConfigurationSetAttributes", {"configuration_set": ""}),
        ({"tags": {"cost": "7"}}, "TagResource", {"tags": {"team": "mail", "cost": "7"}}),
    ],
)
def test_one_setting_is_one_call_and_the_others_stay(
    run: Run, account: Account, given: dict[str, Any], written: str, diff: dict[str, Any]
) -> None:
    run(**{**WHOLE, "mail_from": {"domain": "bounce.example.com"}})
    account.calls.clear()
    for check in (True, False):
        result = run(name="example.com", **given, _ansible_check_mode=check)
        assert result["changed"] is True
        assert result["diff"]["after"] == diff
        assert writes(account) == ([] if check else [written])
    assert run(name="example.com", **given)["changed"] is False


def test_an_identity_is_deleted_when_asked_alone(run: Run, account: Account) -> None:
    run(**WHOLE)
    result = run(name="example.com", state="absent", _ansible_check_mode=True)
    assert result["changed"] is True
    assert "example.com" in account.region().identities
    result = run(name="example.com", state="absent")
    assert (result["changed"], result["identity"]) == (True, None)
    assert account.region().identities == {}
    assert run(name="example.com", state="absent")["changed"] is False


def test_somebody_else_was_quicker(run: Run, account: Account) -> None:
    account.fault("CreateEmailIdentity", "AlreadyExistsException", times=1)
    result = run(name="example.com")
    assert result["changed"] is True
    assert "failed" not in result


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "example"}, "name has no dot"),
        ({"name": "a@b@example.com"}, "name "),
        (
            {"name": "example.com", "mail_from": {"domain": "example.com"}},
            "mail_from.domain is no subdomain of",
        ),
        ({"name": "example.com", "configuration_set": "nobody"}, "NotFoundException"),
    ],
)
def test_faulty_options(run: Run, options: dict[str, Any], words: str) -> None:
    result = run(**options)
    assert result["failed"] is True
    assert words in result["msg"]


def test_a_denied_call_names_the_permission(run: Run, account: Account) -> None:
    account.fault("CreateEmailIdentity", "AccessDeniedException", status=403)
    result = run(name="example.com")
    assert "Allow ses:CreateEmailIdentity to the user or role of the controller." in result["msg"]
    assert (result["code"], result["operation"]) == ("AccessDeniedException", "CreateEmailIdentity")


def test_the_documentation_has_the_options_and_the_results(run: Run) -> None:
    options = yaml.safe_load(ses_identity.DOCUMENTATION)["options"]
    assert set(options) == set(identity.ARGUMENTS) - set(session.ARGUMENTS)
    documented = yaml.safe_load(ses_identity.RETURN)
    result = run(**WHOLE)
    assert set(documented) == set(result) - {"changed", "invocation", "diff"}
    assert set(documented["identity"]["contains"]) == set(result["identity"])
