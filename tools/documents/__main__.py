# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the marked tables of README and docs: python -m documents"""

from __future__ import annotations

from .marked import DOCUMENTS, written

# All before one is written: an error leaves every document as it was.
for path, text in {path: written(path.read_text()) for path in DOCUMENTS}.items():
    path.write_text(text)
