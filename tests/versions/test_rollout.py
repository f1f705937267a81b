# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts end alike by each ansible-core: versions differ in what stops a play, and in who goes to a rescue."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from conftest import bin_of
from testbed.engine import ROOT

DEADLINE = 2400.0  # seconds; they take two minutes on a machine with nothing else to do
# What `make oldest` plays of them; `make unit` plays all by the newest, and `make versions` by each.
OLDEST = "well or second or whole or allowed or cfg or outage or killed or limit"


def test_rollouts_end_alike(core, request):
    oldest = request.config.getoption("oldest")
    if not oldest:
        pytest.skip("test_unit_tests.py runs them by each ansible-core")
    if not bin_of(core).exists():
        pytest.skip(f"ansible-core {core} has no environment here: it takes a Python that is not installed.")
    path = f"{bin_of(core)}:{os.environ['PATH']}"
    done = subprocess.run(
        ["pytest", "-q", "tests/unit/rollout", "-k", OLDEST],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    assert re.search(r"\d{2} passed", done.stdout)
