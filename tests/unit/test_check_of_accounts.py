# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook mailops.ses.check with ses_aws, against an account on loopback."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aws import Account
from bench.output import executions
from testbed.relay import ENVIRONMENT

LOCAL = {
    "ansible_connection": "local",
    "ses_endpoint": "localhost",
    "ses_region": "us-east-1",
    "ses_masquerade_domain": "example.com",
    "ses_aws": True,
    "ses_aws_regions": ["eu-west-1"],
}


def check(path: Path, hosts: dict[str, dict[str, Any]], **environment: str) -> tuple[str, dict[str, Any]]:
    (path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    command = ["ansible-playbook", "-vvv", "-i", "hosts.json", "mailops.ses.check"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=path, env={**ENVIRONMENT, **environment}
    )
    return done.stdout + done.stderr, json.loads((path / "ses-report" / "report.json").read_text())


@pytest.mark.parametrize("localhost", [False, True])
def test_aws_is_asked_once_for_hosts_that_are_alike(tmp_path: Path, localhost: bool) -> None:
    """Also where localhost is in the inventory, with a Python of its own that has no boto3."""
    hosts: dict[str, dict[str, Any]] = {f"web{number}": dict(LOCAL) for number in range(3)}
    hosts["web3"] = {**LOCAL, "ses_region": None}
    if localhost:
        hosts["localhost"] = {**LOCAL, "ansible_python_interpreter": "/usr/bin/python3", "ansible_become": True}
    with Account() as account:
        account.region().production, account.region().max_per_second = True, 100.0
        account.verify("example.com", "eu-west-1")
        output, report = check(tmp_path, hosts, **account.environment)
        assert account.count("GetAccount") == 1, output
    assert executions(output).count("ses_account_info.py") == 1
    known, unknown = report["accounts"]
    assert known["hosts"] == [host for host in hosts if host != "web3"]
    assert [item["cause"] for item in known["findings"]] == ["example.com is verified in eu-west-1, not in us-east-1."]
    assert "set ses_region" in unknown["message"]
    assert unknown["hosts"] == ["web3"]
    (cause,) = (cause for cause in report["causes"] if cause["id"] == "domain_verified_elsewhere")
    assert cause["cannot_send"] == len(hosts) - 1
    assert "example.com is verified in eu-west-1, not in us-east-1." in output


def test_an_account_that_cannot_be_asked_leaves_the_hosts_as_they_are(tmp_path: Path) -> None:
    with Account() as account:
        environment = {**account.environment, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        output, report = check(tmp_path, {"web1": LOCAL}, **environment)
    assert "Unable to locate credentials." in report["accounts"][0]["message"], output
    assert {cause["id"] for cause in report["causes"]} & {"domain_not_verified", "sandbox"} == set()
