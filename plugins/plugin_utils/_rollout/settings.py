# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a rollout, judged before anything else: every fault is told, in a sentence each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_SOAK = 3600  # seconds
_PERCENT = re.compile(r"(\d{1,3})%")


class SettingsError(Exception):
    """Which variables are wrong, how, and what to write instead."""


@dataclass(frozen=True)
class Amount:
    """Hosts as a number, or as a share of all in percent."""

    value: int
    percent: bool = False

    def of(self, total: int) -> int:
        """So many of TOTAL hosts, rounded down."""
        return total * self.value // 100 if self.percent else self.value

    def __str__(self) -> str:
        return f"{self.value}%" if self.percent else str(self.value)


@dataclass(frozen=True)
class Settings:
    """How a rollout goes on, and when it stops."""

    waves: tuple[Amount, ...]
    allowed_failures: Amount
    allowed_unreachable: Amount
    soak: float  # seconds
    canaries: str = ""  # a pattern; empty for one host of each kind
    rollback: bool = True
    plan_only: bool = False
    restart: bool = False
    stop: bool = False


def settings_of(given: Mapping[str, Any]) -> Settings:
    """The settings; SettingsError with all that is wrong."""
    faults: list[str] = []

    def judged(name: str, read: Any) -> Any:
        try:
            return read(given[name])
        except ValueError as fault:
            faults.append(f"{name} {_shown(given[name])} {fault}.")
            return None

    values = {
        "waves": judged("ses_waves", _waves),
        "allowed_failures": judged("ses_allowed_failures", _limit),
        "allowed_unreachable": judged("ses_allowed_unreachable", _limit),
        "soak": judged("ses_soak", _seconds),
        "canaries": given["ses_canaries"] or "",
        "rollback": judged("ses_rollback", _bool),
        "plan_only": judged("ses_rollout_plan_only", _bool),
        "restart": judged("ses_rollout_restart", _bool),
        "stop": judged("ses_stop", _bool),
    }
    if faults:
        raise SettingsError(" ".join(faults))
    return Settings(**values)


def _waves(value: Any) -> tuple[Amount, ...]:
    form = 'write a list such as [1, "10%", "100%"]; on the command line -e \'{"ses_waves": [1, "10%", "100%"]}\''
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(f"is no list: {form}")
    if not value:
        raise ValueError(f"is empty, which would be all hosts at once: {form}")
    return tuple(_size(item) for item in value)


def _size(value: Any) -> Amount:
    size = _amount(value)
    if size is None or size.value < 1 or (size.percent and size.value > 100):
        raise ValueError(f"has {_shown(value)}, which is no size of a wave: write whole hosts from 1, or 1% to 100%")
    return size


def _limit(value: Any) -> Amount:
    limit = _amount(value)
    if limit is None or (limit.percent and limit.value > 100):
        raise ValueError("is no limit: write whole hosts from 0, or 0% to 100%")
    return limit


def _amount(value: Any) -> Amount | None:
    """A number or a percentage; a command line gives either as text."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value).strip()
    found = _PERCENT.fullmatch(text)
    if found:
        return Amount(int(found[1]), percent=True)
    return Amount(int(text)) if re.fullmatch(r"\d{1,9}", text) else None


def _seconds(value: Any) -> float:
    try:
        seconds = float(value) if not isinstance(value, bool) else -1.0
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds <= MAX_SOAK:
        raise ValueError(f"is no time: write seconds from 0 to {MAX_SOAK}")
    return seconds


def _bool(value: Any) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    found = known.get(str(value).strip().lower())
    if found is None:
        raise ValueError("is neither true nor false")
    return found


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:60] + "…"
