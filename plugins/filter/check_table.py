# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of smtp_check as a table that a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet
from ansible_collections.mailops.ses.plugins.plugin_utils._report.text_table import causes, table

DOCUMENTATION = r"""
name: check_table
version_added: 0.1.0
short_description: Results of M(mailops.ses.smtp_check) as a table
description:
  - Turns the results of several hosts into lines of text, a row a host, a column a port, and the causes below.
author:
  - mailops maintainers (@mailops)
positional: _input
options:
  _input:
    description: Host name to the result that M(mailops.ses.smtp_check) registered there.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Print what the check found
  ansible.builtin.debug:
    msg: "{{ {'web1': result} | mailops.ses.check_table }}"
"""

RETURN = r"""
_value:
  description: The table's lines.
  type: list
  elements: str
"""


def check_table(results: Mapping[str, Any]) -> list[str]:
    """The table's lines; AnsibleFilterError for what is no mapping of results."""
    if not isinstance(results, Mapping):
        raise AnsibleFilterError("check_table takes a dictionary of host names and smtp_check results")
    found = fleet({host: {"check": check} for host, check in results.items()}, datetime.now(timezone.utc))
    return [*table(found), *causes(found)]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Filter names and functions."""
        return {"check_table": check_table}
