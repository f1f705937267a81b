# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for wrong values: how one looks, and what to say about it."""

from __future__ import annotations

import re

Rules = tuple[tuple[re.Pattern[str], str], ...]


def first_fault(rules: Rules, value: str) -> str | None:
    """The sentence of the first rule that the whole value fits; None where it fits none."""
    return next((sentence for pattern, sentence in rules if pattern.fullmatch(value)), None)
