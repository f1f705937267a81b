# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC endpoint's name with addresses in DNS."""

from __future__ import annotations

import pytest
from vpc_endpoint import NAME


@pytest.fixture(autouse=True)
def way(endpoint, layout):
    """The function that gives the name other addresses than those of the simulator by both families."""

    def lead(*addresses: str) -> None:
        endpoint.dns(names={NAME: ",".join(addresses)})

    lead(layout.simulator_address, layout.simulator_address6)
    return lead
