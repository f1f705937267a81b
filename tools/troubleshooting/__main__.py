# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/troubleshooting.md and docs/troubleshooting.ja.md: python -m troubleshooting"""

from __future__ import annotations

import sys

from .document import write
from .table import gaps


def main() -> str:
    """What is missing; then nothing is written."""
    missing = gaps()
    try:
        if not missing:
            write()
    except KeyError as error:
        missing = [str(error.args[0])]
    return "\n".join(missing)


sys.exit(main() or 0)
