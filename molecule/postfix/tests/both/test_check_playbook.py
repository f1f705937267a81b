# SPDX-License-Identifier: GPL-3.0-or-later
"""The check playbook: which host can send, on which port; where not, why."""

from __future__ import annotations

import json
import re

from testbed.relay import RELAYS

testinfra_hosts = RELAYS
DEAD = {"all": {"hosts": {"dead": {"ansible_connection": "containers.podman.podman", "ansible_host": "ses-nobody"}}}}


def test_it_tells_which_port_to_use(relay, endpoint, tmp_path):
    endpoint.fault(refuse=True, ports=[587])
    done = relay.playbook(name="mailops.ses.check", ses_report_dir=str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert re.search(rf"{relay.name} .* 2587 .*TLSv1", done.stdout)
    assert "port_refused" in done.stdout


def test_the_report_tells_what_waits_in_the_queue(relay, endpoint, tmp_path):
    endpoint.fault(stage="mail", reply="454 Throttling failure: Maximum sending rate exceeded.")
    relay.deferred(relay.send(), "454")
    done = relay.playbook(name="mailops.ses.check", ses_report_dir=str(tmp_path))
    assert done.returncode == 0, done.stdout  # it can send
    (host,) = json.loads((tmp_path / "report.json").read_text())["hosts"]
    assert (host["queue"]["mta"], host["queue"]["messages"]) == (relay.mta.name, 1)
    assert [reason["diagnosis"] for reason in host["queue"]["reasons"]] == ["rate_exceeded"]


def test_it_fails_where_a_host_cannot_send(relay, endpoint, tmp_path):
    done = relay.playbook(name="mailops.ses.check", ses_report_dir=str(tmp_path), ses_secret_access_key="A" * 40)
    assert done.returncode != 0
    assert f"Cannot send: {relay.name}" in done.stdout
    assert "535" in done.stdout


def test_a_dead_host_is_named_and_stops_nobody(relay, endpoint, tmp_path):
    inventory = tmp_path / "dead.yml"
    inventory.write_text(json.dumps(DEAD))
    limit = ("-i", str(inventory), "--limit", f"{relay.name},dead")
    done = relay.playbook(*limit, name="mailops.ses.check", ses_report_dir=str(tmp_path))
    assert done.returncode != 0
    assert "Unreachable: dead." in done.stdout
    assert re.search(rf"{relay.name} .* 587 .*TLSv1", done.stdout)
    assert "host_unreachable: dead" in done.stdout


RECIPIENT = "success@simulator.amazonses.com"
UNVERIFIED = (
    "554 Message rejected: Email address is not verified. The following identities failed the check in region "
    "US-EAST-1: root@corp.test"
)


def test_a_host_whose_mail_does_not_arrive_cannot_send(relay, endpoint, tmp_path):
    options = {"name": "mailops.ses.check", "ses_report_dir": str(tmp_path), "ses_probe_recipient": RECIPIENT}
    endpoint.fault(stage="eod", reply=UNVERIFIED)
    done = relay.playbook(**options)
    assert done.returncode != 0
    assert f"Cannot send: {relay.name}." in done.stdout
    (host,) = json.loads((tmp_path / "report.json").read_text())["hosts"]
    assert (host["probe"]["state"], host["probe"]["delivered"]) == ("bounced", False)
    assert [item["id"] for item in host["diagnosis"] if item["stops_sending"]] == ["identity_not_verified"]
    endpoint.reset()
    assert relay.playbook(**options).returncode == 0
    (host,) = json.loads((tmp_path / "report.json").read_text())["hosts"]
    assert (host["state"], host["probe"]["state"]) == ("can_send", "delivered")
    assert host["probe"]["message_id"] in arrived(endpoint)


def test_the_role_fails_where_its_mail_does_not_arrive(relay, endpoint):
    variables = {"ses_masquerade_domain": "example.com", "ses_probe_recipient": RECIPIENT}
    relay.settle(ses_masquerade_domain="example.com")
    endpoint.fault(stage="eod", reply=UNVERIFIED)
    done = relay.playbook(**variables)
    assert done.returncode != 0
    assert "These identities" in done.stdout
    before = arrived(endpoint)
    endpoint.reset()
    done = relay.playbook(**variables)
    assert done.returncode == 0, done.stdout
    assert "changed=0" in done.stdout.partition("PLAY RECAP")[2]
    (name,) = [name for name in arrived(endpoint) if name not in before]
    assert name in done.stdout


def arrived(endpoint):
    """SES's IDs of the mail that the endpoint took."""
    return [message["id"] for session in endpoint.sessions() for message in session["messages"]]
