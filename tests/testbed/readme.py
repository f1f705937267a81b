# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's playbooks, for tests to run."""

from __future__ import annotations

import re

from .engine import ROOT


def readme_playbook(role: str, host: str) -> str:
    """The one with ROLE, for HOST in place of its group."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (block,) = [block for block in blocks if f"role: {role}\n" in block]
    assert "hosts: mail\n" in block
    return str(block.replace("hosts: mail\n", f"hosts: {host}\n"))
