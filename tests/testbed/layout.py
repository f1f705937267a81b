# SPDX-License-Identifier: GPL-3.0-or-later
"""testbed.toml, read once into plain objects."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import tomllib

HERE = Path(__file__).resolve().parent
DISGUISE = HERE / "dnf"  # what makes a Debian image say that it is another system
MOST = 255 - 77  # by the third number of their addresses


@dataclass(frozen=True)
class Host:
    """A container that plays a managed host."""

    name: str
    image: str
    address: str
    hostname: str
    address6: str = ""  # by IPv6, which the host has beside IPv4 and asks DNS by


@dataclass(frozen=True)
class Layout:
    """The whole testbed: names, addresses, what each image holds."""

    prefix: str
    state: Path
    subnet: str
    gateway: str
    others: str
    prefix_length6: int
    repository: str
    suites: dict[str, str]
    disguised: dict[str, str]
    pulled: dict[str, str]
    include: list[str]
    apt: list[str]
    bootstrap: list[str]
    simulator_image: str
    simulator_address: str
    simulator_address6: str
    regions: dict[str, list[str]]
    credentials: dict[str, object]
    hosts: dict[str, Host]

    @classmethod
    def load(cls, path: Path = HERE / "testbed.toml", number: str | None = None) -> Layout:
        """Read the description; a missing key is a KeyError that names it. NUMBER or TESTBED tells it from others."""
        number = os.environ.get("TESTBED", "") if number is None else number
        text = path.read_text()
        if number:
            if not (number.isdecimal() and 0 < int(number) <= MOST):
                raise ValueError(f"TESTBED {number} gives no address: use 1 to {MOST}")
            text = text.replace("10.213.77.", f"10.213.{77 + int(number)}.")
            text = text.replace("fd00:213:77:", f"fd00:213:{77 + int(number)}:")
        data = tomllib.loads(text)
        return cls(
            prefix=data["prefix"] + number,
            state=Path(data["state"] + number),
            subnet=data["network"]["subnet"],
            gateway=data["network"]["gateway"],
            others=data["network"]["others"],
            prefix_length6=data["network"]["prefix_length6"],
            repository=data["images"]["repository"],
            suites=data["images"]["suites"],
            disguised=data["images"]["disguised"],
            pulled={name: data["images"]["commands"][by] for name, by in data["images"]["pulled"].items()},
            include=data["images"]["include"],
            apt=data["images"]["apt"],
            bootstrap=data["images"]["bootstrap"],
            simulator_image=data["simulator"]["image"],
            simulator_address=data["simulator"]["address"],
            simulator_address6=data["simulator"]["address6"],
            regions=data["simulator"]["regions"],
            credentials=data["simulator"]["credentials"],
            hosts={name: Host(name=name, **host) for name, host in data["hosts"].items()},
        )

    def container(self, name: str) -> str:
        """The container that plays NAME."""
        return f"{self.prefix}-{name}"

    def image(self, suite: str) -> str:
        """The image of a suite; its tag changes with its contents, so that a changed list is bootstrapped anew."""
        contents: list[object] = [suite, self.include, self.apt, self.bootstrap]
        if suite in self.pulled:
            contents = [suite, self.pulled[suite]]
        elif suite in self.disguised:
            files = sorted(path for path in DISGUISE.rglob("*") if path.is_file())
            contents = [suite, self.image(self.disguised[suite]), *(path.read_text() for path in files)]
        digest = hashlib.sha256(json.dumps(contents).encode()).hexdigest()[:10]
        return f"{self.repository}:{suite.rpartition('/')[2].replace(':', '')}-{digest}"
