# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-playbook's output tells."""

from __future__ import annotations

import re

MODULE = re.compile(r"^(?:<[^>]*> )?Using module file (\S+)", re.MULTILINE)
CHANGED = re.compile(r"^\S+ +: ok=\d+ +changed=(\d+) ", re.MULTILINE)


def executions(verbose: str) -> list[str]:
    """The files of the modules that ran on the host, fact gathering among them, of the output of -vvv."""
    return [found[1].rpartition("/")[2] for found in MODULE.finditer(verbose)]


def changes(output: str) -> int:
    """How many tasks report a change, over all hosts of the recap."""
    found = CHANGED.findall(output)
    if not found:
        raise ValueError("the output has no recap")
    return sum(map(int, found))
