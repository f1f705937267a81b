# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that say they are other systems: made anew when what they are made of changes."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from testbed import engine, layout
from testbed.executed import tasks


@pytest.fixture
def there(monkeypatch, tmp_path):
    """The testbed, with a copy of what the images are made of."""
    copy = tmp_path / "dnf"
    shutil.copytree(layout.DISGUISE, copy)
    monkeypatch.setattr(layout, "DISGUISE", copy)
    return layout.Layout.load(number="")


@pytest.mark.parametrize("name", ["build", "files/make"])
def test_a_changed_file_makes_the_image_anew(there, name):
    before = there.image("rocky9"), there.image("bookworm")
    with (layout.DISGUISE / name).open("a") as file:
        file.write("# changed\n")
    assert there.image("rocky9") != before[0]
    assert there.image("bookworm") == before[1]


def test_another_base_makes_the_image_anew(there):
    before = there.image("rocky9"), there.image("rhel10")
    there.disguised["rocky9"] = "trixie"
    assert (there.image("rocky9") == before[0], there.image("rhel10") == before[1]) == (False, True)


def test_the_base_is_made_first(there, monkeypatch):
    asked = []
    monkeypatch.setattr(engine, "run", lambda *command, check=True: asked.append(command) or "")
    engine.images(there, ["rhel10"])
    made = [command for command in asked if command[:2] in {("mmdebstrap", "--quiet"), ("podman", "build")}]
    assert [command[0] for command in made] == ["mmdebstrap", "podman"]
    assert f"--build-arg=BASE={there.image('trixie')}" in made[1]
    assert there.image("rhel10") in made[1]


def test_each_system_has_its_lines(there):
    assert {"rocky9", "rhel10", "amazon2023", "fedora44"} == {*there.disguised}
    for name in there.disguised:
        told = f'. {layout.DISGUISE}/systems; echo "$id $version $map $level"'
        done = subprocess.run(["sh", "-euc", told, "sh", name], capture_output=True, text=True, check=True)
        words = done.stdout.split()
        assert len(words) == len(["id", "version", "map", "level"])


def test_tasks_are_found_in_blocks_too():
    found = tasks("roles/internal_relay/tasks/packages.yml")
    assert "Leave the host with the MTA that it had" in found.values()
    assert "Install the packages" not in found.values()  # the block itself
