# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are changed together, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.settings import Amount


def canaries_of(hosts: Sequence[str], kinds: Mapping[str, tuple[str, str]]) -> list[str]:
    """One of HOSTS, the first, for each kind: MTA and system."""
    first: dict[tuple[str, str], str] = {}
    for host in hosts:
        first.setdefault(kinds[host], host)
    return list(first.values())


def split(
    hosts: Sequence[str], canaries: Sequence[str], sizes: Sequence[Amount], total: int, passed: int = 0
) -> list[list[str]]:
    """HOSTS in waves. The first has the canaries, and more hosts up to its size. A percentage is one of TOTAL hosts, at
    least one host, and the last size repeats. Of a rollout that goes on, PASSED waves are over."""
    leading = [host for host in hosts if host in set(canaries)] if not passed else []
    rest = [host for host in hosts if host not in set(leading)]
    waves: list[list[str]] = []
    while leading or rest:
        size = sizes[min(passed + len(waves), len(sizes) - 1)]
        more = max(0, max(1, size.of(total)) - len(leading))
        waves.append([*leading, *rest[:more]])
        leading, rest = [], rest[more:]
    return waves
