# SPDX-License-Identifier: GPL-3.0-or-later
"""`make molecule` runs every scenario, each once, but for those that run apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# They need what a machine that runs CI may lack. What runs them:
APART = {"sid": "sid", "platforms": "scenarios $(if $(PLATFORMS),platforms,"}


def test_every_scenario_is_in_a_lane():
    (lanes,) = re.findall(r"^LANES=\((.*?)^\)", (ROOT / "tests/testbed/scenarios").read_text(), re.M | re.S)
    listed = " ".join(re.findall(r'"(.*?)"', lanes)).split()
    scenarios = {file.parent.name for file in ROOT.glob("molecule/*/molecule.yml")} - {"default", *APART}
    assert sorted(listed) == sorted(scenarios)


@pytest.mark.parametrize("scenario", APART)
def test_make_has_a_way_to_run_each_scenario_apart(scenario):
    assert f" tests/testbed/{APART[scenario]}" in (ROOT / "Makefile").read_text()
