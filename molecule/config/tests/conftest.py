# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts for the tests of postfix_config and sendmail_config: the testbed's, with an MTA that no role has configured."""

from __future__ import annotations

import subprocess

import pytest
from hosts import HERE, PLACE, PRISTINE, Host, Postfix, Sendmail
from testbed.engine import ROOT
from testbed.relay import relays

# As molecule/inventory.yml has them.
HOSTS = {"debian12": Postfix, "debian13": Postfix, "debian12s": Sendmail, "debian13s": Sendmail}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The tests in `both` get every host, those in another folder the hosts with that MTA."""
    if "container" in metafunc.fixturenames:
        folder = metafunc.definition.path.parent.name
        chosen = [name for name, mta in HOSTS.items() if folder in ("both", mta.name)]
        metafunc.parametrize("container", chosen, indirect=True, scope="session")


@pytest.fixture(scope="session")
def container(request: pytest.FixtureRequest) -> Host:
    (address,) = relays(request.param)
    host = HOSTS[request.param](address.removeprefix("podman://"))
    host.shell(f"rm -rf {PLACE} && mkdir -p {PLACE}/ansible_collections/mailops/ses/plugins")
    target = f"{host.container}:{PLACE}"
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
