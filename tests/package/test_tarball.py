# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball: what is in it, and that it installs whole, from a file and from git."""

from __future__ import annotations

import subprocess
import tarfile

import pytest
import yaml
from testbed.engine import ROOT

# Everything else that git has is development's own.
FOLDERS = {"changelogs", "docs", "meta", "playbooks", "plugins", "roles"}
FILES = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md"}
LEFT_OUT = ("changelogs/fragments/",)
MADE = {"MANIFEST.json", "FILES.json"}


def in_git() -> set[str]:
    """The files of the checkout that users are to get: what git has, or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    wanted = {name for name in listed if name in FILES or name.partition("/")[0] in FOLDERS}
    return {name for name in wanted if not name.startswith(LEFT_OUT) and (ROOT / name).exists()}


def below(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_it_has_what_users_get_and_nothing_else(tarball):
    with tarfile.open(tarball) as archive:
        names = {member.name for member in archive if not member.isdir()}
    assert names - MADE == in_git()


def test_its_changelog_tells_of_its_version(tarball):
    """The fragments, which it has not, are in there: `antsibull-changelog release`."""
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    with tarfile.open(tarball) as archive:
        (changelog, data) = (
            archive.extractfile(name).read().decode() for name in ("CHANGELOG.md", "changelogs/changelog.yaml")
        )
    assert "## v" + version.replace(".", r"\.") in changelog.splitlines()
    assert version in yaml.safe_load(data)["releases"]


def test_nobody_has_to_write_its_files_to_read_them(tarball):
    with tarfile.open(tarball) as archive:
        assert [member.name for member in archive if not member.issym() and not member.mode & 0o004] == []


def test_it_installs_whole(stranger, tarball):
    folder = stranger.install(tarball)
    assert below(folder) - MADE == in_git()
    # What is a link in the checkout may be one or a copy: it has the same text.
    assert [name for name in in_git() if (folder / name).read_bytes() != (ROOT / name).read_bytes()] == []


@pytest.mark.parametrize("links", ["kept", "copied"])
def test_ansible_galaxy_verifies_it(stranger, tarball, links):
    folder = stranger.install(tarball)
    if links == "copied":  # as a project does that unpacks, zips or checks in what it installed
        for name in below(folder):
            if (folder / name).is_symlink():
                text = (folder / name).read_bytes()
                (folder / name).unlink()
                (folder / name).write_bytes(text)
    assert "Successfully verified" in stranger.run(
        "ansible-galaxy", "collection", "verify", "mailops.ses", "--offline", "-p", "collections"
    )


def test_verification_notices_a_change(stranger, tarball):
    folder = stranger.install(tarball)
    with (folder / "playbooks" / "relay.yml").open("a") as file:
        file.write("# changed\n")
    with pytest.raises(AssertionError, match=r"playbooks/relay\.yml"):
        stranger.run("ansible-galaxy", "collection", "verify", "mailops.ses", "--offline", "-p", "collections")


def test_it_installs_from_git(stranger, tmp_path):
    # A repository with the files as they are here, committed or not.
    source = tmp_path / "source"
    source.mkdir()
    names = [name for name in in_git() | {"galaxy.yml"} if (ROOT / name).exists()]
    subprocess.run(["cp", "-P", "--parents", "-t", source, *names], cwd=ROOT, check=True)
    git = ["git", "-C", source, "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all"]):
        subprocess.run([*git, *command], check=True)
    folder = stranger.install(f"git+file://{source}")
    assert below(folder) - MADE == in_git()
