# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's host beside the simulator, and what is run on it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ses_simulator.client import Control
from ses_simulator.credentials import derive
from testbed import engine
from testbed.layout import Layout
from testbed.relay import ENVIRONMENT

HOST = "bench"
SECOND = "demo"  # nobody gives a demo on the bench's testbed
RELAY = "mailops.ses.relay"
DEADLINE = 120.0  # seconds; what runs here takes a fifth of it, unless apt waits for the packages' mirror
ATTEMPTS = 3
JSON = {**ENVIRONMENT, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}


class Stalled(engine.EngineError):
    """A command that has not ended in time."""


def say(text: str) -> None:
    """Progress, which is not part of the table."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def timed(action: Callable[[], object]) -> float:
    """The seconds that ACTION takes."""
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


class Stage:
    """One host; FOLDER is for files that Ansible reads."""

    def __init__(self, layout: Layout, folder: Path, host: str = HOST) -> None:
        self.layout = layout
        self.folder = folder
        self.host = host
        self.container = layout.container(host)
        self.control = Control(layout.state / "control.sock")
        self.region = next(iter(layout.regions))
        self.endpoint = f"email-smtp.{self.region}.amazonaws.com"
        self.username, credential = next(iter(layout.credentials.items()))
        assert isinstance(credential, dict)
        self.secret: str = credential["secret_access_key"]
        self.password = derive(self.secret, self.region)
        self.inventory = self.write(f"{host}.json", {"all": {"hosts": {host: self.variables()}}})

    def variables(self) -> dict[str, str]:
        """The host's, with its connection."""
        return {
            "ansible_host": self.container,
            "ansible_connection": "containers.podman.podman",
            "ansible_user": "root",
            "ses_region": self.region,
            "ses_smtp_username": self.username,
            "ses_secret_access_key": self.secret,
            "ses_tls_ca_file": "/etc/ssl/testbed-ca.pem",
        }

    def write(self, name: str, data: object) -> Path:
        """A file of JSON, which Ansible reads as YAML."""
        path = self.folder / name
        path.write_text(json.dumps(data))
        return path

    def second(self) -> Stage:
        """Another host beside the same simulator."""
        return Stage(self.layout, self.folder, SECOND)

    def bare(self) -> None:
        """A new host without an MTA; the simulator forgets what it saw."""
        engine.renew(self.layout, [self.host])

    def from_bare(self, action: Callable[[], object]) -> float:
        """The seconds that ACTION takes on a bare host; where the packages' mirror stalls it, it is no measurement."""
        for _attempt in range(ATTEMPTS - 1):
            self.bare()
            try:
                return timed(action)
            except Stalled as error:
                say(f"{error} Once more, on another bare host")
        self.bare()
        return timed(action)

    def shell(self, script: str) -> str:
        """Run a shell script on the host; it comes by standard input, so that no password stands in a process list."""
        return run(["podman", "exec", "--interactive", self.container, "sh", "-eu", "-s"], script)

    def playbook(self, *arguments: str, name: str = RELAY) -> str:
        """Run a playbook as an engineer does."""
        return run(["ansible-playbook", "--inventory", str(self.inventory), name, *arguments])

    def module(self, name: str, arguments: str) -> dict[str, Any]:
        """Run one module on the host; what it returns."""
        output = run(
            ["ansible", "--inventory", str(self.inventory), self.host, "--module-name", name, "--args", arguments]
        )
        result: dict[str, Any] = json.loads(output.partition(" => ")[2])
        return result


def run(command: Sequence[str], text: str = "") -> str:
    """Standard output of a command, which must succeed in time."""
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, check=False, env=JSON, timeout=DEADLINE
        )
    except subprocess.TimeoutExpired:
        raise Stalled(
            f"{command[0]} has not ended within {DEADLINE:.0f} s: does the packages' mirror answer?"
        ) from None
    if done.returncode:
        raise engine.EngineError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
