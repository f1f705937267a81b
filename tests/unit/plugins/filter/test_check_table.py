# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter mailops.ses.check_table."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.ses.plugins.filter.check_table import FilterModule

check_table = FilterModule().filters()["check_table"]


def test_it_gives_the_tables_lines():
    assert check_table({"web1": {}})[1].startswith("web1")


@pytest.mark.parametrize("value", [None, "web1", [{}]])
def test_what_is_no_dictionary_is_refused(value):
    with pytest.raises(AnsibleFilterError, match="dictionary"):
        check_table(value)
