# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents name is there: targets of make, scenarios, files, playbooks that parse."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml
from testbed.documents import DOCUMENTS, blocks, name
from testbed.engine import ROOT

TEXTS = [path.read_text() for path in DOCUMENTS]
CODE = [code for text in TEXTS for code in re.findall(r"`([^`\n]+)`", text)] + [item.text for item in blocks("sh")]


def test_each_target_of_make_is_there():
    named = set(re.findall(r"^ *make ([a-z]+)", "\n".join(CODE), re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named
    assert named <= targets


def test_each_scenario_is_there():
    named = set(re.findall(r"SCENARIO=(\w+)", "\n".join(CODE))) - {"name"}
    assert named
    assert [word for word in named if not (ROOT / "molecule" / word / "molecule.yml").is_file()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_each_link_leads_somewhere(document):
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_each_block_is_yaml(block):
    assert yaml.safe_load(block.text)


def test_a_definition_for_ansible_builder_is_one(tmp_path):
    """`create` checks the definition; what the collection asks of the image is read when the image is built."""
    command = [
        "ansible-builder",
        "create",
        "--file",
        ROOT / "docs/examples/execution-environment.yml",
        "--context",
        tmp_path,
    ]
    subprocess.run(command, check=True, capture_output=True)
    steps = (tmp_path / "Containerfile").read_text()
    assert 'ARG PYPKG="python3"\n' in steps
    assert steps.index("RUN $PKGMGR install $PYPKG ") < re.search(r"^RUN .*\$PYCMD", steps, re.MULTILINE).start()
    assert "openssh-clients [platform:rpm]" in (tmp_path / "_build" / "bindep.txt").read_text().splitlines()
    assert yaml.safe_load((ROOT / "meta/execution-environment.yml").read_text())["version"] == 3
