# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-doc gives as examples of the modules, filters and roles runs as it stands there, in check mode.

What changes nothing on a host also runs for real."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from conftest import VARIABLES, command_of
from testbed.examples import documented

HOST = "debian12"
# What the tasks use that run for real: at most they send a mail.
HARMLESS = {
    *("mailops.ses.check_report", "mailops.ses.mail_queue_info", "mailops.ses.relay_plan", "mailops.ses.smtp_check"),
    *("mailops.ses.host_check", "mailops.ses.mail_probe"),
    *("ansible.builtin.assert", "ansible.builtin.debug"),
}
# What needs an account at AWS, or the state of a rollout. molecule/documents/tests/test_aws.py, the unit tests of these
# modules and the scenario `rollout` run them.
ELSEWHERE = {
    f"mailops.ses.{name}"
    for name in (
        *("ses_account_info", "ses_identity", "ses_configuration_set", "ses_smtp_credential", "account_requests"),
        *("rollout_gate", "rollout_host", "rollout_turn"),
    )
}
# Names that only a reader's own network has -> the testbed's.
OWN = {
    "vpce-0123456789abcdef0-abcdefgh.email-smtp.eu-west-1.vpce.amazonaws.com": "email-smtp.eu-west-1.amazonaws.com",
    "eu-central-1": "eu-west-1",
}
# What the examples take from a vault, and from tasks that stand elsewhere.
GIVEN = {
    "vault_ses_smtp_username": VARIABLES["ses_smtp_username"],
    "vault_access_key_id": VARIABLES["ses_smtp_username"],
    "vault_ses_secret_access_key": VARIABLES["ses_secret_access_key"],
    "vault_secret_access_key": VARIABLES["ses_secret_access_key"],
    "vault_ses_smtp_password": "{{ vault_ses_secret_access_key | mailops.ses.smtp_password('us-east-1') }}",
    "username": "{{ vault_ses_smtp_username }}",
    "password": "{{ vault_ses_smtp_password }}",
    "result": "{{ check }}",
}


# What they presuppose. They set a card's MTU: systemd-networkd manages this one, with the address that it has.
PRESUPPOSED = """\
mkdir -p /var/spool/mqueue /var/spool/mqueue-client
printf '[Match]\\nName=eth0\\n[Network]\\nAddress=%s\\nGateway=%s\\n' \\
  "$(ip -o -4 address show dev eth0 | awk '{print $4}')" "$(ip route show default | awk '{print $3}')" \\
  > /etc/systemd/network/60-card.network
systemctl start systemd-networkd
for try in $(seq 100); do networkctl status eth0 | grep -q 'State: routable' && exit; sleep 0.1; done
networkctl status eth0; exit 1
"""


@pytest.fixture(scope="module")
def examples(consumer):
    """All of them; first what others refer to."""
    # They register `check`, `queue` and `found`.
    first = ("mailops.ses.interface_mtu", "mailops.ses.mail_queue_info", "mailops.ses.host_check")
    shown = [entry for entry in documented(consumer) if entry.name not in ELSEWHERE]
    each = {entry.examples: entry for entry in shown}.values()  # both MTAs' roles have the same
    return sorted(each, key=lambda entry: (entry.name not in first, entry.kind != "module"))


@pytest.fixture(scope="module")
def plays(consumer, examples, machine):
    """All of their plays, for a host that has what they presuppose."""
    machine(HOST).check_output(PRESUPPOSED)
    consumer.run(*command_of(consumer, "roles", HOST))
    text = yaml.safe_dump([play for entry in examples for play in entry.plays()], sort_keys=False)
    for name, own in OWN.items():
        assert name in text
        text = text.replace(name, own)
    return yaml.safe_load(text)


def run(consumer, plays, *arguments):
    """One run of these plays."""
    (consumer.project / "examples.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    command = ["ansible-playbook", "-i", "examples.json", "examples.yml", *arguments]
    return consumer.run(*command, "--extra-vars", json.dumps(GIVEN), ANSIBLE_PIPELINING="true")


def harmless(play):
    """A play with those of its tasks that change nothing."""
    return {**play, "tasks": [task for task in play.get("tasks", []) if HARMLESS & set(task)]}


def test_they_run(consumer, plays):
    printed = run(consumer, plays, "--check", "--diff")
    assert "failed=0" in printed
    assert re.findall(r"^PLAY \[(.*)\]", printed, re.M) == [play["name"] for play in plays]


def test_what_changes_nothing_runs_for_real(consumer, plays, endpoint):
    chosen = [play for play in map(harmless, plays) if play["tasks"]]
    assert {word for play in chosen for task in play["tasks"] for word in HARMLESS & set(task)} == HARMLESS
    printed = run(consumer, chosen)
    recap = dict(re.findall(r"(\w+)=(\d+)", printed.rpartition("PLAY RECAP")[2]))
    tasks = sum(len(play["tasks"]) for play in chosen)
    counts = {name: int(count) for name, count in recap.items() if count != "0"}
    assert counts == {"ok": tasks, "changed": 1}, printed  # the message that is sent
    messages = [message for session in endpoint.sessions() for message in session["messages"]]
    # mail_probe's are the first and one of the second, host_check's the other one.
    senders = ["app@example.com", "root@example.com", "root@example.com", "web@example.com"]
    assert sorted(message["from"] for message in messages) == senders


def test_they_changed_nothing(plays, consumer):
    assert "changed=0" in consumer.run(*command_of(consumer, "roles", HOST), ANSIBLE_PIPELINING="true")
