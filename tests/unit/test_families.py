# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles on systems that are not run here: their own tasks resolve each system's facts (families.yml)."""

from __future__ import annotations

import json
import subprocess
from collections import ChainMap
from pathlib import Path

import pytest
import yaml
from testbed.engine import ROOT
from testbed.relay import ENVIRONMENT

HERE = Path(__file__).resolve().parent
TABLE = yaml.safe_load((HERE / "families.yml").read_text())
SYSTEMS = TABLE["systems"]
ROLES = ("postfix", "sendmail", "network")
CASES = [(system, role) for system in SYSTEMS for role in ROLES]


def wanted(system, role):
    """Variables and their values, or words of a refusal."""
    value = SYSTEMS[system][role]
    return value if isinstance(value, str) else dict(ChainMap(*(TABLE["variables"][name] for name in reversed(value))))


@pytest.fixture(scope="session")
def resolved(tmp_path_factory):
    """What the roles resolve, a host a case."""
    folder = tmp_path_factory.mktemp("families")
    hosts = {
        f"{system}-{role}": {"facts": SYSTEMS[system]["facts"], "role": role, "wanted": wanted(system, role)}
        for system, role in CASES
    }
    inventory = {"systems": {"hosts": hosts}, "all": {"vars": {"written": str(folder / "resolved.json")}}}
    (folder / "hosts.json").write_text(json.dumps(inventory))
    command = ["ansible-playbook", "-i", str(folder / "hosts.json"), str(HERE / "families_resolve.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "resolved.json").read_text())


@pytest.mark.parametrize(("system", "role"), CASES)
def test_a_system_loads_its_own_files(resolved, system, role):
    found, expected = resolved[f"{system}-{role}"], wanted(system, role)
    if isinstance(expected, dict):
        assert found == expected
    else:
        assert expected in found
        assert found.startswith(f"This host is {' '.join(SYSTEMS[system]['facts'][:2])}, ")


def test_dnf5_takes_the_command_that_fetches_packages():
    """It knows the options of a command after the command's name only; dnf 4 takes both orders."""
    variables = yaml.safe_load((ROOT / "roles" / "internal_relay" / "vars" / "dnf.yml").read_text())
    (fetch,) = variables["__ses_fetch"]
    words = fetch.replace("'", "").replace("[", " ").replace("]", " ").replace(",", " ").split()
    assert words.index("install") < words.index("--downloadonly") < words.index("__ses_plan.missing_packages")


SYSTEM = yaml.safe_load((ROOT / "roles" / "internal_system" / "vars" / "main.yml").read_text())


def test_there_is_one_table_of_systems():
    found = [path for path in (ROOT / "roles").rglob("*.yml") if "__ses_systems:" in path.read_text()]
    assert found == [ROOT / "roles" / "internal_system" / "vars" / "main.yml"]


@pytest.mark.parametrize("role", ROLES)
def test_galaxy_is_told_the_tables_platforms(role):
    info = yaml.safe_load((ROOT / "roles" / role / "meta" / "main.yml").read_text())["galaxy_info"]
    told = {f"{platform['name']} {version}" for platform in info["platforms"] for version in platform["versions"]}
    assert told == {row["platform"] for row in SYSTEM["__ses_systems"].values() if role in row}


def test_every_system_of_the_table_is_resolved():
    tried = {f"{system['facts'][0]} {system['facts'][1]}" for system in SYSTEMS.values()}
    assert set(SYSTEM["__ses_systems"]) <= tried


@pytest.mark.parametrize("role", ROLES)
def test_the_files_of_the_table_are_there_and_no_other(role):
    named = {name for row in SYSTEM["__ses_systems"].values() for name in row.get(role, ())}
    assert named == {path.name for path in (ROOT / "roles" / role / "vars").glob("*.yml") if path.name != "main.yml"}
