# SPDX-License-Identifier: GPL-3.0-or-later
"""`make molecule` runs every scenario, each once."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_scenario_is_in_a_lane():
    (lanes,) = re.findall(r"^LANES=\((.*?)^\)", (ROOT / "tests/testbed/scenarios").read_text(), re.M | re.S)
    listed = " ".join(re.findall(r'"(.*?)"', lanes)).split()
    scenarios = {file.parent.name for file in ROOT.glob("molecule/*/molecule.yml")} - {"default"}
    assert sorted(listed) == sorted(scenarios)
