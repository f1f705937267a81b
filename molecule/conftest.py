# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios' tests share: the simulated endpoint, and a relay that runs the role and sends mail."""

from __future__ import annotations

import pytest
from ses_simulator.client import Control
from testbed.layout import Layout
from testbed.relay import Relay


@pytest.fixture(scope="session")
def layout():
    """testbed.toml."""
    return Layout.load()


@pytest.fixture
def endpoint(layout):
    """The simulated endpoint, without faults and without memory of earlier tests."""
    control = Control(layout.state / "control.sock")
    control.reset()
    yield control
    control.reset()


@pytest.fixture
def quiet(endpoint):
    """The endpoint when no connection of an earlier test is open any more, so that every session is this test's."""
    assert endpoint.wait(open=0, timeout=30)
    endpoint.reset()
    return endpoint


@pytest.fixture
def relay(host, layout):
    """The host under test, with an empty queue before and after."""
    machine = Relay(host, layout)
    machine.empty()
    yield machine
    machine.empty()


def pytest_collection_modifyitems(items):
    """Tests that count connections come last: what runs beside the scenarios is busiest when they begin."""
    items.sort(key=lambda item: "connections" in item.path.parts)
