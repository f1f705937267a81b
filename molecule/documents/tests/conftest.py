# SPDX-License-Identifier: GPL-3.0-or-later
"""A project as the documents' readers have one: an inventory with a group `mail`, this collection from its tarball."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from ses_simulator.credentials import derive
from testbed import engine, number
from testbed.documents import block
from testbed.engine import ROOT
from testbed.layout import Layout
from testbed.relay import ENVIRONMENT

HOST = "debian13"
USER, KEY = next((user, item["secret_access_key"]) for user, item in Layout.load().credentials.items())
PASSWORD = derive(KEY, "us-east-1")
LISTED = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]  # what git has, or would add
VARIABLES = {
    "ansible_connection": "containers.podman.podman",
    "ansible_host": Layout.load().container(HOST),
    "ansible_user": "root",
}


@dataclass(frozen=True)
class Project:
    """A directory where commands run."""

    path: Path

    def variables(self, **values: object) -> None:
        """Put these into the group's variables, in place of what was there."""
        self.write("group_vars/mail/ses.yml", yaml.safe_dump(values))

    def write(self, name: str, text: str) -> None:
        """Write one file of the project."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, text: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run commands as they stand, up to the first that fails."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=cwd or self.path,
            env={**ENVIRONMENT, "ANSIBLE_COLLECTIONS_PATH": f"{self.path}/collections", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def bash(self, text: str, cwd: Path | None = None, **environment: str) -> None:
        """Run commands, none of which may fail."""
        done = self.run(text, cwd, **environment)
        assert done.returncode == 0, done.stdout + done.stderr

    def stage(self) -> str:
        """How far the last check came on port 587."""
        (host,) = json.loads((self.path / "ses-report" / "report.json").read_text())["hosts"]
        return next(str(port["stage"]) for port in host["ports"] if port["port"] == 587)


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """The project; its collection is the tarball, and its host trusts the testbed's certificates."""
    trust = "cp /etc/ssl/testbed-ca.pem /usr/local/share/ca-certificates/testbed.crt && update-ca-certificates"
    subprocess.run(["podman", "exec", VARIABLES["ansible_host"], "sh", "-c", trust], check=True)
    made = Project(tmp_path_factory.mktemp("project"))
    made.write("hosts", yaml.safe_dump({"mail": {"hosts": {"web1.example.com": VARIABLES}}}))
    (made.path / "collections" / "ansible_collections").mkdir(parents=True)
    containers = ROOT / ".cache" / "collections" / "ansible_collections"
    for name in ("containers", "amazon"):
        (made.path / "collections" / "ansible_collections" / name).symlink_to(containers / name)
    (made.path / "docs").symlink_to(ROOT / "docs")
    clone = made.path / "clone"
    clone.mkdir()
    listed = subprocess.run(LISTED, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    names = [name for name in listed if os.path.lexists(ROOT / name)]
    subprocess.run(["cp", "-P", "--parents", "-t", str(clone), *names], cwd=ROOT, check=True)
    made.bash(block("README.md", "collection build"), cwd=clone)
    made.bash("mv clone/mailops-ses-*.tar.gz .")
    return made


@pytest.fixture
def plain(project):
    """The project with credentials in its variables."""
    project.variables(ses_region="us-east-1", ses_smtp_username=USER, ses_secret_access_key=KEY)
    return project


@pytest.fixture(scope="session")
def neighbour():
    """The number of a testbed that runs beside this one."""
    with number.held() as found:
        yield found
        engine.down(Layout.load(number=found))
