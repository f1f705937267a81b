# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of systems, for these tests to read, and notes of every task that they have executed."""

from __future__ import annotations

import sys

import pytest
from testbed import executed, relay
from testbed.engine import ROOT

sys.path.append(str(ROOT / ".cache" / "collections"))


@pytest.fixture(scope="session", autouse=True)
def _noted(layout):
    relay.ENVIRONMENT.update(executed.environment(layout))
