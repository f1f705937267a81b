# SPDX-License-Identifier: GPL-3.0-or-later
"""Each block of commands runs as it stands, or is listed here with what runs it."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from conftest import PASSWORD, USER, neighbour
from testbed.documents import blocks
from testbed.engine import ROOT

ELSEWHERE = {
    ("README.md", "See it work"): "`make test` by CI, which is this run; `make demo` by the scenario `check_playbook`",
    ("CONTRIBUTING.md", "Before a pull request"): "by CI's `make test`",
    ("credentials.md", "Ansible Vault"): "test_credentials.py",
    ("ansible-pull.md", "ansible-pull"): "test_ansible_pull.py",
}
TROUBLESHOOTING = ("troubleshooting.md", "troubleshooting.ja.md")  # the scenario `postfix` runs theirs
HERE = [
    item
    for item in blocks("sh")
    if (item.document, item.heading) not in ELSEWHERE and item.document not in TROUBLESHOOTING
]
PLAYBOOKS = [item for item in blocks("yaml") if isinstance(yaml.safe_load(item.text), list)]


@pytest.mark.parametrize("block", HERE, ids=str)
def test_the_commands_run(plain, block):
    if re.search("^make ", block.text, re.MULTILINE) or block.document == "CONTRIBUTING.md":
        plain.bash(block.text, cwd=ROOT, TESTBED=neighbour())
    else:
        plain.bash(block.text)


@pytest.mark.parametrize("block", PLAYBOOKS, ids=str)
def test_the_playbooks_run(plain, block):
    """In check mode, on group `mail`; the one of ansible-pull, whose host is the controller, is only parsed."""
    plain.write("playbook.yml", block.text)
    plain.write("vault.json", json.dumps({"vault_ses_smtp_username": USER, "vault_ses_smtp_password": PASSWORD}))
    mode = "--syntax-check" if "hosts: localhost" in block.text else "--check --diff"
    given = "-e @vault.json" if "vault_" in block.text else ""
    if given:
        plain.variables()
    plain.bash(f"ansible-playbook -i hosts playbook.yml {mode} {given}")


def test_what_runs_elsewhere_is_there():
    assert set(ELSEWHERE) <= {(item.document, item.heading) for item in blocks("sh")}
