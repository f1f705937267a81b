# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's playbook is a playbook that works."""

from __future__ import annotations

from testbed import documents
from testbed.relay import RELAYS

testinfra_hosts = RELAYS


def test_the_readmes_playbook_makes_a_relay(relay, endpoint, tmp_path):
    playbook = tmp_path / "relay.yml"
    playbook.write_text(
        documents.playbook("README.md", "role: mailops.ses.postfix\n", relay.name).replace(
            "ses.postfix", f"ses.{relay.mta.name}"
        )
    )
    user, password = relay.mta.credential(relay.mta.keys("email-smtp.us-east-1.amazonaws.com")[0])
    vault = tmp_path / "vault.yml"
    # Without the inventory's key: the playbook has a password alone.
    vault.write_text(
        f"vault_ses_smtp_username: {user}\nvault_ses_smtp_password: {password}\nses_secret_access_key: null\n"
    )
    done = relay.playbook("-e", f"@{vault}", name=str(playbook))
    assert done.returncode == 0, done.stdout + done.stderr
    _, message = relay.arrived(endpoint, relay.send())
    assert message["from"] == "root@example.com"
