# SPDX-License-Identifier: GPL-3.0-or-later
"""No line of dnf's way was left out by the runs of this scenario, which have noted what they executed."""

from __future__ import annotations

import pytest
from test_dnf import HOSTS
from testbed.executed import executed, tasks

ROLE = "roles/internal_relay"
FILES = [
    f"{ROLE}/tasks/{name}.yml" for name in ("alternative", "bring", "install", "packages", "plan", "replace", "resume")
]


@pytest.mark.parametrize("path", [*FILES, "roles/network/tasks/install.yml"])
def test_each_task_was_executed(layout, path):
    seen = executed(layout, *HOSTS)
    assert not {name for place, name in tasks(path).items() if place not in seen}


def test_the_ways_of_dnf_were_loaded(layout):
    for host in HOSTS:
        assert f"{ROLE}/vars/dnf.yml:" in executed(layout, host)
        assert f"{ROLE}/vars/apt.yml:" not in executed(layout, host)
