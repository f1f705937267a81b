# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that pulls makes itself a relay."""

from __future__ import annotations

import subprocess
from shlex import quote

import pytest
from conftest import HOST, PASSWORD, USER, VARIABLES
from testbed.documents import block
from testbed.engine import ROOT
from testbed.relay import ALL_RELAYS

testinfra_hosts = [name for name in ALL_RELAYS if name.endswith(HOST)]
DOCUMENT = "ansible-pull.md"
REPOSITORY = "/srv/mail.git"


@pytest.fixture
def puller(relay, project, tmp_path):
    """A host with what the document says that it needs, and a repository on it."""
    relay.host.check_output("apt-get update -qq && apt-get install -qq --no-install-recommends git ansible-core")
    tarball = next((ROOT / ".cache/package").glob("mailops-ses-*.tar.gz"))
    vault = {"vault_ses_smtp_username": USER, "vault_ses_smtp_password": PASSWORD}
    secrets = "".join(f"{name}: {value}\n" for name, value in vault.items())
    files = {"local.yml": block(DOCUMENT, "connection: local"), "vault.yml": secrets}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "vault-password").write_text("correct horse\n")
    project.bash(f"ansible-vault encrypt --vault-password-file {tmp_path}/vault-password {tmp_path}/vault.yml")
    relay.host.check_output(f"mkdir -p {REPOSITORY}")
    for source, target in (
        (tarball, "/root/"),
        (tmp_path / "local.yml", f"{REPOSITORY}/"),
        (tmp_path / "vault.yml", f"{REPOSITORY}/"),
        (tmp_path / "vault-password", "/root/"),
    ):
        subprocess.run(["podman", "cp", str(source), f"{VARIABLES['ansible_host']}:{target}"], check=True)
    commit = "git init -q && git add . && git -c user.name=t -c user.email=t@example.com commit -qm one"
    relay.host.check_output(f"chmod 600 /root/vault-password && cd {REPOSITORY} && {commit}")
    return relay


def test_it_becomes_a_relay_and_a_second_pull_changes_nothing(puller, endpoint):
    for word in ("galaxy", "ansible-pull"):
        script = f"cd /root && export REPOSITORY={REPOSITORY} LC_ALL=C.UTF-8 && {block(DOCUMENT, word + ' ')}"
        puller.host.check_output(f"bash -euc {quote(script)}")
    _, message = puller.arrived(endpoint, puller.send())
    assert message["to"] == ["success@simulator.amazonses.com"]
    again = puller.host.check_output(f"bash -euc {quote(script)}")
    assert "changed=0" in again.rpartition("PLAY RECAP")[2]
