# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball: what is in it, and that a stranger's empty project can install and read it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def tarball(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    command = [BIN / "ansible-galaxy", "collection", "build", ROOT, "--output-path", folder]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HOME": str(folder)})
    (built,) = folder.glob("mailops-ses-*.tar.gz")
    return built


def test_it_has_the_collection_and_none_of_the_tests(tarball):
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    wanted = {"plugins/modules/smtp_check.py", "roles/postfix/tasks/main.yml", "playbooks/relay.yml", "LICENSE"}
    wanted |= {"roles/network/tasks/main.yml", "plugins/plugin_utils/_report.css"}
    assert wanted | {"docs/troubleshooting.md", "docs/troubleshooting.ja.md"} <= set(names)
    top = {name.partition("/")[0] for name in names}
    assert not top & {"tests", "molecule", ".cache", ".ci", ".git"}
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.parametrize(
    ("kind", "name", "word"),
    [
        ("role", "mailops.ses.postfix", "ses_masquerade_domain"),
        ("role", "mailops.ses.sendmail", "ses_masquerade_domain"),
        ("module", "mailops.ses.smtp_check", "recommended_port"),
        ("module", "mailops.ses.postfix_config", "secret_entries"),
        ("module", "mailops.ses.sendmail_config", "secret_entries"),
        ("role", "mailops.ses.network", "ses_egress_allowlist"),
        ("module", "mailops.ses.relay_plan", "ses_"),
        ("module", "mailops.ses.mail_queue_info", "oldest_age_seconds"),
        ("module", "mailops.ses.interface_mtu", "netplan"),
        ("module", "mailops.ses.egress_allowlist", "nftables"),
        ("module", "mailops.ses.check_report", "junit.xml"),
        ("filter", "mailops.ses.smtp_password", "secret access key"),
        ("filter", "mailops.ses.check_table", "table"),
    ],
)
def test_ansible_doc_shows_it_where_the_tarball_is_installed(tarball, tmp_path, kind, name, word):
    environment = {**os.environ, "HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}
    install = [BIN / "ansible-galaxy", "collection", "install", tarball, "--offline", "-p", tmp_path]
    subprocess.run(install, check=True, capture_output=True, env=environment)
    shown = subprocess.run(
        [BIN / "ansible-doc", "-t", kind, name], check=True, capture_output=True, text=True, env=environment
    )
    assert word in shown.stdout
