# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the old credential is free to retire: when every host of the fleet is proven with the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import listed, plural
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import GOOD
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Rollout
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.verdict import NAMES

PROOF_SECONDS = 86_400.0  # for which a proof counts: a host can have been given its old configuration since


class Users(NamedTuple):
    """SMTP user names: the one that hosts change to, and the one that goes, each empty where nobody knows it."""

    new: str = ""
    former: str = ""


def users_by(key: Mapping[str, Any]) -> Users:
    """The user names by what mailops.ses.ses_smtp_credential returned of the account's KEY, which may be empty. A key
    that is pending is the new one, and takes the place of the current one."""
    current, pending = str(key.get("current_id") or ""), str(key.get("pending_id") or "")
    return Users(pending, current) if pending else Users(current, str(key.get("replaced_id") or ""))


def unproven(fleet: Sequence[str], rollout: Rollout, users: Users, now: float) -> list[str]:
    """The hosts of the whole FLEET, whatever --limit says, of which the rollout did not see within a day that they have
    the new credential, can log in with it and use the former one for nothing else. Where nobody knows the new one, a
    host may have what this run's hosts have. NOW is in seconds since 1970."""
    given = users_of(rollout)
    proven = {
        name
        for name, host in rollout.hosts.items()
        if host.state in GOOD
        and now - (host.at or 0.0) <= PROOF_SECONDS
        and (users.new in host.users if users.new else given.issuperset(host.users))
        and users.former not in host.users
    }
    return sorted(set(fleet) - proven)


def users_of(rollout: Rollout) -> set[str]:
    """The SMTP user names that the hosts of this run have now, for every way and every sender."""
    return {user for name in rollout.run for user in rollout.hosts[name].users}


def sentence(fleet: Sequence[str], rollout: Rollout, users: Users, now: float) -> str:
    """What is said of the old credential."""
    left = unproven(fleet, rollout, users, now)
    if left:
        return (
            f"Keep the old credential: {plural(len(left), 'host')} of {len(set(fleet)):,} in the inventory may still "
            f"use it: {listed(left, NAMES)}."
        )
    return (
        f"The old credential is free to retire, as far as this inventory goes: {plural(len(set(fleet)), 'host')} have "
        f"the new one and have logged in with it. They log in as {listed(sorted(users_of(rollout)), NAMES)}. Make the "
        "old one inactive first, look for refused log-ins, and delete it then."
    )
