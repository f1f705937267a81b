# SPDX-License-Identifier: GPL-3.0-or-later
"""The egress allowlist that is asked for: the options judged, and the files that they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import getsource
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._network.egress import refresher
from ansible_collections.mailops.ses.plugins.module_utils._network.egress.units import (
    PROGRAM,
    UNIT_DIRECTORY,
    units,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import endpoint_of, host_fault, region_fault
from ansible_collections.mailops.ses.plugins.module_utils._ses.option_names import Names

DAY = 86400
LEAST_REFRESH, MOST_REFRESH, MOST_GRACE = 10, DAY, 30 * DAY


class EgressError(Exception):
    """A sentence for the user."""


@dataclass(frozen=True)
class Request:
    """The allowlist that is asked for."""

    config: refresher.Config
    refresh_seconds: int
    named_by: str = "endpoint"  # what its user calls the option that gave the endpoint's name

    def files(self) -> dict[str, str]:
        """Path -> text of everything but the state, which the refresher alone writes."""
        texts = {f"{UNIT_DIRECTORY}/{name}": text for name, text in units(self.refresh_seconds).items()}
        return {PROGRAM: program(), refresher.CONFIG: self.config.text(), **texts}


def program() -> str:
    """The refresher's own source, wherever this runs from."""
    return getsource(refresher)


def request_of(params: Mapping[str, Any]) -> Request:
    """Judge the options; EgressError with every fault at once."""
    names = Names(params["option_names"])
    region, endpoint = params["region"], params["endpoint"]
    refresh, grace = params["refresh_seconds"], params["grace_seconds"]
    missing = f"{names['region']} is missing: give the AWS region, or {names['endpoint']}"
    twice = f", twice {names['refresh_seconds']}, so that no address ends between two refreshes"
    faults = [
        f"{names['region']} {region_fault(region)}" if region is not None and region_fault(region) else "",
        f"{names['endpoint']} {host_fault(endpoint)}" if endpoint is not None and host_fault(endpoint) else "",
        missing if region is None and endpoint is None else "",
        _ports_fault(names["ports"], params["ports"]),
        _seconds_fault(names["refresh_seconds"], refresh, LEAST_REFRESH, MOST_REFRESH),
        _seconds_fault(names["grace_seconds"], grace, 2 * refresh, MOST_GRACE, twice),
    ]
    if any(faults):
        raise EgressError(". ".join(fault for fault in faults if fault))
    name = (endpoint or endpoint_of(region)).lower()
    ports = tuple(sorted(set(params["ports"])))
    return Request(refresher.Config(name, ports, grace), refresh, names["endpoint" if endpoint else "region"])


def _ports_fault(name: str, ports: Sequence[int]) -> str:
    wrong = [port for port in ports if isinstance(port, bool) or not 0 < port < 65536]
    if wrong:
        return f"{name} has {wrong[0]}: a port is a number from 1 to 65535"
    if 53 in ports:
        return f"{name} has 53: DNS answers over it, and the allowlist is made of them"
    return "" if ports else f"{name} is empty: give at least one port, or leave it out for the five that SES listens on"


def _seconds_fault(name: str, seconds: int, least: int, most: int, reason: str = "") -> str:
    return "" if least <= seconds <= most else f"{name} is {seconds}: it must be from {least}{reason}, to {most}"
