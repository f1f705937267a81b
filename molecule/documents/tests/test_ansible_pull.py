# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that pulls makes itself a relay, and stays one by the units that the document has."""

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
UNITS = {
    "[Service]": "/etc/systemd/system/mail-relay.service",
    "[Timer]": "/etc/systemd/system/mail-relay.timer",
}


def copy(source, folder):
    """Put a file into a directory of the host."""
    subprocess.run(["podman", "cp", str(source), f"{VARIABLES['ansible_host']}:{folder}"], check=True)


@pytest.fixture
def puller(relay, project, tmp_path):
    """A host with what the document says that it needs, and a repository on it."""
    relay.host.check_output("apt-get update -qq && apt-get install -qq --no-install-recommends git ansible-core")
    (tarball,) = project.path.glob("mailops-ses-*.tar.gz")
    vault = {"vault_ses_smtp_username": USER, "vault_ses_smtp_password": PASSWORD}
    secrets = "".join(f"{name}: {value}\n" for name, value in vault.items())
    files = {"local.yml": block(DOCUMENT, "connection: local"), "vault.yml": secrets}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "vault-password").write_text("correct horse\n")
    project.bash(f"ansible-vault encrypt --vault-password-file {tmp_path}/vault-password {tmp_path}/vault.yml")
    relay.host.check_output(f"mkdir -p {REPOSITORY}")
    copy(tarball, "/root/")
    copy(tmp_path / "local.yml", f"{REPOSITORY}/")
    copy(tmp_path / "vault.yml", f"{REPOSITORY}/")
    copy(tmp_path / "vault-password", "/root/")
    commit = "git init -q && git add . && git -c user.name=t -c user.email=t@example.com commit -qm one"
    relay.host.check_output(f"chmod 600 /root/vault-password && cd {REPOSITORY} && {commit}")
    return relay


def commands(relay, word):
    """Run the document's only block with WORD, as its reader does."""
    script = f"cd /root && export REPOSITORY={REPOSITORY} LC_ALL=C.UTF-8 && {block(DOCUMENT, word)}"
    return relay.host.check_output(f"bash -euc {quote(script)}")


def test_it_becomes_a_relay_and_stays_one_by_a_timer(puller, endpoint, tmp_path):
    commands(puller, "ansible-galaxy ")
    commands(puller, 'ansible-pull --url "')
    _, message = puller.arrived(endpoint, puller.send())
    assert (message["from"], message["to"]) == ("root@example.com", ["success@simulator.amazonses.com"])

    for section, path in UNITS.items():
        assert f"`{path}`" in (ROOT / "docs" / DOCUMENT).read_text()
        unit = tmp_path / path.rpartition("/")[2]
        unit.write_text(block(DOCUMENT, section).replace("https://git.example.com/mail.git", REPOSITORY))
        copy(unit, "/etc/systemd/system/")
    commands(puller, "systemctl ")
    try:
        puller.host.check_output(f"systemd-analyze verify {' '.join(UNITS.values())}")
        assert puller.host.check_output("systemctl is-active mail-relay.timer") == "active"
        puller.host.check_output("systemctl start mail-relay.service")
        printed = puller.host.check_output("journalctl --sync && journalctl --unit=mail-relay.service --output=cat")
        assert "changed=0" in printed.rpartition("PLAY RECAP")[2], printed
    finally:
        puller.host.check_output("systemctl disable --now mail-relay.timer")
