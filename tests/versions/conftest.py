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
import tomllib
from ses_simulator.client import Control
from testbed import engine
from testbed.layout import Layout
from testbed.relay import ENVIRONMENT, INVENTORY

HERE = Path(__file__).resolve().parent
TABLE = tomllib.loads((HERE / "versions.toml").read_text())
DEADLINE = 300.0  # seconds; five bare hosts on two cores take about 60


def pytest_addoption(parser):
    parser.addoption("--oldest", action="store_true", help="the oldest ansible-core, the oldest and the newest Python")


def ends(names):
    """The first and the last one."""
    return [names[0], names[-1]]


def pytest_generate_tests(metafunc):
    oldest = metafunc.config.getoption("oldest")
    cores, hosts = list(TABLE["cores"]), list(TABLE["hosts"])
    for name, values in {"core": cores[:1] if oldest else cores, "on": ends(hosts) if oldest else hosts}.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, scope="session")


def bin_of(core: str) -> Path:
    """The commands of an ansible-core's environment."""
    return engine.ROOT / ".cache" / TABLE["cores"][core] / "bin"


@dataclass(frozen=True)
class Fleet:
    """Bare hosts beside the simulated endpoint, each with its interpreter."""

    layout: Layout
    interpreters: dict[str, str]
    inventory: Path

    def renew(self) -> None:
        """Make all of them bare again."""
        engine.renew(self.layout, list(self.interpreters))
        for name, path in self.interpreters.items():
            carry(path, self.layout.container(name))

    def converge(self, core: str) -> str:
        """Run the whole collection by this ansible-core; what it printed."""
        command = ["ansible-playbook", "-i", INVENTORY, "-i", self.inventory, HERE / "converge.yml"]
        command += ["--limit", ",".join(self.interpreters), "--extra-vars", json.dumps({"core": core})]
        environment = {**ENVIRONMENT, "PATH": f"{bin_of(core)}:{os.environ['PATH']}"}
        done = subprocess.run(
            [bin_of(core) / command[0], *command[1:]],
            cwd=self.inventory.parent,  # the reports go there
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def read(self, name: str, command: str) -> str:
        """What a command prints on a host."""
        return engine.run("podman", "exec", self.layout.container(name), "sh", "-c", command)


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
def fleet(request, tmp_path_factory):
    """The hosts of the table, or its ends."""
    oldest = request.config.getoption("oldest")
    # `make test` goes on where one is not installed, `make versions` stands for all of them.
    missing = pytest.skip if oldest else pytest.fail
    rows = {name: TABLE["hosts"][name] for name in (ends if oldest else list)(list(TABLE["hosts"]))}
    layout = Layout.load()
    interpreters = {name: interpreter(row["python"], missing) for name, row in rows.items()}
    hosts = {
        name: {
            "ansible_host": layout.container(name),
            "ansible_python_interpreter": interpreters[name],
            "python": row["python"],
            "ses_mta": row["mta"],
        }
        for name, row in rows.items()
    }
    inventory = tmp_path_factory.mktemp("versions") / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": TABLE["variables"]}}))
    engine.up(layout, [])
    yield Fleet(layout, interpreters, inventory)
    engine.down(layout)


@pytest.fixture
def endpoint(fleet):
    """The simulated endpoint."""
    return Control(fleet.layout.state / "control.sock")
