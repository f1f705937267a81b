# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.mailops.ses.plugins.module_utils._ses.option_names import Names


def test_an_option_without_another_name_has_its_own() -> None:
    names = Names(region="ses_region")
    assert (names["region"], names["ports"]) == ("ses_region", "ports")
