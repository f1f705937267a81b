# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a playbook would run on nobody, and what it says then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

DOCUMENTATION = r"""
name: no_host
short_description: Tell that no host matches, which Ansible takes for a success
version_added: 0.1.0
author: mailops maintainers (@mailops)
description:
  - Chooses the hosts of a play that fails when no host matches, and its words.
  - The collection's playbooks use it. It is of no use without them.
positional: _input
options:
  _input:
    description: The pattern of the hosts that are wanted. An empty one means no host.
    type: str
    required: true
  matching:
    description: Every host of the inventory that matches the pattern.
    type: list
    elements: str
    default: []
  within:
    description: Every host that C(--limit) leaves.
    type: list
    elements: str
    default: []
  limit:
    description: C(--limit) as it was given, if it was.
    type: str
  reports:
    description: The directory into which empty reports were written, if they were.
    type: str
"""

EXAMPLES = r"""
- name: Say why nothing would be done
  ansible.builtin.debug:
    msg: "{{ ('web*' | mailops.ses.no_host(matching=[])).message }}"
"""

RETURN = r"""
_value:
  description: The hosts of that play, and why it fails.
  type: dict
  contains:
    hosts:
      description: V([]) when a host matches; otherwise a pattern for the play to run on.
      type: raw
    message:
      description: Why the play fails.
      type: str
"""


def no_host(
    wanted: str,
    *,
    matching: Sequence[str] = (),
    within: Sequence[str] = (),
    limit: str | None = None,
    reports: str | None = None,
) -> dict[str, Any]:
    """The hosts on which to fail, none where the playbook has something to do, and the words."""
    named = [host for host in matching if limit is None or host in within] if wanted else []
    undone = "nothing was done" if reports is None else "no host was checked"
    limited = "" if limit is None else f" within --limit {limit}"
    written = f" Empty reports are in {reports}" if reports else ""
    # Within --limit, localhost may be left out: the play runs on whatever is left, and once.
    play = "localhost" if limit is None else "all"
    return {
        "hosts": [] if named else play,
        "message": (
            f"No host of the inventory matches {wanted or repr('')} (ses_hosts){limited}, so {undone}: "
            f"correct the name or the inventory (-i).{written}"
        ),
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Filter names and functions."""
        return {"no_host": no_host}
