# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose run of ansible-playbook has the lock, where the user has no name either."""

from __future__ import annotations

import os

import pytest
from ansible_collections.mailops.ses.plugins.action import rollout_gate


@pytest.mark.parametrize("fault", [KeyError("getpwuid(): uid not found"), OSError("No username set")])
def test_a_user_without_a_name_has_a_number(monkeypatch, fault):
    def unknown():
        raise fault

    monkeypatch.setattr("getpass.getuser", unknown)
    assert rollout_gate._ours().user == f"uid {os.getuid()}"
