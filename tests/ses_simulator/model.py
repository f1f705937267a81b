# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulator is told: regions, limits, and the facts of SES that are data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

STARTTLS, WRAPPER = "starttls", "wrapper"
PORTS = {25: STARTTLS, 587: STARTTLS, 2587: STARTTLS, 465: WRAPPER, 2465: WRAPPER}

LOAD_BALANCERS = {
    "us-east-1": "ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com",
    "us-west-2": "ses-smtp-us-west-2-prod-14896026.us-west-2.elb.amazonaws.com",
    "eu-west-1": "ses-smtp-eu-west-1-prod-345515633.eu-west-1.elb.amazonaws.com",
}


class SimulatorError(ValueError):
    """A request the simulator cannot fulfil; its text is a sentence for the caller."""


def load_balancer_of(region: str) -> str:
    # The number of a region without a documented name is invented, in the documented form.
    number = sum(ord(letter) * (at + 7919) for at, letter in enumerate(region)) * 97
    return LOAD_BALANCERS.get(region, f"ses-smtp-{region}-prod-{number}.{region}.elb.amazonaws.com")


@dataclass
class Region:
    """One region of SES: its name, and the local addresses that play its endpoint."""

    name: str
    addresses: list[str] = field(default_factory=list)
    load_balancer: str = ""

    def __post_init__(self) -> None:
        self.load_balancer = self.load_balancer or load_balancer_of(self.name)

    @property
    def endpoint(self) -> str:
        return f"email-smtp.{self.name}.amazonaws.com"

    @property
    def names(self) -> list[str]:
        """The names that its certificate covers."""
        return [
            self.endpoint,
            f"email-smtp-fips.{self.name}.amazonaws.com",
            f"*.email-smtp.{self.name}.vpce.amazonaws.com",
        ]


@dataclass
class Limits:
    """What SES grants; None means without a limit."""

    idle: float = 10.0
    messages_per_session: int | None = 350
    concurrency: int | None = None
    size: int = 40 * 1024 * 1024
    recipients: int = 50
    rate: float | None = None
    quota: int | None = None

    def change(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if name not in self.__dataclass_fields__:
                raise SimulatorError(
                    f"there is no limit named {name}; there are {', '.join(self.__dataclass_fields__)}"
                )
            optional = "None" in self.__dataclass_fields__[name].type
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number and not (value is None and optional):
                raise SimulatorError(f"the limit {name} must be a number" + (" or null" if optional else ""))
        for name, value in values.items():
            setattr(self, name, value)
