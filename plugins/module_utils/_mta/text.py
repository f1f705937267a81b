# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the text of every file that an MTA reads."""

from __future__ import annotations

import unicodedata

# What Postfix's ISSPACE() sees; str.isspace() would also see non-ASCII space.
SPACE = " \t\n\v\f\r"
MASK = "********"  # stands for a secret in a diff


def character_fault(text: str, allowed: str = "") -> str | None:
    """What no file of an MTA can hold inside one line, apart from ALLOWED control characters; None for a sound text."""
    for char in text:
        category = unicodedata.category(char)
        if char in "\n\r\v\f\u0085\u2028\u2029":
            return "has a line break"
        if category in ("Cc", "Cs") and char not in allowed:
            return "has a control character or a byte that is not UTF-8"
    return None
