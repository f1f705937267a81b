# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks refuse before anything happens, and how little the check takes."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from bench.output import executions
from testbed.relay import ENVIRONMENT

LOCAL = {"ansible_connection": "local", "ses_endpoint": "localhost"}
WRONG = {"web1": "exim4", "web2": "Postfix", "web3": "network", "web4": ["postfix"]}


def test_a_wrong_mta_is_refused(tmp_path):
    # By ansible-core 2.16 a role's spec itself refuses a text that is not there.
    right = {"ses_region": "us-east-1", "ses_smtp_username": "AKIAIOSFODNN7EXAMPLE", "ses_smtp_password": "x" * 44}
    hosts = {name: {"ses_mta": mta, "ansible_connection": "local", **right} for name, mta in WRONG.items()}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    command = ["ansible-playbook", "-i", "hosts.json", "mailops.ses.relay", "-vvv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=ENVIRONMENT)
    assert done.returncode != 0
    said = (done.stdout + done.stderr).replace('\\"', '"')
    for mta in WRONG.values():
        assert f"ses_mta {json.dumps(mta)} is no MTA that can relay here; use postfix or sendmail." in said
    assert "Using module file" not in done.stdout  # nothing runs on the hosts


@pytest.mark.parametrize(("given", "named"), [("fleet", "fleet"), ("", "''"), (["web2", "web3"], "web2,web3")])
@pytest.mark.parametrize(
    ("playbook", "undone", "written"),
    [
        ("relay", "nothing was done", set()),
        ("check", "no host was checked", {"report.html", "report.json", "junit.xml"}),
    ],
)
def test_no_host_fails(tmp_path, playbook, undone, written, given, named):
    """In CI a typo would be green, and a variable that is empty there would mean every host."""
    command = ["ansible-playbook", f"mailops.ses.{playbook}", "-i", "web1,", "-e", json.dumps({"ses_hosts": given})]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=ENVIRONMENT)
    assert done.returncode != 0, done.stdout
    assert f"No host of the inventory matches {named} (ses_hosts), so {undone}" in done.stdout
    assert {path.name for path in tmp_path.rglob("*.*")} == written


@pytest.mark.parametrize("arguments", [(), ("--check", "-e", "ses_probe_recipient=a@b.example")])
def test_a_check_is_one_execution_and_one_task_a_host(tmp_path, arguments):
    """A task costs the controller as much as most of what a module does; a skipped one is not free."""
    hosts = [f"web{number}" for number in range(3)]
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": dict.fromkeys(hosts, LOCAL)}}))
    command = ["ansible-playbook", "-vvv", "-i", "hosts.json", "mailops.ses.check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=ENVIRONMENT)
    assert executions(done.stdout) == ["host_check.py"] * len(hosts), done.stdout
    counts = {
        host: {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", line)}
        for host, line in re.findall(r"^(web\d) +: (.*)$", done.stdout, re.MULTILINE)
    }
    # The first host's recap has what runs once, of which the last task fails.
    assert [sum(counts[host].values()) for host in hosts] == [6, 1, 1]
    assert [count["skipped"] for count in counts.values()] == [2, 0, 0]  # no store and no AWS, once for all
    assert (tmp_path / "ses-report" / "report.json").is_file()


@pytest.mark.parametrize("variable", ["ses_smtp_username", "ses_secret_access_key", "ses_probe_recipient"])
def test_a_variable_that_cannot_be_made_is_no_check_without_it_and_the_queue_is_read(tmp_path, variable):
    hosts = {"web1": {**LOCAL, variable: "{{ vault_that_was_forgotten }}"}, "web2": LOCAL}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    command = ["ansible-playbook", "-i", "hosts.json", "mailops.ses.check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=ENVIRONMENT)
    assert "Cannot send: web2. Not checked: web1." in done.stdout + done.stderr
    web1, _web2 = json.loads((tmp_path / "ses-report" / "report.json").read_text())["hosts"]
    assert "vault_that_was_forgotten" in web1["message"]
    assert web1["queue"] is not None
