# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/upgrade.md's playbooks remove the relay, and not while mail waits that cannot be delivered."""

from __future__ import annotations

from conftest import HOST
from testbed import documents
from testbed.relay import ALL_RELAYS

testinfra_hosts = [name for name in ALL_RELAYS if name.endswith(HOST)]
UNINSTALL = "ansible-playbook -i hosts uninstall.yml"


def uninstall(relay, plain, command, folder):
    """Run the playbook, after which nothing of the MTA is there."""
    plain.bash(UNINSTALL)
    assert relay.host.check_output("find /etc/systemd -name '*mailops*'") == ""
    assert not relay.host.exists(command)
    assert not relay.host.file(folder).exists
    assert not relay.host.socket("tcp://127.0.0.1:25").is_listening


def test_nothing_is_left_and_no_mail_is_lost(relay, plain, endpoint):
    plain.bash("ansible-playbook -i hosts mailops.ses.relay")
    plain.write("uninstall.yml", documents.block("upgrade.md", "Remove the relay"))
    endpoint.fault(stage="mail", reply="454 Throttling failure: Maximum sending rate exceeded.")
    relay.deferred(relay.send(), "454")
    refused = plain.run(UNINSTALL)
    assert "454" in refused.stdout + refused.stderr
    assert relay.host.service("postfix").is_running
    relay.empty()
    uninstall(relay, plain, "postconf", "/etc/postfix")


def test_nothing_of_sendmail_is_left(relay, plain):
    """With mail that waits, the module that stops it has a scenario: `change_mta`."""
    plain.bash("ansible-playbook -i hosts mailops.ses.relay -e ses_mta=sendmail")
    assert relay.host.service("sendmail").is_running
    plain.write("uninstall.yml", documents.block("upgrade.md", "Remove Sendmail"))
    uninstall(relay, plain, "sendmail", "/etc/mail")
