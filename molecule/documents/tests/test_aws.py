# SPDX-License-Identifier: GPL-3.0-or-later
"""Each block of docs/aws.md runs as it stands, against an account on loopback."""

from __future__ import annotations

import json

import pytest
from aws import Account
from conftest import PASSWORD
from testbed.documents import blocks

BLOCKS = [item for item in blocks("yaml", "sh") if item.document == "aws.md"]
ALLOW = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}


@pytest.fixture
def account():
    with Account() as account:
        account.user("relay", ALLOW)
        yield account


@pytest.mark.parametrize("item", BLOCKS, ids=str)
def test_it_runs(plain, account, item):
    if item.language == "sh":
        plain.bash(item.text, **account.environment)
        return
    key, _secret = account.key("relay")
    plain.write("playbook.yml", item.text)
    plain.write("vault.json", json.dumps({"vault_ses_smtp_username": key, "vault_ses_smtp_password": PASSWORD}))
    plain.bash("ansible-playbook -i hosts playbook.yml -e @vault.json", **account.environment)
