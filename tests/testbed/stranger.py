# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody with an empty project and nothing but ansible-core, who has this collection from its tarball alone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from .engine import ROOT

CORE = ROOT / ".cache" / "core" / "bin"  # tests/testbed/setup made it from requirements-core.txt
DEADLINE = 300.0  # seconds for a command; a bare host becomes a relay in 20


class Stranger:
    """Runs ansible's commands in a project's directory, without what the testbed or the machine's user set."""

    def __init__(self, project: Path) -> None:
        self.project = project
        theirs = ("ANSIBLE_", "MOLECULE_", "PYTHONPATH")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
        self.environment = {
            **kept,
            "HOME": str(project),
            "ANSIBLE_COLLECTIONS_PATH": str(project / "collections"),
            "NO_COLOR": "1",
        }

    def start(
        self, *command: str | Path, settings: dict[str, str] | None = None, stderr: int = subprocess.STDOUT
    ) -> subprocess.Popen[str]:
        """A command of ansible-core, with its output in one stream unless said otherwise."""
        return subprocess.Popen(
            [CORE / command[0], *command[1:]],
            cwd=self.project,
            env={**self.environment, **(settings or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

    def run(self, *command: str | Path, succeeds: bool = True, **settings: str) -> str:
        """The output of a command, which must succeed, or fail."""
        process = self.start(*command, settings=settings)
        printed, _ = process.communicate(timeout=DEADLINE)
        assert (process.returncode == 0) == succeeds, printed
        return printed

    def read(self, *command: str | Path) -> Any:
        """What a command prints as JSON, whatever it warns of."""
        process = self.start(*command, stderr=subprocess.PIPE)
        printed, warned = process.communicate(timeout=DEADLINE)
        assert process.returncode == 0, warned
        return json.loads(printed)

    def install(self, source: str | Path) -> Path:
        """Install the collection, and say where."""
        self.run("ansible-galaxy", "collection", "install", source, "--offline", "-p", "collections")
        return self.project / "collections" / "ansible_collections" / "mailops" / "ses"

    def build(self) -> Path:
        """A tarball of the checkout."""
        self.run("ansible-galaxy", "collection", "build", ROOT, "--output-path", "built")
        (built,) = (self.project / "built").glob("mailops-ses-*.tar.gz")
        return built
