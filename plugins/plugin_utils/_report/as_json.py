# SPDX-License-Identifier: GPL-3.0-or-later
"""report.json: the fleet as it is, a host a line, in ASCII so that any reply survives."""

from __future__ import annotations

import json
from typing import Any


def render(fleet: dict[str, Any]) -> str:
    """The whole file; each host has a line of its own."""
    head = {name: value for name, value in fleet.items() if name != "hosts"}
    hosts = ",\n".join(_compact(host) for host in fleet["hosts"])
    return f'{_compact(head)[:-1]},"hosts":[\n{hosts}\n]}}\n'


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
