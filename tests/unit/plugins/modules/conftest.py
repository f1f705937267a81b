# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test of a module has."""

from __future__ import annotations

import pytest
from ansible.module_utils.common import warnings


@pytest.fixture(autouse=True)
def warnings_of_its_own(monkeypatch):
    """Ansible keeps a module's warnings for the process, which is one for all tests."""
    monkeypatch.setattr(warnings, "_global_warnings", type(warnings._global_warnings)())
