# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts for the tests of postfix_config: the testbed's, with a Postfix that no role has configured."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from testbed.relay import RELAYS

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
PLACE = "/opt/postfix_config_test"
PRISTINE = "/opt/postfix_config_pristine"  # outlives a run that was killed
CONTAINERS = [relay.removeprefix("podman://") for relay in RELAYS]
TABLE = {"parameter": None, "type": "", "entries": None, "secret_entries": None, "state": "present"}


class Host:
    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *argv: str, stdin: str = "", check: bool = True) -> str:
        done = subprocess.run(
            ["podman", "exec", "-i", self.name, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, script: str, check: bool = True) -> str:
        return self.run("sh", "-c", script, check=check)

    def configure(self, check: bool = False, **params: Any) -> dict[str, Any]:
        """What the module would return, with its defaults filled in."""
        filled = {"parameters": {}, "optional_parameters": {}, "config_directory": "/etc/postfix", **params}
        filled["services"] = [{"state": "present", **service} for service in params.get("services", [])]
        filled["tables"] = [{**TABLE, **table} for table in params.get("tables", [])]
        out = self.run("python3", f"{PLACE}/driver.py", stdin=json.dumps({"params": filled, "check": check}))
        return dict(json.loads(out))

    def state(self) -> str:
        """Everything about /etc/postfix that a run could change."""
        return self.shell("cd /etc/postfix && find . -printf '%p %m %u %g %i %T@ %l\\n' | sort; sha256sum * 2>&1; true")

    def text(self, name: str) -> str:
        return self.run("cat", f"/etc/postfix/{name}")

    def put(self, name: str, content: str) -> None:
        self.run("sh", "-c", f"cat > /etc/postfix/{name}", stdin=content)

    def mode(self, name: str) -> str:
        return self.shell(f"stat -c '%U:%G %a' /etc/postfix/{name}").strip()


@pytest.fixture(scope="session", params=CONTAINERS)
def container(request: pytest.FixtureRequest) -> Host:
    host = Host(request.param)
    host.shell(f"rm -rf {PLACE} && mkdir -p {PLACE}/ansible_collections/mailops/ses/plugins")
    target = f"{host.name}:{PLACE}"
    subprocess.run(["podman", "cp", HERE / "driver.py", f"{target}/driver.py"], check=True)
    utils = ROOT / "plugins" / "module_utils"
    subprocess.run(["podman", "cp", utils, f"{target}/ansible_collections/mailops/ses/plugins/"], check=True)
    host.shell(f"test -d {PRISTINE} || cp -a /etc/postfix {PRISTINE}")
    return host


@pytest.fixture
def host(container: Host) -> Iterator[Host]:
    """The container with Postfix's files as they were, and Postfix running on them."""
    restore = f"rm -rf /etc/postfix/* /etc/postfix/.[!.]*; cp -a {PRISTINE}/. /etc/postfix"
    container.shell(restore + "; postfix reload 2>/dev/null || postfix start 2>/dev/null")
    yield container
    container.shell(restore)
