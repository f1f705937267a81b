# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the old credential is free to retire: when every host of the fleet is proven with the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import listed, plural
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import GOOD
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Host
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.verdict import NAMES

PROOF_SECONDS = 86_400.0  # for which a proof counts: a host can have been given its old configuration since


class Users(NamedTuple):
    """SMTP user names: the one that hosts change to, and the one that goes, each empty where nobody knows it."""

    new: str = ""
    former: str = ""


def unproven(fleet: Sequence[str], hosts: Mapping[str, Host], users: Users, now: float) -> list[str]:
    """The hosts of the whole FLEET, whatever --limit says, of which the rollout did not see within a day that they have
    the new credential, can log in with it and use the former one for nothing else. NOW is in seconds since 1970."""
    proven = {
        name
        for name, host in hosts.items()
        if host.state in GOOD
        and now - (host.at or 0.0) <= PROOF_SECONDS
        and (not users.new or users.new in host.users)
        and users.former not in host.users
    }
    return sorted(set(fleet) - proven)


def sentence(fleet: Sequence[str], hosts: Mapping[str, Host], users: Users, now: float) -> str:
    """What is said of the old credential."""
    left = unproven(fleet, hosts, users, now)
    if left:
        return (
            f"Keep the old credential: {plural(len(left), 'host')} of {len(set(fleet)):,} in the inventory may still "
            f"use it: {listed(left, NAMES)}."
        )
    return (
        f"The old credential is free to retire, as far as this inventory goes: {plural(len(set(fleet)), 'host')} have "
        "the new one and have logged in with it. Make it inactive first, look for refused log-ins, and delete it then."
    )
