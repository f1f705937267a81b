# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's documentation and its arguments are the same."""

from __future__ import annotations

from typing import Any

import yaml
from ansible_collections.mailops.ses.plugins.module_utils._network.egress import refresher
from ansible_collections.mailops.ses.plugins.module_utils._network.egress.units import PROGRAM, UNITS
from ansible_collections.mailops.ses.plugins.modules import egress_allowlist

DOCUMENTATION: dict[str, Any] = yaml.safe_load(egress_allowlist.DOCUMENTATION)
KEPT = ("type", "elements", "default", "choices", "required")


def test_documentation_matches_the_arguments() -> None:
    options = DOCUMENTATION["options"].items()
    assert {
        name: {key: option[key] for key in KEPT if key in option} for name, option in options
    } == egress_allowlist.ARGUMENTS


def test_the_notes_name_all_that_is_on_the_host() -> None:
    (note,) = [note for note in DOCUMENTATION["notes"] if note.startswith("On the host are")]
    for name in (PROGRAM, refresher.CONFIG, f"{refresher.STATE.rpartition('/')[0]}/", *UNITS):
        assert f"C({name})" in note


def test_examples_and_returns_are_yaml() -> None:
    assert yaml.safe_load(egress_allowlist.EXAMPLES)
    assert yaml.safe_load(egress_allowlist.RETURN)
