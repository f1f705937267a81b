# SPDX-License-Identifier: GPL-3.0-or-later
"""The units: what starts with what, and the timer's times."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._network.egress.units import (
    AGAIN,
    PROGRAM,
    REFRESH,
    SERVICE,
    TIMER,
    UNITS,
    units,
)


def test_every_unit_of_the_table_is_written() -> None:
    assert tuple(units(300)) == UNITS


@pytest.mark.parametrize(("seconds", "first"), [(10, 10), (30, 30), (300, 30), (86400, 30)])
def test_the_timer_starts_by_itself(seconds: int, first: int) -> None:
    lines = units(seconds)[TIMER].splitlines()
    assert f"OnActiveSec={first}" in lines
    assert f"OnUnitActiveSec={seconds}" in lines


@pytest.mark.parametrize(("name", "command"), [(SERVICE, "load"), (AGAIN, "load"), (REFRESH, "refresh")])
def test_each_service_is_confined(name: str, command: str) -> None:
    lines = units(300)[name].splitlines()
    assert f"ExecStart=/usr/bin/python3 -I {PROGRAM} {command}" in lines
    assert {"CapabilityBoundingSet=CAP_NET_ADMIN", "ProtectSystem=strict", "NoNewPrivileges=yes"} <= set(lines)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        *((name, "RequiresMountsFor=/usr/local/lib /var/lib/ses-egress") for name in (SERVICE, AGAIN, REFRESH)),
        (SERVICE, "DefaultDependencies=no"),
        (SERVICE, f"Wants=network-pre.target {TIMER}"),
        (SERVICE, "Before=network-pre.target shutdown.target"),
        (SERVICE, "After=nftables.service"),
        (SERVICE, "ReloadPropagatedFrom=nftables.service"),
        (SERVICE, "WantedBy=sysinit.target"),
        (AGAIN, f"Requisite={SERVICE}"),
        (AGAIN, "WantedBy=nftables.service"),
        (REFRESH, f"PartOf={SERVICE}"),
        (TIMER, f"PartOf={SERVICE}"),
    ],
)
def test_what_each_promise_hangs_on(name: str, line: str) -> None:
    assert line in units(300)[name].splitlines()
