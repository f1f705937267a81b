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


def test_the_readme_leads_to_each_page():
    linked = set(re.findall(r"\]\((docs/[^)#]+\.md)", (ROOT / "README.md").read_text()))
    assert linked == {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}


def test_the_map_has_each_room_and_the_files_that_it_names():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = dict(re.findall(r"^\| `(_\w+)` \| (.*) \|$", text, re.MULTILINE))
    rooms = ROOT / "plugins" / "module_utils"
    assert set(rows) == {
        path.name for path in rooms.iterdir() if path.name.startswith("_") and path.name != "__pycache__"
    }
    for room, row in rows.items():
        for file in re.findall(r"`([\w/]+\.py)`", row):
            assert (rooms / room / file).is_file(), f"{room}/{file}"


def test_each_path_that_contributors_are_told_is_there():
    code = re.findall(r"`([^`\n ]+)`", (ROOT / "CONTRIBUTING.md").read_text())
    named = [word for word in code if re.match(r"(?:plugins|roles|molecule|tests|tools|docs|changelogs|meta)\b", word)]
    assert named
    assert [word for word in named if not list(ROOT.glob(word.replace("<family>", "*")))] == []


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_each_block_is_yaml(block):
    assert yaml.safe_load(block.text)


def test_a_definition_for_ansible_builder_is_one(tmp_path):
    """`create` checks the definition; what the collection asks of the image is read when the image is built."""
    command = [
        "ansible-builder",
        "create",
        "--output-filename",  # by default it depends on the machine's engine
        "Containerfile",
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
