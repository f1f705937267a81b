# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated endpoint in the test's own process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ses_simulator import Region, Simulator


def simulated(state: Path, credentials: dict[str, Any], region: str = "us-east-1") -> Simulator:
    """One region on loopback; a credential is a password, or {"secret_access_key": KEY}."""
    return Simulator(regions=[Region(region, addresses=["127.0.0.1"])], credentials=credentials, state_dir=state)
