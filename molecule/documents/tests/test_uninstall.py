# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/upgrade.md's playbook removes the relay, and not while mail waits."""

from __future__ import annotations

from conftest import HOST
from testbed import documents
from testbed.relay import ALL_RELAYS

testinfra_hosts = [name for name in ALL_RELAYS if name.endswith(HOST)]
UNINSTALL = "ansible-playbook -i hosts uninstall.yml"


def test_nothing_is_left_and_no_mail_is_lost(relay, plain, endpoint):
    plain.bash("ansible-playbook -i hosts mailops.ses.relay")
    plain.write("uninstall.yml", documents.block("upgrade.md", "Remove the relay"))
    endpoint.fault(stage="mail", reply="454 Throttling failure: Maximum sending rate exceeded.")
    relay.deferred(relay.send(), "454")
    refused = plain.run(UNINSTALL)
    assert "1 messages wait" in refused.stdout
    assert relay.host.exists("postconf")
    relay.empty()
    plain.bash(UNINSTALL)
    assert not relay.host.exists("postconf")
    assert not relay.host.file("/etc/postfix").exists
