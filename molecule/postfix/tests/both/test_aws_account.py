# SPDX-License-Identifier: GPL-3.0-or-later
"""From an empty account of AWS to a delivered mail, and through a rotation of its key, under a stream of mail."""

from __future__ import annotations

import json

import pytest
from aws import Account
from aws.state import Region
from testbed import warm
from testbed.relay import ENVIRONMENT, INVENTORY, RELAYS
from testbed.stream import Stream

testinfra_hosts = RELAYS
REGION = "us-east-1"
STORE = {"secretsmanager": "mail/ses"}
VARIABLES = {
    "ses_masquerade_domain": "example.com",
    "ses_configuration_set": "fleet",
    "ses_aws_user": "relay",
    "ses_credential_store": STORE,
    "ses_aws": True,
}
POLICY = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}


class Controller:
    """A controller with the account's credentials. What it says has none of the account's secrets."""

    def __init__(self, account, relay, directory):
        self._account, self._relay = account, relay
        self._reports = directory / "ses-report"

    def play(self, name, **variables):
        """How one of the collection's playbooks ends, on this host."""
        given = {"ses_mta": self._relay.mta.name, "ses_hosts": self._relay.name, "ses_report_dir": str(self._reports)}
        extra = json.dumps({**VARIABLES, **given, **variables})
        command = ["ansible-playbook", "-vvvv", "-i", str(INVENTORY), f"mailops.ses.{name}", "--extra-vars", extra]
        return self._run(command)

    def credential(self, state):
        """The key of the relays brought to this state."""
        options = {"region": REGION, "user": "relay", "store": STORE, "state": state, "grace_days": 0}
        command = ["ansible", "localhost", "-m", "mailops.ses.ses_smtp_credential", "-a", json.dumps(options)]
        done = self._run(command)
        return json.loads(done.stdout.partition(" => ")[2])

    def causes(self):
        """The causes of the last check."""
        return {cause["id"] for cause in json.loads((self._reports / "report.json").read_text())["causes"]}

    def _run(self, command):
        environment = {**ENVIRONMENT, **self._account.environment, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
        done = warm.run(command, environment)
        assert not [secret for secret in self._account.secrets() if secret in done.stdout + done.stderr]
        return done


@pytest.fixture
def account(endpoint, relay):
    """An account in the sandbox with nothing but the relays' user, which the endpoint is joined with. Afterwards the
    host has the testbed's credential again."""
    with Account([REGION]) as account:
        account.user("relay", POLICY)
        account.join(endpoint, REGION)
        yield account
    endpoint.reset()
    relay.host.check_output(f"rm -f {relay.mta.directory}/.mailops-rollout")  # other tests look at what is there
    relay.converge(ses_masquerade_domain="example.com")


@pytest.fixture
def controller(account, relay, tmp_path):
    return Controller(account, relay, tmp_path)


def production(region: Region) -> None:
    """AWS has granted production access."""
    region.production, region.max_24_hours, region.max_per_second = True, 50_000.0, 100.0


def log_in(relay, account, key):
    """What the host's log-in with this key shows."""
    secret = account.secret_of(key)
    given = {"region": REGION, "ports": [587], "username": key, "secret_access_key": secret}
    found = relay.module("mailops.ses.smtp_check", ca_file="/etc/ssl/testbed-ca.pem", **given)
    return [item["id"] for item in found["diagnosis"]]


def test_from_an_empty_account_to_a_rotated_key(relay, endpoint, account, controller):
    done = controller.play("aws")
    assert done.returncode == 0, done.stdout
    assert "put-account-details" in done.stdout
    done = controller.play("relay")
    assert done.returncode == 0, done.stdout

    # The host logs in, and only the account says why its mail would not leave.
    assert controller.play("check").returncode != 0
    assert controller.causes() >= {"dkim_pending", "sandbox"}
    account.verify("example.com")
    production(account.region())
    account.tell()
    relay.empty()
    relay.arrived(endpoint, relay.send(recipient="stranger@elsewhere.example"))
    done = controller.play("check")
    assert done.returncode == 0, done.stdout

    (old,) = account.keys("relay")
    with Stream(relay, endpoint, rate=5) as stream:
        done = controller.play("rotate_credentials", ses_rotation_fleet=relay.name, ses_soak=1)
        assert done.returncode == 0, done.stdout
        keys = account.keys("relay")
        (new,) = keys.keys() - {old}
        assert keys == {old: "Inactive", new: "Active"}
        stream.flows()
    assert (stream.fate.lost, stream.fate.bounced, stream.fate.waiting) == (0, 0, 0)
    assert stream.fate.delivered == stream.fate.handed_over
    users = [session["user"] for session in endpoint.sessions() if session["messages"]]
    assert old in users
    assert users[-1] == new
    assert log_in(relay, account, old) == ["credentials_invalid"]
    assert log_in(relay, account, new) == []
    assert controller.credential("absent")["step"] == "current"
    assert list(account.keys("relay")) == [new]


def test_an_inactive_key_is_told_by_the_account(relay, account, controller):
    account.verify("example.com")
    production(account.region())
    assert controller.play("aws").returncode == 0
    assert controller.play("relay").returncode == 0
    (key,) = account.keys("relay")
    account.deactivate("relay", key)
    assert controller.play("check").returncode != 0
    assert controller.causes() >= {"credentials_invalid", "key_inactive"}
