# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest ansible-core, on hosts with sid's Python, with the Python after that, and with sudo-rs."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from testbed.engine import ROOT
from testbed.relay import ALL_RELAYS, ENVIRONMENT, INVENTORY

testinfra_hosts = ALL_RELAYS
NEWEST = ROOT / ".cache" / "core-2.22" / "bin"
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get -qq -y install"
PASSWORD = "of a user who may become root"


@pytest.fixture(scope="module", autouse=True)
def packages(host):
    host.check_output(f"{INSTALL} python3.15 sudo-rs >/dev/null")
    host.check_output("useradd --create-home ops && echo 'ops ALL=(ALL) ALL' > /etc/sudoers.d/ops")
    host.check_output(f"echo 'ops:{PASSWORD}' | chpasswd")


def play(relay, folder, name, newest=True, **variables):
    """A playbook on this host alone, by the newest ansible-core or by that of the tests."""
    bin_of = NEWEST if newest else ROOT / ".cache" / "venv" / "bin"
    given = json.dumps({"ses_masquerade_domain": "example.com", **variables})
    return subprocess.run(
        [
            *(bin_of / "ansible-playbook", "-i", INVENTORY, f"mailops.ses.{name}"),
            *("--limit", f"{relay.name},localhost", "--extra-vars", given),
        ],
        cwd=folder,
        env={**ENVIRONMENT, "PATH": f"{bin_of}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


@pytest.mark.parametrize("python", ["3.14", "3.15"])
def test_it_finds_nothing_to_change_by_each_python(relay, tmp_path, python):
    relay.settle(ses_masquerade_domain="example.com")
    done = play(relay, tmp_path, "relay", ansible_python_interpreter=f"/usr/bin/python{python}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^{relay.name} .* changed=0 ", done.stdout, re.M)
    assert not re.search("DEPRECAT|does not support", done.stdout + done.stderr)


def test_it_becomes_root_by_sudo_rs_with_a_password_and_the_one_before_is_told_how(relay, tmp_path):
    user = {
        "ansible_user": "ops",
        "ansible_become_exe": "sudo-rs",
        "ansible_become_password": PASSWORD,
    }
    done = play(relay, tmp_path, "check", **user)
    assert done.returncode == 0, done.stdout + done.stderr
    done = play(relay, tmp_path, "check", newest=False, ansible_timeout=5, **user)
    assert done.returncode != 0
    (found,) = json.loads((tmp_path / "ses-report" / "report.json").read_text())["hosts"]
    assert "sudo-rs" in json.dumps(found)
    assert PASSWORD not in done.stdout + done.stderr
