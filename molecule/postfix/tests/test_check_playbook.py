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
