# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's tarball, and an empty project to install it into."""

from __future__ import annotations

from pathlib import Path

import pytest
from testbed import stranger as testbed


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of its own: a scenario beside this can build another meanwhile."""
    return testbed.Stranger(tmp_path_factory.mktemp("build")).build()


@pytest.fixture
def stranger(tmp_path: Path) -> testbed.Stranger:
    """An empty project."""
    return testbed.Stranger(tmp_path)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, tarball: Path) -> testbed.Stranger:
    """A project with the collection from its tarball, for tests that only read."""
    reader = testbed.Stranger(tmp_path_factory.mktemp("project"))
    reader.install(tarball)
    return reader
