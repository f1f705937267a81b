# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of versions, and hosts that have its interpreters."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import testinfra
import tomllib
from ses_simulator.client import Control
from testbed import engine
from testbed.layout import Layout
from testbed.relay import ENVIRONMENT, INVENTORY, Relay

HERE = Path(__file__).resolve().parent
TABLE = tomllib.loads((HERE / "versions.toml").read_text())
CORES = list(TABLE["cores"])
OURS = next(core for core, environment in TABLE["cores"].items() if environment == "venv")  # by which all tests run
DEADLINE = 600.0  # seconds; five bare hosts on two cores take one or two minutes


def pytest_addoption(parser):
    parser.addoption("--oldest", action="store_true", help="the oldest ansible-core, the oldest and the newest Python")


def pytest_generate_tests(metafunc):
    if "core" in metafunc.fixturenames:
        cores = CORES[:1] if metafunc.config.getoption("oldest") else CORES
        metafunc.parametrize("core", cores, scope="session")


def bin_of(core: str) -> Path:
    """The commands of an ansible-core's environment."""
    return engine.ROOT / ".cache" / TABLE["cores"][core] / "bin"


@dataclass(frozen=True)
class Fleet:
    """Hosts beside the simulated endpoint, each with its interpreter."""

    layout: Layout
    names: list[str]
    inventory: Path

    def converge(self, core: str) -> str:
        """Run the whole collection by this ansible-core; what it printed."""
        done = subprocess.run(
            [
                *(bin_of(core) / "ansible-playbook", "-i", INVENTORY, "-i", self.inventory, HERE / "converge.yml"),
                *("--limit", ",".join(self.names), "--extra-vars", json.dumps({"core": core})),
            ],
            cwd=self.inventory.parent,  # the reports go there
            env={**ENVIRONMENT, "PATH": f"{bin_of(core)}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def relays(self) -> list[Relay]:
        """The hosts, as they send mail."""
        return [
            Relay(testinfra.get_host(f"podman://{self.layout.container(name)}"), self.layout) for name in self.names
        ]


def carry(path: str, container: str) -> None:
    """Copy an interpreter of this machine to the same place on a host."""
    version, prefix = Path(path).name, Path(path).parents[1]
    files = [path, prefix / "lib" / version, *prefix.glob(f"lib/lib{version}*.so*")]
    pack = ["tar", "-C", "/", "--exclude=test", "--exclude=site-packages", "--exclude=__pycache__", "-c"]
    unpack = ["podman", "exec", "-i", container, "tar", "-C", "/", "-x"]
    with subprocess.Popen([*pack, *(str(file)[1:] for file in files)], stdout=subprocess.PIPE) as archive:
        subprocess.run(unpack, stdin=archive.stdout, check=True)
    assert archive.returncode == 0


def interpreter(version: str, missing: Callable[[str], Any]) -> str:
    """An interpreter of this machine."""
    command = [engine.ROOT / "tests" / "testbed" / "interpreter", version]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or missing(done.stderr)


@pytest.fixture(scope="session")
def fleet(core, request, tmp_path_factory):
    """Bare hosts: all of the table under the newest ansible-core, its ends under the others."""
    oldest = request.config.getoption("oldest")
    # `make test` goes on where one is not installed, `make versions` stands for all of them.
    missing = pytest.skip if oldest else pytest.fail
    every = list(TABLE["hosts"])
    names = every if core == CORES[-1] else [every[0], every[-1]]
    if not bin_of(core).exists():
        missing(f"ansible-core {core} has no environment here: it takes a Python that is not installed.")
    layout = Layout.load()
    hosts = {
        name: {
            "ansible_host": layout.container(name),
            "ansible_python_interpreter": interpreter(TABLE["hosts"][name]["python"], missing),
            "python": TABLE["hosts"][name]["python"],
            "ses_mta": TABLE["hosts"][name]["mta"],
        }
        for name in names
    }
    inventory = tmp_path_factory.mktemp("versions") / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": TABLE["variables"]}}))
    try:
        engine.up(layout, names)
        for host in hosts.values():
            carry(host["ansible_python_interpreter"], host["ansible_host"])
        yield Fleet(layout, names, inventory)
    finally:
        engine.down(layout)


@pytest.fixture
def endpoint(fleet):
    """The simulated endpoint."""
    return Control(fleet.layout.state / "control.sock")
