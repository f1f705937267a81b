# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the text of every file that an MTA reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._ses import credentials

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


def hidden_fault(params: Mapping[str, Any]) -> str | None:
    """The option in which Ansible has hidden something, and why, None where there is none: what is written to a host
    must not be the result of a task that knew a secret."""
    option = next((name for name, value in params.items() if _is_hidden(value)), None)
    if option is None:
        return None
    return (
        f"{option}: Ansible has put its mark for a secret ({', '.join(credentials.MARKS)}) in place of a word that "
        "some secret is the same as; take the value from a task that gets no secret, or change the secret"
    )


def _is_hidden(value: Any) -> bool:
    if isinstance(value, str):
        return credentials.hidden_fault(value) is not None
    if isinstance(value, Mapping):
        return any(map(_is_hidden, (*value, *value.values())))
    return isinstance(value, (list, tuple)) and any(map(_is_hidden, value))
