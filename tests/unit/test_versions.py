# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says of versions is what `make versions` runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tomllib
import yaml

ROOT = Path(__file__).resolve().parents[2]
TABLE = tomllib.loads((ROOT / "tests" / "versions" / "versions.toml").read_text())
CORES, PYTHONS = list(TABLE["cores"]), [host["python"] for host in TABLE["hosts"].values()]
PINNED = {path.name: path.read_text() for path in (ROOT / "tests").glob("requirements*.txt")}


def load(path):
    return yaml.safe_load((ROOT / path).read_text())


def test_galaxy_is_told_the_oldest_ansible_core():
    assert load("meta/runtime.yml") == {"requires_ansible": f">={CORES[0]}.0"}


@pytest.mark.parametrize("role", ["network", "postfix", "sendmail"])
def test_a_role_says_the_same(role):
    assert load(f"roles/{role}/meta/main.yml")["galaxy_info"]["min_ansible_version"] == CORES[0]


def test_each_ansible_core_is_pinned_and_no_other():
    pinned = set(re.findall(r"^ansible-core==(\d+\.\d+)\.", "\n".join(PINNED.values()), re.M))
    assert pinned == set(CORES)
    for core, environment in TABLE["cores"].items():
        if environment.startswith("core-"):
            assert f"\nansible-core=={core}." in PINNED[f"requirements-{environment}.txt"]


def words(path):
    return " ".join((ROOT / path).read_text().split())


def test_the_readme_says_what_is_supported():
    text = words("README.md")
    assert f"The controller needs ansible-core {CORES[0]} or newer" in text
    assert f"the hosts Python {PYTHONS[0]} or newer" in text


def test_the_page_of_what_is_tested_says_what_is_run():
    text = words("docs/tested.md")
    assert f"ansible-core {', '.join(CORES[:-1])} and {CORES[-1]}" in text
    assert f"Under {CORES[-1]} the hosts' modules run on Python {', '.join(PYTHONS[:-1])} and {PYTHONS[-1]}" in text
    older = f"{', '.join(CORES[:-2])} and {CORES[-2]}"
    assert f"under {older} they run with Python {PYTHONS[0]} and {PYTHONS[-1]} only" in text
    assert f"The unit tests run by {CORES[-1]} with Python {TABLE['controller']}" in text


def test_an_execution_environment_has_one_of_these():
    major, minor = CORES[-1].split(".")
    wanted = load("docs/examples/execution-environment.yml")["dependencies"]["ansible_core"]["package_pip"]
    assert wanted == f"ansible-core>={CORES[0]},<{major}.{int(minor) + 1}"


def test_the_modules_unit_tests_run_on_the_oldest_python():
    assert f"PYTHONS=${{PYTHONS:-{PYTHONS[0]}}}" in (ROOT / "tests" / "ansible_test").read_text()
    assert load("tests/config.yml")["modules"]["python_requires"] == f">={PYTHONS[0]}"
