# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-playbook's output tells."""

from __future__ import annotations

import re
from collections import Counter

MODULE = re.compile(r"^(?:<[^>]*> )?Using module file (\S+)", re.MULTILINE)
RECAP = re.compile(r"^\S+ +: (ok=\d+ +changed=\d+ .*)$", re.MULTILINE)
COUNT = re.compile(r"(\w+)=(\d+)")


def executions(verbose: str) -> list[str]:
    """The files of the modules that ran on the host, fact gathering among them, of the output of -vvv."""
    return [found[1].rpartition("/")[2] for found in MODULE.finditer(verbose)]


def recap(output: str) -> Counter[str]:
    """What is counted at the end, such as changed, over all hosts. A ValueError where nothing is."""
    found = RECAP.findall(output)
    if not found:
        raise ValueError("the output has no recap")
    total: Counter[str] = Counter()
    for line in found:
        total.update({name: int(count) for name, count in COUNT.findall(line)})
    return total


def changes(output: str) -> int:
    """How many tasks report a change, over all hosts of the recap."""
    return recap(output)["changed"]
