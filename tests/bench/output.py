# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-playbook's output tells."""

from __future__ import annotations

import re

MODULE = re.compile(r"^(?:<[^>]*> )?Using module file (\S+)", re.MULTILINE)
CHANGED = re.compile(r"^\S+ +: ok=\d+ +changed=(\d+) ", re.MULTILINE)
FACTS = "setup.py"


def executions(verbose: str) -> list[str]:
    """The files of the modules that ran on the host beyond fact gathering, of the output of -vvv."""
    paths = (found[1] for found in MODULE.finditer(verbose))
    names = [path.rpartition("/")[2] for path in paths]
    return [name for name in names if name != FACTS]


def changes(output: str) -> int:
    """How many tasks report a change, over all hosts of the recap."""
    found = CHANGED.findall(output)
    if not found:
        raise ValueError("the output has no recap")
    return sum(map(int, found))
