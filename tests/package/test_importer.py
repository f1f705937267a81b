# SPDX-License-Identifier: GPL-3.0-or-later
"""Galaxy's own importer takes the tarball, without a warning."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from testbed.engine import ROOT

BIN = ROOT / ".cache" / "importer" / "bin"
CONTENTS = {
    "role": {"internal_relay", "network", "postfix", "sendmail"},
    "playbook": {"aws.yml", "check.yml", "relay.yml", "rollout.yml", "rotate_credentials.yml"},
    "lookup": {"stored_credential"},
    **{
        kind: {file.stem for file in (ROOT / "plugins" / folder).glob("*.py")}
        for kind, folder in {"filter": "filter", "action": "action", "module": "modules"}.items()
    },
}


@pytest.fixture(scope="module")
def done(tarball, tmp_path_factory):
    """The importer's run, which writes its result into the current directory."""
    folder = tmp_path_factory.mktemp("importer")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {"PATH": f"{BIN}:{environment['PATH']}", "HOME": str(folder), "PYTHONPATH": ""}
    environment |= {"GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true"}  # Automation Hub asks for one of its tags
    command = [BIN / "python", "-m", "galaxy_importer.main", tarball]
    return folder, subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def test_it_is_imported_without_a_warning(done):
    _folder, run = done
    printed = run.stdout + run.stderr
    assert run.returncode == 0, printed
    assert [line for line in printed.splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))] == []
    assert "ansible-lint run complete" in printed


def test_it_finds_everything(done):
    folder, _run = done
    contents = json.loads((folder / "importer_result.json").read_text())["contents"]
    found = {kind: {content["name"] for content in contents if content["content_type"] == kind} for kind in CONTENTS}
    assert found == CONTENTS


def test_each_module_filter_and_role_is_documented(done):
    folder, _run = done
    result = json.loads((folder / "importer_result.json").read_text())
    blob = {(entry["content_type"], entry["content_name"]): entry for entry in result["docs_blob"]["contents"]}
    for kind in ("module", "filter", "role"):
        for name in CONTENTS[kind]:
            assert blob[kind, name]["doc_strings"] or blob[kind, name]["readme_html"], name
