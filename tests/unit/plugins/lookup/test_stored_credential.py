# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup mailops.ses.stored_credential against an account on loopback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import yaml
from account_modules import REGION, runner
from ansible.errors import AnsibleError
from ansible_collections.mailops.ses.plugins.lookup.stored_credential import DOCUMENTATION, credentials
from ansible_collections.mailops.ses.plugins.module_utils._aws import session
from ansible_collections.mailops.ses.plugins.modules import ses_smtp_credential
from aws import Account
from testbed.relay import ENVIRONMENT

SECRET = {"secretsmanager": "mail/ses"}
PARAMETER = {"ssm": "/mail/ses"}


@pytest.fixture(scope="module")
def server() -> Iterator[Account]:
    with Account() as account:
        yield account


@pytest.fixture
def account(server: Account, capsys: Any, monkeypatch: Any) -> Account:
    """An account whose user relay has a current key and one that waits, in both stores."""
    server.reset()
    run = runner(ses_smtp_credential, server, capsys, monkeypatch)
    for user, place in (("relay", SECRET), ("other", PARAMETER)):
        server.user(user)
        for state in ("present", "rotated"):
            run(user=user, store=place, state=state)
    server.calls.clear()
    return server


def read(*stores: Any, pending: bool = False) -> list[dict[str, str]]:
    options = {name: option.get("default") for name, option in session.ARGUMENTS.items()}
    return credentials(list(stores), {**options, "region": REGION}, pending)


@pytest.mark.parametrize("place", [SECRET, PARAMETER])
@pytest.mark.parametrize("pending", [False, True])
def test_it_reads_what_was_stored(account: Account, place: dict[str, str], pending: bool) -> None:
    (found,) = read(place, pending=pending)
    assert set(found) == {"username", "secret_access_key"}
    assert found["secret_access_key"] == account.secret_of(found["username"])
    assert len(account.calls) == 1


def test_a_store_is_read_once(account: Account) -> None:
    found = read(*[SECRET] * 100, PARAMETER, {**SECRET, "region": REGION})
    assert len(found) == 102
    assert account.count("GetSecretValue") == 1
    assert account.count("GetParameter") == 1


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ({"secretsmanager": "nobody"}, "The secret nobody (AWSCURRENT) is not there"),
        ({"ssm": "/nobody"}, "The parameter /nobody is not there"),
        ({"secretsmanager": "foreign"}, "is no JSON object"),
        ("mail/ses", "a store is a dictionary"),
        ({"region": REGION}, "a store is a dictionary"),
        ({**SECRET, "region": "us-east1"}, "region lacks a hyphen"),
    ],
)
def test_what_cannot_be_read_is_named_without_a_secret(account: Account, term: Any, words: str) -> None:
    boto3.client("secretsmanager", region_name=REGION).create_secret(Name="foreign", SecretString="hunter2")
    with pytest.raises(AnsibleError) as error:
        read(term)
    assert words in str(error.value)
    assert "hunter2" not in str(error.value)


def test_ansible_runs_it_and_it_has_the_documented_options(account: Account) -> None:
    """A boto3 option that no lookup has would be one that get_option does not know."""
    assert set(session.ARGUMENTS) < set(yaml.safe_load(DOCUMENTATION)["options"])
    text = f"{{{{ (query('mailops.ses.stored_credential', {SECRET}, region='{REGION}') | first).username }}}}"
    command = ["ansible", "localhost", "-m", "ansible.builtin.debug", "-a", json.dumps({"msg": text})]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**ENVIRONMENT, **account.environment}
    )
    assert read(SECRET)[0]["username"] in done.stdout, done.stdout + done.stderr
