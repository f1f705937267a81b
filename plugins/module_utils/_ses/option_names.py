# SPDX-License-Identifier: GPL-3.0-or-later
"""What messages call the options: a role's user knows the role's variables, and not the module's options."""

from __future__ import annotations


class Names(dict[str, str]):
    """Option -> what its user calls it; an option that is not listed has its own name."""

    def __missing__(self, option: str) -> str:
        return option
