# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest ansible-core, on hosts with sid's Python and with the Python after that."""

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


@pytest.fixture(scope="module", autouse=True)
def packages(host):
    host.check_output(f"{INSTALL} python3.15 >/dev/null")


@pytest.mark.parametrize("python", ["3.14", "3.15"])
def test_it_finds_nothing_to_change_by_each_python(relay, python):
    domain = {"ses_masquerade_domain": "example.com"}
    relay.settle(**domain)
    given = json.dumps({**domain, "ansible_python_interpreter": f"/usr/bin/python{python}"})
    done = subprocess.run(
        [
            *(NEWEST / "ansible-playbook", "-i", INVENTORY, "mailops.ses.relay"),
            *("--limit", f"{relay.name},localhost", "--extra-vars", given),
        ],
        env={**ENVIRONMENT, "PATH": f"{NEWEST}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^{relay.name} .* changed=0 ", done.stdout, re.M)
    assert not re.search("DEPRECAT|does not support", done.stdout + done.stderr)
