# SPDX-License-Identifier: GPL-3.0-or-later
"""Make this checkout importable as ansible_collections.mailops.ses, wherever it lies, and the tests' helpers too."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

# How long an example takes is the machine's, and other work's on it.
# A run judges the code, and not its luck: new values are looked for with the profile below.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("many", deadline=None, max_examples=10_000)  # pytest --hypothesis-profile=many
settings.load_profile("same")

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ROOT / ".cache" / "collections"

# Where ansible-test runs, the checkout lies in such a tree already, and pyproject.toml is not read.
if ROOT.parts[-3:] == ("ansible_collections", "mailops", "ses"):
    helpers = (ROOT / folder for folder in ("tests", "tests/unit", "tests/unit/plugins/module_utils"))
    sys.path[:0] = [str(folder) for folder in (ROOT.parents[2], *helpers)]

    def pytest_configure(config):
        """Register the marker."""
        config.addinivalue_line("markers", "cause(id, says): as in pyproject.toml")

elif not __file__.startswith(str(COLLECTIONS)):
    _link = COLLECTIONS / "ansible_collections" / "mailops" / "ses"
    _link.parent.mkdir(parents=True, exist_ok=True)
    if not _link.is_symlink():
        _link.symlink_to(ROOT, target_is_directory=True)
    sys.path.insert(0, str(COLLECTIONS))
