# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay playbook refuses an MTA that there is no role for, before anything happens."""

from __future__ import annotations

import json
import subprocess

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
