# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody with an empty project and nothing but ansible-core, who has this collection from its tarball alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .engine import ROOT

CORE = ROOT / ".cache" / "core" / "bin"


class Stranger:
    """Runs ansible's commands in an empty project, without what the testbed sets."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHONPATH"))},
            "HOME": str(project),
            "ANSIBLE_COLLECTIONS_PATH": str(project / "collections"),
            "NO_COLOR": "1",
        }

    def run(self, *command: str | Path) -> str:
        """The standard output of a command that succeeds."""
        words = [CORE / command[0], *command[1:]]
        done = subprocess.run(
            words, cwd=self.project, env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self, source: str | Path) -> Path:
        """Install the collection, and say where."""
        self.run("ansible-galaxy", "collection", "install", source, "--offline", "-p", "collections")
        return self.project / "collections" / "ansible_collections" / "mailops" / "ses"


def tarball() -> Path:
    """What `make build` made."""
    (built,) = (ROOT / ".cache" / "package").glob("mailops-ses-*.tar.gz")
    return built
