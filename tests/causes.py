# SPDX-License-Identifier: GPL-3.0-or-later
"""Which test provokes which row of the table of causes: the marker `cause`, and who collects it.

    @pytest.mark.cause("path_mtu_black_hole", "TLS and small mail pass")

The second argument is part of the row's sentence, where a cause has several rows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
# One pytest cannot collect them all: files of the same name are in several.
FOLDERS = (ROOT / "tests" / "unit", ROOT / "tests" / "system", *sorted(ROOT.glob("molecule/*/tests")))
_MARK = re.compile(r"mark\.cause\(|provokes\(")
_FOUND = "CAUSES_FOUND"  # the file that a collecting pytest writes


def provokes(cause: str, *values: Any, says: str = "", id: str | None = None) -> Any:
    """A case of a parametrised test whose first value is the cause that it asserts."""
    return pytest.param(cause, *values, marks=pytest.mark.cause(cause, says), id=id)


def pytest_collection_finish(session: pytest.Session) -> None:
    """As a plugin: tells what is marked, but for tests that never run."""
    if _FOUND in os.environ:
        items = [item for item in session.items if not item.get_closest_marker("skip")]
        marks = {(*mark.args, "")[:2] for item in items for mark in item.iter_markers("cause")}
        Path(os.environ[_FOUND]).write_text(json.dumps(sorted(marks)))


def provoked(work: Path) -> set[tuple[str, str]]:
    """The causes that collected tests provoke, each with the part of its row's sentence."""
    collectors = []
    for number, folder in enumerate(FOLDERS):
        files = sorted(path for path in folder.rglob("test_*.py") if _MARK.search(path.read_text()))
        if not files:
            continue
        found = work / f"{number}.json"
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), _FOUND: str(found)}
        command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "causes", *map(str, files)]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        collectors.append((found, subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)))
    marks: set[tuple[str, str]] = set()
    for found, process in collectors:
        output, _errors = process.communicate(timeout=600)
        assert process.returncode == 0, output
        marks |= {(cause, says) for cause, says in json.loads(found.read_text())}
    return marks
