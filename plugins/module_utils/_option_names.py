# SPDX-License-Identifier: GPL-3.0-or-later
"""What messages call the options: a role's user knows the role's variables, and not the module's options."""

from __future__ import annotations

import re
from collections.abc import Mapping


class Names(dict[str, str]):
    """Option -> what its user calls it; an option that is not listed has its own name."""

    def __missing__(self, option: str) -> str:
        return option


def renamed(message: str, names: Mapping[str, str]) -> str:
    """Another module's message: options begin its sentences, or are what a list names."""
    return re.sub(r"(^|\. |: |, )([a-z_]+)(?=[ ,]|$)", lambda found: found[1] + names.get(found[2], found[2]), message)
