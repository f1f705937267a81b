# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hosts of a rollout's waves, in their order, and the sizes of the waves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: rollout_turn
short_description: Tell in which waves the hosts of a rollout change
version_added: 0.2.0
author: mailops maintainers (@mailops)
description:
  - Finds what M(mailops.ses.rollout_gate) planned, for C(hosts) and C(serial) of the play that changes the hosts.
  - The playbooks C(mailops.ses.rollout) and C(mailops.ses.rotate_credentials) use it. It is of no use without them.
positional: _input
options:
  _input:
    description: The names of hosts, of which one knows the plan.
    type: list
    elements: str
    required: true
  hostvars:
    description: C(hostvars).
    type: dict
    required: true
  installs:
    description:
      - Whether to tell the waves of a plan by which some hosts get packages first, or those of one by which none does.
    type: bool
    default: false
  name:
    description: The variable that the plan was registered as.
    type: str
    default: __ses_rollout_planned
"""

EXAMPLES = r"""
- name: See that no rollout is planned
  ansible.builtin.debug:
    msg: "{{ (['web1'] | mailops.ses.rollout_turn(hostvars)).hosts | length }} hosts would change"
"""

RETURN = r"""
_value:
  description: The hosts, and how many of them are in each wave.
  type: dict
  contains:
    hosts:
      description: The hosts in the order of the waves. Empty where nothing is planned.
      type: list
      elements: str
    serial:
      description: The number of hosts of each wave.
      type: list
      elements: int
"""


NOBODY: dict[str, Any] = {"hosts": [], "serial": []}


def rollout_turn(
    hosts: Iterable[str], hostvars: Mapping[str, Any], installs: bool = False, name: str = "__ses_rollout_planned"
) -> Any:
    """The turn of the plan that the first of these hosts that knows one has; nobody's where it INSTALLS and the plan
    does not, or the reverse."""
    for host in hosts:
        known = hostvars.get(host) or {}
        if name in known and "turn" in known[name]:
            turn = known[name]["turn"]
            return turn if bool(turn["installs"]) == installs else NOBODY
    return NOBODY


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Filter names and functions."""
        return {"rollout_turn": rollout_turn}
