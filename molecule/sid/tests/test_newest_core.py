# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest ansible-core, whose modules run by sid's Python."""

from __future__ import annotations

import os
import re
import subprocess

from testbed.engine import ROOT
from testbed.relay import ALL_RELAYS, ENVIRONMENT, INVENTORY

testinfra_hosts = ALL_RELAYS
NEWEST = ROOT / ".cache" / "core-2.22" / "bin"


def test_it_finds_nothing_to_change(relay):
    relay.settle(ses_masquerade_domain="example.com")
    done = subprocess.run(
        [
            *(NEWEST / "ansible-playbook", "-i", INVENTORY, "mailops.ses.relay"),
            *("--limit", f"{relay.name},localhost", "--extra-vars", "ses_masquerade_domain=example.com"),
        ],
        env={**ENVIRONMENT, "PATH": f"{NEWEST}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^{relay.name} .* changed=0 ", done.stdout, re.M)
    assert "DEPRECAT" not in done.stdout + done.stderr
