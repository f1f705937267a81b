# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: where each strikes, what it does, and how often."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from .certificates import CERTIFICATES, TLS_VERSIONS
from .model import PORTS, SimulatorError

STAGES = (
    "connect", "banner", "ehlo", "starttls", "tls", "auth", "mail", "rcpt", "data", "eod", "rset", "noop", "quit",
)  # fmt: skip

# The stage of an action that makes sense at one stage only.
OWN_STAGE = {
    "refuse": "connect",
    "swallow": "connect",
    "certificate": "tls",
    "tls_max": "tls",
    "large_hello": "tls",
    "no_starttls": "ehlo",
    "auth_last": "ehlo",
}
ACTIONS = ("reply", "delay", "drop", "garbage", "endless", "silent", "split", *OWN_STAGE)
CHOICES: dict[str, Collection[Any]] = {
    "drop": (True, "reset"),
    "split": ("lines", "bytes"),
    "endless": (True, "line"),
    "certificate": CERTIFICATES,
    "tls_max": TLS_VERSIONS,
    "large_hello": ("reset", "silent"),
    "silent": (True,),
    "refuse": (True,),
    "swallow": (True,),
    "no_starttls": (True,),
    "auth_last": (True,),
}


@dataclass
class Fault:
    """One fault. The fields below "actions" are its actions; delay and split go with any other."""

    id: int
    stage: str = ""
    ports: list[int] = field(default_factory=list)
    region: str | None = None
    times: int | None = None
    skip: int = 0
    seconds: float | None = None
    after: int = 0
    matching: str = ""
    kept: bool = False
    # actions
    reply: str | None = None
    delay: float | None = None
    drop: bool | str | None = None
    garbage: bool | str | None = None
    endless: bool | str | None = None
    silent: bool | None = None
    split: str | None = None
    refuse: bool | None = None
    swallow: bool | None = None
    certificate: str | None = None
    tls_max: str | None = None
    large_hello: str | None = None
    no_starttls: bool | None = None
    auth_last: bool | None = None

    def strikes(self, port: int, region: str) -> bool:
        return (not self.ports or port in self.ports) and self.region in (None, region)

    def actions(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ACTIONS if getattr(self, name) is not None}


def make(number: int, regions: Collection[str], values: dict[str, Any]) -> Fault:
    """A fault, or the sentence that says what is wrong with the request."""
    known = [f.name for f in dataclasses.fields(Fault) if f.name != "id"]
    unknown = sorted(values.keys() - set(known))
    if unknown:
        raise SimulatorError(f"a fault has no {unknown[0]}; it has {', '.join(known)}")
    fault = Fault(number, **values)
    actions = fault.actions()
    own = {OWN_STAGE[name] for name in actions if name in OWN_STAGE}
    fault.stage = fault.stage or next(iter(own), "")
    uncounted = fault.refuse or fault.swallow
    for wrong, sentence in (
        (not actions, f"a fault needs an action: one of {', '.join(ACTIONS)}"),
        (fault.stage not in STAGES, f"stage must be one of {', '.join(STAGES)}"),
        (own - {fault.stage}, f"{', '.join(actions)}: that does not happen at the stage {fault.stage}"),
        (set(fault.ports) - PORTS.keys(), f"ports must be of {', '.join(map(str, PORTS))}"),
        (fault.region not in (None, *regions), f"there is no region {fault.region}; there are {', '.join(regions)}"),
        (uncounted and (fault.times or fault.skip), "refuse and swallow cannot be counted: use seconds"),
        (fault.kept and (fault.stage, bool(fault.drop)) != ("eod", True), "kept goes with a drop at the stage eod"),
    ):  # fmt: skip
        if wrong:
            raise SimulatorError(sentence)
    for name, choices in CHOICES.items():
        if name in actions and actions[name] not in choices:
            allowed = ", ".join("true" if choice is True else choice for choice in choices)
            raise SimulatorError(f"{name} must be one of {allowed}")
    return fault


class Faults:
    """The faults in force, in the order in which they were made."""

    def __init__(self, regions: Collection[str]) -> None:
        self._regions = regions
        self._number = 0
        self._faults: dict[int, Fault] = {}

    def add(self, values: dict[str, Any]) -> Fault:
        fault = make(self._number + 1, self._regions, values)
        self._number += 1
        self._faults[fault.id] = fault
        return fault

    def clear(self, number: int | None = None) -> None:
        if number is None:
            self._faults = {}
        elif self._faults.pop(number, None) is None:
            raise SimulatorError(f"there is no fault {number}")

    def discard(self, number: int) -> None:
        self._faults.pop(number, None)

    def all(self) -> list[Fault]:
        return list(self._faults.values())

    def doors(self) -> list[Fault]:
        """Those that strike before a connection exists."""
        return [fault for fault in self._faults.values() if fault.refuse or fault.swallow]

    def take(self, stage: str, port: int, region: str, line: str = "") -> list[Fault]:
        """Those that strike now, at this line of the client's; each one's count goes down."""
        if not self._faults:
            return []
        struck = []
        for fault in self.all():
            if fault.stage != stage or not fault.strikes(port, region) or fault.refuse or fault.swallow:
                continue
            if fault.matching not in line:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            struck.append(fault)
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    del self._faults[fault.id]
        return struck
