# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts for the tests of postfix_config and sendmail_config: the testbed's, with an MTA that no role has configured."""

from __future__ import annotations

import subprocess

import pytest
from mtas import HERE, MTAS, PLACE, PRISTINE, Host
from testbed.relay import RELAYS

ROOT = HERE.parents[2]
CONTAINERS = [relay.removeprefix("podman://") for relay in RELAYS]


@pytest.fixture(scope="session", params=CONTAINERS)
def container(request: pytest.FixtureRequest) -> Host:
    (host,) = [host for host in (mta(request.param) for mta in MTAS) if host.run("which", host.program, check=False)]
    host.shell(f"rm -rf {PLACE} && mkdir -p {PLACE}/ansible_collections/mailops/ses/plugins")
    target = f"{host.name}:{PLACE}"
    subprocess.run(["podman", "cp", HERE / "driver.py", f"{target}/driver.py"], check=True)
    utils = ROOT / "plugins" / "module_utils"
    subprocess.run(["podman", "cp", utils, f"{target}/ansible_collections/mailops/ses/plugins/"], check=True)
    host.shell(f"test -d {PRISTINE} || cp -a {host.directory} {PRISTINE}")
    return host


@pytest.fixture
def host(container: Host) -> Host:
    """The container with the MTA's files as they were."""
    directory = container.directory
    container.shell(f"rm -rf {directory}/* {directory}/.[!.]*; cp -a {PRISTINE}/. {directory}; {container.restore}")
    return container


@pytest.fixture
def running(host: Host) -> Host:
    """The same, with the MTA running on these files."""
    host.shell(host.start)
    return host
