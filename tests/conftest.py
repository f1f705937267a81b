# SPDX-License-Identifier: GPL-3.0-or-later
"""Make this checkout importable as ansible_collections.mailops.ses, wherever it lies."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ROOT / ".cache" / "collections"

if not __file__.startswith(str(COLLECTIONS)):
    _link = COLLECTIONS / "ansible_collections" / "mailops" / "ses"
    _link.parent.mkdir(parents=True, exist_ok=True)
    if not _link.is_symlink():
        _link.symlink_to(ROOT, target_is_directory=True)
    sys.path.insert(0, str(COLLECTIONS))
