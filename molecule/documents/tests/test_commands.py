# SPDX-License-Identifier: GPL-3.0-or-later
"""Each block of commands runs as it stands, or is listed here with what runs it."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from conftest import PASSWORD, USER
from testbed.documents import block, blocks
from testbed.engine import ROOT

ELSEWHERE = {
    ("README.md", "See it work"): "`make test` by CI, which is this run; `make demo` by the scenario `check_playbook`",
    ("README.md", "Install"): "the project's fixture, in a copy of the checkout",
    ("CONTRIBUTING.md", "Before a pull request"): "by CI's `make test`",
    ("credentials.md", "Ansible Vault"): "test_credentials.py",
    ("credentials.md", "Rotate"): "the scenario `rollout`",
    ("fleets.md", "Roll out"): "the scenario `rollout`",
    ("ansible-pull.md", "ansible-pull"): "test_ansible_pull.py",
    ("molecule.md", "Test a role of your own"): "the scenario `consumer`",
    ("upgrade.md", "Pin it"): "test_a_requirements_file_installs_it",
}
TROUBLESHOOTING = ("troubleshooting.md", "troubleshooting.ja.md")  # the scenario `postfix` runs theirs
ACCOUNT = "aws.md"  # test_aws.py runs its own
HERE = [
    item
    for item in blocks("sh")
    if (item.document, item.heading) not in ELSEWHERE and item.document not in (*TROUBLESHOOTING, ACCOUNT)
]
TASKS = "molecule.md"  # has a role's tasks, which the scenario `consumer` runs
# Once, where a role's README has that of the top.
PLAYBOOKS = {
    item.text: item
    for item in reversed(blocks("yaml"))
    if isinstance(yaml.safe_load(item.text), list) and item.document not in (ACCOUNT, TASKS)
}
# By now the host has the other MTA.
REPLACES = {"sendmail/README.md": "-e ses_replace_mta=true"}


@pytest.mark.parametrize("item", HERE, ids=str)
def test_the_commands_run(plain, neighbour, item):
    if re.search("^make ", item.text, re.MULTILINE) or item.document == "CONTRIBUTING.md":
        plain.bash(item.text, cwd=ROOT, TESTBED=neighbour)
    else:
        plain.bash(item.text)


@pytest.mark.parametrize("item", PLAYBOOKS.values(), ids=str)
def test_the_playbooks_run(plain, item):
    """In check mode, on group `mail`; the one of ansible-pull, whose host is the controller, is only parsed."""
    plain.write("playbook.yml", item.text)
    plain.write("vault.json", json.dumps({"vault_ses_smtp_username": USER, "vault_ses_smtp_password": PASSWORD}))
    mode = "--syntax-check" if "hosts: localhost" in item.text else "--check --diff"
    given = "-e @vault.json" if "vault_" in item.text else ""
    if given:
        plain.variables()
    plain.bash(f"ansible-playbook -i hosts playbook.yml {mode} {given} {REPLACES.get(item.document, '')}")


def test_a_requirements_file_installs_it(project, tmp_path):
    project.write("requirements.yml", block("upgrade.md", "type: file"))
    project.bash(block("upgrade.md", "-r requirements.yml"), ANSIBLE_COLLECTIONS_PATH=str(tmp_path))
    assert (tmp_path / "ansible_collections/mailops/ses/playbooks/relay.yml").is_file()


def test_what_runs_elsewhere_is_there():
    assert set(ELSEWHERE) <= {(item.document, item.heading) for item in blocks("sh")}
