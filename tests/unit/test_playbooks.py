# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks refuse before anything happens."""

from __future__ import annotations

import json
import subprocess

import pytest
from testbed.relay import ENVIRONMENT

WRONG = {"web1": "exim4", "web2": "Postfix", "web3": "network", "web4": ["postfix"]}


def test_a_wrong_mta_is_refused(tmp_path):
    hosts = {name: {"ses_mta": mta, "ansible_connection": "local"} for name, mta in WRONG.items()}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    command = ["ansible-playbook", "-i", "hosts.json", "mailops.ses.relay"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=ENVIRONMENT)
    assert done.returncode != 0
    said = (done.stdout + done.stderr).replace('\\"', '"')
    for mta in WRONG.values():
        assert f"ses_mta {json.dumps(mta)} is no MTA that can relay here; use postfix or sendmail." in said
    assert done.stdout.count("TASK [") == 1


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
