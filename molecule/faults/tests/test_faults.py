# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases of `make faults` that are quick enough for every run."""

from __future__ import annotations

import pytest
from faults.cases import CASES
from faults.stage import Stage
from faults.table import MTAS
from faults.trial import play


@pytest.fixture(scope="module", params=MTAS)
def stage(request, layout, tmp_path_factory):
    """A host that the role has set up with this MTA."""
    found = Stage(layout, request.param, tmp_path_factory.mktemp("faults"))
    found.set_up()
    return found


@pytest.mark.parametrize("case", [case for case in CASES if case.quick], ids=lambda case: case.name)
def test_what_becomes_of_mail(stage, case):
    assert play(stage, case).excess == []
