# SPDX-License-Identifier: GPL-3.0-or-later
"""The account that tests talk to, and the SMTP endpoint that it is joined with: one knows what the other does."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator

import boto3
import pytest
from aws import Account
from botocore.exceptions import ClientError
from ses_simulator import Simulator
from ses_simulator.credentials import derive
from simulated import simulated

REGION = "us-east-1"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with Account() as account:
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        yield account


@pytest.fixture
def simulator(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated(tmp_path_factory.mktemp("simulator"), {}, REGION) as simulator:
        account.join(simulator, REGION)
        yield simulator


def send(simulator: Simulator, key: tuple[str, str], sender: str, recipient: str) -> str:
    """One mail with this key; gives SES's last reply."""
    with smtplib.SMTP("127.0.0.1", simulator.ports[587]) as smtp:
        context = ssl.create_default_context(cafile=simulator.ca_file)
        smtp._host = f"email-smtp.{REGION}.amazonaws.com"  # type: ignore[attr-defined]  # whose certificate it is
        smtp.starttls(context=context)
        try:
            smtp.login(key[0], derive(key[1], REGION))
            smtp.sendmail(sender, recipient, f"From: {sender}\nTo: {recipient}\n\nhello\n")
        except smtplib.SMTPResponseException as error:
            return f"{error.smtp_code} {error.smtp_error!r}"
        except smtplib.SMTPDataError as error:
            return f"{error.smtp_code} {error.smtp_error!r}"
    return "250"


def test_a_key_logs_in_and_an_inactive_one_does_not(account: Account, simulator: Simulator) -> None:
    account.user("relay")
    account.verify("example.com")
    account.region().production = True
    iam = boto3.client("iam", region_name=REGION)
    made = iam.create_access_key(UserName="relay")["AccessKey"]
    key = made["AccessKeyId"], made["SecretAccessKey"]
    assert send(simulator, key, "web@example.com", "a@stranger.example") == "250"
    iam.update_access_key(UserName="relay", AccessKeyId=key[0], Status="Inactive")
    assert send(simulator, key, "web@example.com", "a@stranger.example").startswith("535")
    used = iam.get_access_key_last_used(AccessKeyId=key[0])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("ses", REGION)


def test_a_new_key_is_known_later(account: Account, simulator: Simulator) -> None:
    account.user("relay")
    account.verify("example.com")
    account.region().production, account.propagation = True, 3600.0
    key = account.key("relay")
    assert send(simulator, key, "web@example.com", "a@stranger.example").startswith("535")
    account.propagation = 0.0
    account.tell()
    assert send(simulator, key, "web@example.com", "a@stranger.example") == "250"


def test_identities_and_the_sandbox_are_the_accounts(account: Account, simulator: Simulator) -> None:
    account.user("relay")
    key = account.key("relay")
    ses = boto3.client("sesv2", region_name=REGION)
    ses.create_email_identity(EmailIdentity="example.com")
    assert "not verified" in send(simulator, key, "web@example.com", "success@simulator.amazonses.com")
    account.verify("example.com")
    assert send(simulator, key, "web@example.com", "success@simulator.amazonses.com") == "250"
    refused = send(simulator, key, "web@example.com", "a@stranger.example")
    assert refused.startswith("554")
    assert "a@stranger.example" in refused
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 1
    account.region().max_24_hours = 1.0
    account.tell()
    assert "Daily message quota exceeded" in send(simulator, key, "web@example.com", "success@simulator.amazonses.com")


def test_an_identity_twice_and_an_unknown_operation(account: Account) -> None:
    ses = boto3.client("sesv2", region_name=REGION)
    ses.create_email_identity(EmailIdentity="example.com")
    with pytest.raises(ses.exceptions.AlreadyExistsException):
        ses.create_email_identity(EmailIdentity="example.com")
    with pytest.raises(ClientError, match="UnknownOperationException"):
        ses.list_contact_lists()


@pytest.mark.parametrize("path", ["/v2/email/identities", "/v2/email/list-identities"])
def test_the_list_is_at_the_path_of_each_botocore(account: Account, path: str) -> None:
    from aws.ses import operation_of  # noqa: PLC0415  (what it is made of, for this test alone)

    method = "GET" if path.endswith("/identities") and "list" not in path else "POST"
    found = operation_of(method, path)
    assert found is not None
    assert found[0] == "ListEmailIdentities"
