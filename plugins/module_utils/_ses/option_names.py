# SPDX-License-Identifier: GPL-3.0-or-later
"""What messages call the options: a role's user knows the role's variables, and not the module's options."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Where a message names an option, and not what the word means: at the start of a sentence or of its second half, in
# quotes, and in a list of what is missing.
_NAMED = r"(?:^|(?<=[.:,] )|(?<=['\"])|(?<=\bgive )|(?<=\bor ))({})(?![\w-])"


class Names(dict[str, str]):
    """Option -> what its user calls it; an option that is not listed has its own name."""

    def __missing__(self, option: str) -> str:
        return option


def renamed(message: str, names: Mapping[str, str]) -> str:
    """A module's message in its user's names for the options."""
    if not names:
        return message
    return re.sub(_NAMED.format("|".join(map(re.escape, names))), lambda found: names[found[1]], message)
