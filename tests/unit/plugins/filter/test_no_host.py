# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that would run on nobody fails, and says why."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.filter.no_host import no_host


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({"matching": ["web1"]}, []),
        ({"matching": []}, "localhost"),
        ({"matching": ["web1"], "within": ["web1", "db1"], "limit": "web1:db1"}, []),
        ({"matching": ["web1"], "within": ["db1"], "limit": "db1"}, "all"),
    ],
)
def test_the_play_runs_only_where_no_host_matches(given, hosts):
    assert no_host("web", **given)["hosts"] == hosts


def test_an_empty_name_is_no_host_though_the_inventory_has_some():
    made = no_host("", matching=["web1"])
    assert made["hosts"] == "localhost"
    assert made["message"].startswith("No host of the inventory matches '' (ses_hosts), so nothing was done")


def test_the_words_name_the_limit_and_the_reports():
    message = no_host("web", limit="db1", reports="/srv/reports")["message"]
    assert " matches web (ses_hosts) within --limit db1, so no host was checked: " in message
    assert message.endswith(" Empty reports are in /srv/reports")
