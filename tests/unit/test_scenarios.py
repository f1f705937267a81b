# SPDX-License-Identifier: GPL-3.0-or-later
"""`make molecule` runs every scenario, each once, but for those that run apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# They need what a machine that runs CI may lack. What runs them:
APART = {
    "sid": "sid",
    "dnf5": "sid",
    "endpoints": "scenarios endpoints",
    "platforms": "scenarios $(if $(PLATFORMS),platforms,",
}


def test_every_scenario_is_in_a_lane():
    (lanes,) = re.findall(r"^LANES=\((.*?)^\)", (ROOT / "tests/testbed/scenarios").read_text(), re.M | re.S)
    listed = " ".join(re.findall(r'"(.*?)"', lanes)).split()
    scenarios = {file.parent.name for file in ROOT.glob("molecule/*/molecule.yml")} - {"default", *APART}
    assert sorted(listed) == sorted(scenarios)


@pytest.mark.parametrize("scenario", APART)
def test_make_has_a_way_to_run_each_scenario_apart(scenario):
    assert f" tests/testbed/{APART[scenario]}" in (ROOT / "Makefile").read_text()


def test_sendmail_runs_every_test_of_both_mtas():
    verifier = yaml.safe_load((ROOT / "molecule/sendmail/molecule.yml").read_text())["verifier"]
    folders = {folder.parts[-3] for folder in ROOT.glob("molecule/*/tests/both")} - {"config"}  # has hosts with either
    assert verifier["additional_files_or_dirs"] == [f"../../{name}/tests/both/test_*.py" for name in sorted(folders)]
