# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of hosts that are files, and rollouts over it by the ansible-playbook of PATH."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed import warm
from testbed.relay import ENVIRONMENT

HERE = Path(__file__).parent
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
VARIABLES = {
    "ansible_connection": "fleet",
    "ansible_user": "root",
    "ansible_python_interpreter": "/usr/bin/python3",
    "ses_region": "us-east-1",
    "ses_smtp_username": "AKIAIOSFODNN7EXAMPLE",
    "ses_secret_access_key": SECRET,
    "ses_soak": 0,
}


@dataclass
class Fleet:
    """Hosts web1, web2, …"""

    folder: Path
    hosts: list[str]

    @classmethod
    def of(cls, folder: Path, count: int, **hosts: dict[str, Any]) -> Fleet:
        """A fleet of COUNT hosts with the old configuration; HOSTS has what some have besides."""
        names = [f"web{number}" for number in range(1, count + 1)]
        new = {"has": "old", "mta": "postfix", "fingerprint": "1", "stamped": False, "proven": False}
        new.update(steps=[], sent=[])
        for name in names:
            (folder / f"{name}.json").write_text(json.dumps({**new, **hosts.get(name, {})}))
        variables = {**VARIABLES, "fleet_folder": str(folder)}
        inventory = {"all": {"hosts": dict.fromkeys(names, {}), "vars": variables}}
        (folder / "inventory.yml").write_text(json.dumps(inventory))
        return cls(folder, names)

    def command(self, *arguments: str, playbook: str = "mailops.ses.rollout", **variables: Any) -> list[str]:
        """What runs a rollout."""
        given = json.dumps(variables)
        return ["ansible-playbook", "-i", "inventory.yml", playbook, "-e", given, *arguments]

    def environment(self, **settings: str) -> dict[str, str]:
        """What it runs in."""
        return {**ENVIRONMENT, "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection"), **settings}

    def run(
        self, *arguments: str, settings: dict[str, str] | None = None, **variables: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a rollout to its end."""
        return warm.run(self.command(*arguments, **variables), self.environment(**(settings or {})), self.folder)

    def host(self, name: str) -> dict[str, Any]:
        """A host as it is."""
        found: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text())
        return found

    def set(self, name: str, **values: Any) -> None:
        """Have a host be otherwise."""
        (self.folder / f"{name}.json").write_text(json.dumps({**self.host(name), **values}))

    def have(self) -> str:
        """What each host has, in their order: o for old, n for new."""
        return "".join(self.host(name)["has"][0] for name in self.hosts)

    def report(self) -> dict[str, Any]:
        """rollout.json."""
        found: dict[str, Any] = json.loads((self.folder / "ses-report" / "rollout.json").read_text())
        return found

    def states(self) -> dict[str, list[str]]:
        """The hosts by their state."""
        found: dict[str, list[str]] = {}
        for name, host in self.report()["hosts"].items():
            found.setdefault(host["state"], []).append(name)
        return found

    def remaining(self) -> list[str]:
        """remaining.txt."""
        return (self.folder / "ses-report" / "remaining.txt").read_text().split()
