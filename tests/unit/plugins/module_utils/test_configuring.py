# SPDX-License-Identifier: GPL-3.0-or-later
"""What both MTAs' modules do alike; what each of them does stands in its own tests."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._configuring import due, nothing_changes


@pytest.mark.parametrize(
    ("restart", "reload", "action"),
    [(False, False, "none"), (False, True, "reload"), (True, False, "restart"), (True, True, "restart")],
)
def test_a_restart_is_more_than_a_reload(restart, reload, action):
    assert due(restart, reload) == {"action": action, "reload_due": action == "reload", "restart_due": restart}


@pytest.mark.parametrize(("error", "remedy"), [(PermissionError, True), (FileNotFoundError, False)])
def test_an_error_says_what_it_means_for_the_host(error, remedy):
    with (
        pytest.raises(ValueError, match="the host keeps what it had: no way: /x") as raised,
        nothing_changes(ValueError),
    ):
        raise error(1, "no way", "/x")
    assert ("become" in str(raised.value)) is remedy
