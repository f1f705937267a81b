# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the old credential is free to retire: when every host of the fleet is proven with the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import listed, plural
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import GOOD
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Host
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.verdict import NAMES


def unproven(fleet: Sequence[str], hosts: Mapping[str, Host]) -> list[str]:
    """The hosts of the whole FLEET, whatever --limit says, of which the rollout did not see that they have the new
    credential and can log in with it."""
    return sorted(name for name in set(fleet) if name not in hosts or hosts[name].state not in GOOD)


def sentence(fleet: Sequence[str], hosts: Mapping[str, Host]) -> str:
    """What is said of the old credential."""
    left = unproven(fleet, hosts)
    if left:
        return (
            f"Keep the old credential: {plural(len(left), 'host')} of {len(set(fleet)):,} in the inventory may still "
            f"use it: {listed(left, NAMES)}."
        )
    return (
        f"The old credential is free to retire, as far as this inventory goes: {plural(len(set(fleet)), 'host')} have "
        "the new one and have logged in with it. Make it inactive first, look for refused log-ins, and delete it then."
    )
