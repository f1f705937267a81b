# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that differ from what is wanted, each with the call that brings it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable, NamedTuple


class Change(NamedTuple):
    """A setting by its option's name, its value now and then, and the call. A call may bring several settings."""

    setting: str
    before: Any
    after: Any
    call: Callable[[], object]


def due(changes: Iterable[Change]) -> list[Change]:
    """Those that differ. What nobody gave (None) stays as it is."""
    return [change for change in changes if change.after is not None and change.after != change.before]


def carry_out(changes: list[Change], check_mode: bool) -> dict[str, Any]:
    """Make them, unless in check mode: what a module returns of it, `changed` and `diff`."""
    if not check_mode:
        for call in dict.fromkeys(change.call for change in changes):
            call()
    before, after = ({change.setting: getattr(change, side) for change in changes} for side in ("before", "after"))
    return {"changed": bool(changes), "diff": {"before": before, "after": after}}
