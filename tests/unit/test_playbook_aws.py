# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook mailops.ses.aws, and credentials out of a store, against an account on loopback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws import Account
from rollout.fleets import Fleet
from testbed.engine import ROOT
from testbed.relay import ENVIRONMENT

VARIABLES = {
    "ansible_host": "nowhere.invalid",  # nothing happens there
    "ses_region": "us-east-1",
    "ses_masquerade_domain": "example.com",
    "ses_configuration_set": "fleet",
    "ses_aws_user": "relay",
    "ses_aws_mail_from": "bounce.example.com",
    "ses_credential_store": {"secretsmanager": "mail/ses"},
}
POLICY = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}
LOCAL = {"ansible_connection": "local", "ansible_host": "127.0.0.1", "ses_endpoint": "localhost"}


def run(path: Path, account: Account, playbook: str, *arguments: str) -> tuple[int, str]:
    """How a playbook ends, and what it says at most; that has none of the account's secrets."""
    command = ["ansible-playbook", "-vvvv", "-i", "hosts.json", playbook, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=path, env={**ENVIRONMENT, **account.environment}
    )
    output = done.stdout + done.stderr
    assert not [secret for secret in account.secrets() if secret in output]
    return done.returncode, output


def play(path: Path, name: str, hosts: dict[str, dict[str, Any]], account: Account, *arguments: str) -> tuple[int, str]:
    """The same of one of the collection's, for these hosts."""
    (path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    return run(path, account, f"mailops.ses.{name}", *arguments)


def test_from_nothing_to_what_a_relay_needs(tmp_path: Path) -> None:
    hosts = {"web1": VARIABLES, "localhost": {**VARIABLES, "ansible_python_interpreter": "/usr/bin/python3"}}
    with Account() as account:
        account.user("relay", POLICY)
        code, _output = play(tmp_path, "aws", hosts, account, "--check")
        assert code == 0
        assert account.region().identities == {}
        code, output = play(tmp_path, "aws", hosts, account)
        assert code == 0, output
        assert set(account.region().sets) == {"fleet"}
        identity = account.region().identity("example.com")
        assert identity.mail_from == "bounce.example.com"
        for token in identity.tokens("us-east-1"):
            assert f"{token}._domainkey.example.com" in output
        assert list(account.keys("relay").values()) == ["Active"]
        assert "example.com waits for its DKIM rows in DNS" in output
        assert "aws sesv2 put-account-details --region us-east-1 --production-access-enabled" in output
        account.verify("example.com")
        account.region().production = True
        code, again = play(tmp_path, "aws", hosts, account)
        assert code == 0
        assert "changed=0" in again
        assert "put-account-details" not in again
        assert account.count("CreateAccessKey") == 1


def test_without_a_user_no_key_is_made_and_a_missing_one_is_named(tmp_path: Path) -> None:
    with Account() as account:
        hosts = {"web1": {**VARIABLES, "ses_aws_user": None}}
        assert play(tmp_path, "aws", hosts, account)[0] == 0
        code, output = play(tmp_path, "aws", {"web1": VARIABLES}, account)
        assert code != 0
        assert "There is no IAM user relay: create it and allow it ses:SendRawEmail" in output
        assert account.count("CreateAccessKey") == 0


HANDED = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_tasks: {tasks}
      run_once: true
    - ansible.builtin.debug:
        msg: "given {{{{ ses_smtp_username }}}} and {{{{ ses_secret_access_key | length }}}}"
"""


@pytest.mark.parametrize("store", [{"secretsmanager": "mail/ses"}, {"ssm": "/mail/ses"}])
def test_a_stored_credential_is_read_once_for_a_hundred_hosts(tmp_path: Path, store: dict[str, str]) -> None:
    variables = {**VARIABLES, "ses_credential_store": store}
    (tmp_path / "handed.yml").write_text(HANDED.format(tasks=ROOT / "playbooks/imports/stored_credential.yml"))
    with Account() as account:
        account.user("relay", POLICY)
        assert play(tmp_path, "aws", {"web1": variables}, account)[0] == 0
        account.calls.clear()
        hosts = {f"web{number}": {**variables, **LOCAL} for number in range(100)}
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        code, output = run(tmp_path, account, "handed.yml")
        assert code == 0, output
        assert account.count("GetSecretValue") + account.count("GetParameter") == 1
        (key,) = account.keys("relay")
        assert output.count(f"given {key} and 40") == 100


def test_a_check_with_a_stored_credential_shows_it_nowhere(tmp_path: Path) -> None:
    hosts = {name: {**VARIABLES, **LOCAL, "ses_aws": True} for name in ("web1", "web2")}
    with Account() as account:
        account.user("relay", POLICY)
        assert play(tmp_path, "aws", {"web1": VARIABLES}, account)[0] == 0
        account.calls.clear()
        play(tmp_path, "check", hosts, account)
        assert account.count("GetSecretValue") == 1
        (key,) = account.keys("relay")
        reports = [path.read_text() for path in (tmp_path / "ses-report").iterdir()]
        assert not [secret for secret in account.secrets() for report in reports if secret in report]
        found = json.loads((tmp_path / "ses-report" / "report.json").read_text())
        assert [(item["user"], item["hosts"]) for item in found["accounts"]] == [(key, ["web1", "web2"])]


@pytest.mark.parametrize(("playbook", "reads"), [("rollout", 1), ("rotate_credentials", 2)])
def test_each_wave_of_a_rollout_has_the_stored_credential(tmp_path: Path, playbook: str, reads: int) -> None:
    store = VARIABLES["ses_credential_store"]
    with Account() as account:
        account.user("relay", POLICY)
        assert play(tmp_path, "aws", {"web1": VARIABLES}, account)[0] == 0
        account.calls.clear()
        fleet = Fleet.of(tmp_path, 3)
        done = fleet.run(
            playbook=f"mailops.ses.{playbook}",
            settings=account.environment,
            ses_credential_store=store,
        )
        assert (done.returncode, fleet.have()) == (0, "nnn"), done.stdout + done.stderr
        assert account.count("GetSecretValue") == reads  # a rotation reads it for its first log-in, too
        (key,) = account.keys("relay")
        assert {sent["user"] for name in fleet.hosts for sent in fleet.host(name)["sent"]} == {key}
        assert not [secret for secret in account.secrets() if secret in done.stdout + done.stderr]


def rotates(fleet: Fleet, account: Account, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """A run of the rotation, which shows none of the account's secrets."""
    done = fleet.run(
        "-vvvv",
        *arguments,
        playbook="mailops.ses.rotate_credentials",
        settings=account.environment,
        **{name: VARIABLES[name] for name in ("ses_credential_store", "ses_aws_user")},
        **variables,
    )
    assert not [secret for secret in account.secrets() if secret in done.stdout + done.stderr]
    return done


def users(fleet: Fleet) -> set[str]:
    """The users that hosts have sent mail with."""
    return {sent["user"] for name in fleet.hosts for sent in fleet.host(name)["sent"]}


def handed_out(account: Account) -> str:
    """The key that a reader of the store gets."""
    keys = {"aws_access_key_id": "AKIAREADER", "aws_secret_access_key": "reader"}
    store = boto3.client("secretsmanager", region_name="us-east-1", endpoint_url=account.endpoint, **keys)
    told = store.get_secret_value(SecretId="mail/ses", VersionStage="AWSCURRENT")
    return str(json.loads(told["SecretString"])["username"])


@pytest.fixture
def rotation(tmp_path: Path) -> Iterator[tuple[Fleet, Account, str]]:
    """Hosts that have the account's one key."""
    with Account() as account:
        account.user("relay", POLICY)
        assert play(tmp_path, "aws", {"web1": VARIABLES}, account)[0] == 0
        (old,) = account.keys("relay")
        yield Fleet.of(tmp_path, 3), account, old


def test_a_key_of_the_account_is_made_proven_handed_out_and_its_predecessor_retired(
    rotation: tuple[Fleet, Account, str],
) -> None:
    fleet, account, old = rotation
    done = rotates(fleet, account)
    assert (done.returncode, fleet.have()) == (0, "nnn"), done.stdout + done.stderr
    keys = account.keys("relay")
    (new,) = keys.keys() - {old}
    assert keys == {old: "Inactive", new: "Active"}
    assert users(fleet) == {new}
    # The days of grace have not passed: nothing is begun anew.
    again = rotates(fleet, account)
    assert again.returncode == 0, again.stdout
    assert account.keys("relay") == keys
    assert account.count("CreateAccessKey") == 2
    third = rotates(fleet, account, ses_rotation_grace_days=0)
    assert third.returncode == 0, third.stdout
    assert old not in account.keys("relay")
    assert account.keys("relay")[new] == "Inactive"


@pytest.mark.parametrize("arguments", [["--check"], []], ids=["check", "plan"])
def test_a_plan_of_a_rotation_makes_no_key(rotation: tuple[Fleet, Account, str], arguments: list[str]) -> None:
    fleet, account, old = rotation
    done = rotates(fleet, account, *arguments, ses_rollout_plan_only=not arguments)
    assert done.returncode == 0, done.stdout
    assert "create a key of relay and store it as pending" in done.stdout
    assert (account.keys("relay"), fleet.have()) == ({old: "Active"}, "ooo")


@pytest.mark.parametrize("value", ["ture", "true ", "y"])
def test_what_may_be_meant_as_a_plan_makes_no_key(rotation: tuple[Fleet, Account, str], value: str) -> None:
    fleet, account, old = rotation
    done = rotates(fleet, account, ses_rollout_plan_only=value)
    assert done.returncode != 0
    assert "ses_rollout_plan_only is neither true nor false." in done.stdout
    assert (account.keys("relay"), fleet.have()) == ({old: "Active"}, "ooo")


def test_the_old_key_stays_until_every_host_of_the_inventory_is_proven(rotation: tuple[Fleet, Account, str]) -> None:
    fleet, account, old = rotation
    some = rotates(fleet, account, "--limit", "web1,web2,localhost")
    assert some.returncode == 0, some.stdout
    assert set(account.keys("relay").values()) == {"Active"}
    assert fleet.have() == "nno"
    rest = rotates(fleet, account)
    assert (rest.returncode, fleet.have()) == (0, "nnn"), rest.stdout
    assert account.keys("relay")[old] == "Inactive"
    assert account.count("CreateAccessKey") == 2


def test_a_second_key_that_is_somebodys_stops_a_rotation(rotation: tuple[Fleet, Account, str]) -> None:
    fleet, account, _old = rotation
    other, _secret = account.key("relay")
    done = rotates(fleet, account)
    assert done.returncode != 0
    assert f"{other} (Active, never used)" in done.stdout
    assert fleet.have() == "ooo"
    assert set(account.keys("relay").values()) == {"Active"}


def test_a_rotation_that_fails_keeps_both_keys_and_goes_on(rotation: tuple[Fleet, Account, str]) -> None:
    fleet, account, old = rotation
    fleet.set("web1", fails="mail")
    failed = rotates(fleet, account)
    assert failed.returncode != 0
    assert set(account.keys("relay").values()) == {"Active"}
    fleet.set("web1", fails="")
    done = rotates(fleet, account)
    assert (done.returncode, fleet.have()) == (0, "nnn"), done.stdout
    assert account.keys("relay")[old] == "Inactive"


def test_a_key_that_did_not_log_in_does_not_become_the_current_one(rotation: tuple[Fleet, Account, str]) -> None:
    """An extra variable goes before the store; a first host that is dead logs in with nothing."""
    fleet, account, old = rotation
    done = rotates(fleet, account, ses_smtp_username=old)
    assert done.returncode != 0
    assert "was not proven, so it does not become the current one" in done.stdout
    fleet.set("web1", dead=True)
    done = rotates(fleet, account, ses_allowed_unreachable=1)
    assert done.returncode != 0
    assert "web1 could not be asked" in done.stdout
    assert fleet.have() == "ooo"
    assert set(account.keys("relay").values()) == {"Active"}
    fleet.set("web1", dead=False)
    assert rotates(fleet, account).returncode == 0
    assert account.keys("relay")[old] == "Inactive"
    assert account.count("CreateAccessKey") == 2


@pytest.mark.parametrize(
    ("wrong", "dead"),
    [({"ses_waves": 0}, False), ({"ses_stop": True}, False), ({}, True)],
    ids=["waves", "stop", "dead host"],
)
def test_a_rollout_that_may_not_begin_leaves_the_old_key_the_current_one(
    rotation: tuple[Fleet, Account, str], wrong: dict[str, Any], dead: bool
) -> None:
    """Relays that read the store between two runs go on with the key that every host has."""
    fleet, account, old = rotation
    fleet.set("web3", dead=dead)
    done = rotates(fleet, account, **wrong)
    assert done.returncode != 0
    assert handed_out(account) == old
    assert (fleet.have(), set(account.keys("relay").values())) == ("ooo", {"Active"})
    fleet.set("web3", dead=False)
    done = rotates(fleet, account)
    assert (done.returncode, fleet.have(), account.keys("relay")[old]) == (0, "nnn", "Inactive"), done.stdout
    assert handed_out(account) in account.keys("relay").keys() - {old}
    assert account.count("CreateAccessKey") == 2


def test_a_promotion_that_fails_changes_no_host_and_leaves_no_lock(rotation: tuple[Fleet, Account, str]) -> None:
    fleet, account, old = rotation
    account.fault("GetAccessKeyLastUsed", "AccessDenied")
    account.fault("UpdateSecretVersionStage", "AccessDenied")
    done = rotates(fleet, account)
    assert done.returncode != 0
    assert "No host was changed." in done.stdout
    assert (fleet.have(), handed_out(account)) == ("ooo", old)
    assert not (fleet.folder / "ses-report" / "rollout.lock").exists()
    account.mend()
    done = rotates(fleet, account)
    assert (done.returncode, fleet.have()) == (0, "nnn"), done.stdout


@pytest.mark.parametrize("pattern", ["nobody", ""])
def test_a_fleet_that_matches_no_host_retires_nothing(rotation: tuple[Fleet, Account, str], pattern: str) -> None:
    fleet, account, _old = rotation
    assert rotates(fleet, account, "--limit", "web1,localhost", ses_rotation_fleet=pattern).returncode == 0
    assert set(account.keys("relay").values()) == {"Active"}


def test_what_was_proven_with_the_old_key_is_not_proven_with_the_new(rotation: tuple[Fleet, Account, str]) -> None:
    fleet, account, _old = rotation
    fleet.set("web3", dead=True)
    store = VARIABLES["ses_credential_store"]
    fleet.run(settings=account.environment, ses_credential_store=store, ses_allowed_unreachable=1)
    assert fleet.have() == "nno"
    fleet.set("web3", dead=False)
    done = rotates(fleet, account, "--limit", "web3,localhost")
    assert (done.returncode, fleet.have()) == (0, "nnn"), done.stdout
    assert "2 hosts of 3 in the inventory may still use it: web1, web2." in done.stdout
    assert set(account.keys("relay").values()) == {"Active"}


def test_hosts_of_one_run_with_two_users_are_refused_before_a_key_is_made(rotation: tuple[Fleet, Account, str]) -> None:
    fleet, account, _old = rotation
    inventory = json.loads((fleet.folder / "inventory.yml").read_text())
    shared = {name: VARIABLES[name] for name in ("ses_credential_store", "ses_aws_user")}
    inventory["all"]["hosts"] = dict.fromkeys(fleet.hosts, shared)
    inventory["all"]["hosts"]["web2"] = {**shared, "ses_aws_user": "another"}
    (fleet.folder / "inventory.yml").write_text(json.dumps(inventory))
    done = fleet.run(playbook="mailops.ses.rotate_credentials", settings=account.environment)
    assert done.returncode != 0
    assert "ses_aws_user or ses_credential_store differs between the hosts of this run" in done.stdout
    assert account.count("CreateAccessKey") == 1


def test_hosts_of_one_run_with_two_stores_are_refused(tmp_path: Path) -> None:
    hosts = {
        name: {**VARIABLES, **LOCAL, "ses_credential_store": {"ssm": f"/mail/{name}"}} for name in ("web1", "web2")
    }
    with Account() as account:
        code, output = play(tmp_path, "relay", hosts, account)
        assert code != 0
        assert "ses_credential_store differs between the hosts of this run (2 stores)" in output
        assert account.count("GetParameter") == 0


def test_a_store_that_cannot_be_read_fails_before_any_host_is_touched(tmp_path: Path) -> None:
    with Account() as account:
        code, output = play(tmp_path, "relay", {"web1": {**VARIABLES, **LOCAL}}, account)
        assert code != 0
        assert "Using module file" not in output
