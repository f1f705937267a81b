# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/troubleshooting.md tells a reader to run works as it stands there, but for the inventory and the hosts."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
from testbed.engine import ROOT
from testbed.relay import ENVIRONMENT, INVENTORY, RELAYS

testinfra_hosts = RELAYS[:1]
DOCUMENT = (ROOT / "docs" / "troubleshooting.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)\n```", DOCUMENT, re.DOTALL)
COMMANDS = sorted({text for language, text in BLOCKS if language == "sh"})
# The MTU is another scenario's: this one's hosts have nothing that manages their interfaces.
PLAYBOOKS = [text for language, text in BLOCKS if language == "yaml" and "ses_mtu" not in text]


def run(command: list[str], folder) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_nothing_else_to_run():
    assert {language for language, _text in BLOCKS} == {"sh", "yaml", "text"}  # text is for a person to adapt


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command(relay, endpoint, tmp_path, command):
    words = shlex.split(command)
    words[words.index("hosts")] = str(INVENTORY)
    run([*words, "--limit", relay.name], tmp_path)
    written = set(re.findall(r"`(ses-report/.+?)`", DOCUMENT)) if words[-1] == "mailops.ses.check" else set()
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.html")} == written


@pytest.mark.parametrize("text", PLAYBOOKS)
def test_a_playbook_and_mail_flows(relay, endpoint, tmp_path, text):
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(text.replace("hosts: mail", f"hosts: {relay.name}"))
    command = ["ansible-playbook", "-i", str(INVENTORY), str(playbook)]
    try:
        run(command, tmp_path)
        relay.arrived(endpoint, relay.send())
    finally:
        run([*command, "--extra-vars", "ses_egress_allowlist=absent"], tmp_path)
