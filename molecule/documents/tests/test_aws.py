# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/aws.md: its playbooks run as they stand, and lead from an empty account to a relay that logs in."""

from __future__ import annotations

import json

import pytest
import yaml
from aws import Account
from testbed.documents import block, blocks

DOCUMENT = "aws.md"
REGION = "us-east-1"
USER, INVENTORY, COMMANDS = "amazon.aws.iam_user", "ses_aws_user: relay", "mailops.ses.aws "
PLAYBOOKS = [
    item
    for item in blocks("yaml")
    if item.document == DOCUMENT and isinstance(yaml.safe_load(item.text), list) and USER not in item.text
]


@pytest.fixture
def account(endpoint, project):
    """An account that has nothing but the user and the policy of the document, and the endpoint that it is behind."""
    with Account([REGION]) as account:
        account.join(endpoint, REGION)
        project.variables()
        project.write("playbook.yml", block(DOCUMENT, USER))
        project.bash("ansible-playbook -i hosts playbook.yml", **account.environment)
        yield account


def test_from_nothing(project, account):
    project.write("group_vars/mail/ses.yml", block(DOCUMENT, INVENTORY))
    project.bash(block(DOCUMENT, COMMANDS), **account.environment)
    assert account.region().identity("example.com").configuration_set is None
    project.bash("ansible-playbook -i hosts mailops.ses.check", **account.environment)
    assert project.stage() == "auth"


@pytest.mark.parametrize("item", PLAYBOOKS, ids=str)
def test_a_playbook_runs(project, account, item):
    key, _secret = account.key("relay")
    project.write("playbook.yml", item.text)
    given = json.dumps({"vault_ses_smtp_username": key})
    project.bash(f"ansible-playbook -i hosts playbook.yml -e '{given}'", **account.environment)
