# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import (
    PREFIX,
    Swap,
    locked,
    put_back,
    snapshot,
    sweep,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def put(swap: Swap, target: Path, content: bytes, private: bool = False) -> None:
    swap.put(str(target), swap.stage(str(target), content, private), private)


def leftovers(directory: Path) -> list[str]:
    return [name for name in os.listdir(directory) if name.startswith(PREFIX)]


def test_nothing_happens_before_commit(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    with Swap() as swap:
        put(swap, target, b"new")
        assert target.read_text() == "old"
        assert [mode(tmp_path / name) for name in leftovers(tmp_path)] == [0o700]
    assert target.read_text() == "old"
    assert leftovers(tmp_path) == []


def test_mode_and_owner_stay_and_secrets_are_private(tmp_path: Path) -> None:
    kept, secret, new = tmp_path / "kept", tmp_path / "secret", tmp_path / "new"
    for path, bits in ((kept, 0o640), (secret, 0o644)):
        path.write_text("old")
        path.chmod(bits)
    before = os.umask(0)
    try:
        with Swap() as swap:
            put(swap, kept, b"new")
            put(swap, secret, b"new", private=True)
            put(swap, new, b"new")
            swap.commit()
    finally:
        os.umask(before)
    assert [mode(path) for path in (kept, secret, new)] == [0o640, 0o600, 0o644]
    assert [path.read_text() for path in (kept, secret, new)] == ["new"] * 3
    assert sorted(os.listdir(tmp_path)) == ["kept", "new", "secret"]


def test_a_file_becomes_what_it_was_with_its_mode_and_time(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    target.chmod(0o640)
    os.utime(target, ns=(5, 5))
    kept = snapshot(str(target))[str(target)]
    target.write_text("new")
    target.chmod(0o600)
    with Swap() as swap:
        swap.put_kept(str(target), kept)
        swap.commit()
    assert snapshot(str(target)) == {str(target): kept}
    assert kept.mode == 0o640


def test_a_failure_puts_everything_back(tmp_path: Path) -> None:
    old, new, gone, blocked = (tmp_path / name for name in ("old", "new", "gone", "blocked"))
    old.write_text("old")
    gone.write_text("gone")
    with Swap() as swap:
        put(swap, old, b"changed")
        put(swap, new, b"created")
        swap.remove(str(gone))
        put(swap, blocked, b"never")
        blocked.mkdir()  # a file cannot take a directory's place
        with pytest.raises(PermissionError):  # a directory takes no hard link
            swap.commit()
    assert old.read_text() == "old"
    assert gone.read_text() == "gone"
    assert not new.exists()
    assert sorted(os.listdir(tmp_path)) == ["blocked", "gone", "old"]


def test_a_failure_of_what_comes_after_puts_everything_back(tmp_path: Path) -> None:
    changed, new = tmp_path / "changed", tmp_path / "new"
    changed.write_text("old")

    def fail() -> None:
        assert (changed.read_text(), new.read_text()) == ("new", "new")
        changed.unlink()
        changed.write_text("of what came after")
        raise KeyError

    with Swap() as swap:
        for path in (changed, new):
            put(swap, path, b"new")
        with pytest.raises(KeyError):
            swap.commit(fail)
    assert changed.read_text() == "old"
    assert not new.exists()
    assert leftovers(tmp_path) == []


def test_a_link_stays_and_its_file_is_exchanged(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "link"
    (elsewhere / "file").write_text("old")
    link.symlink_to("elsewhere/file")
    with Swap() as swap:
        put(swap, link, b"new")
        swap.commit()
    assert os.readlink(link) == "elsewhere/file"
    assert (elsewhere / "file").read_text() == "new"
    assert os.listdir(elsewhere) == ["file"]


@pytest.mark.parametrize("names", ["nowhere", "/nowhere/at/all", "/proc/self/stat"])
def test_a_link_is_removed_and_what_it_names_stays(tmp_path: Path, names: str) -> None:
    """Of a link the link alone, whatever it names: another file system, or nothing."""
    target = tmp_path / "a"
    target.symlink_to(names)
    with Swap() as swap:
        swap.remove(str(target))
        swap.remove(str(tmp_path / "never there"))
        swap.commit()
    assert os.listdir(tmp_path) == []


def test_sweep_takes_only_what_is_ours(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}dead").mkdir()
    (tmp_path / f"{PREFIX}dead" / "secret.db").write_text("x")
    (tmp_path / f"{PREFIX}file").write_text("x")
    (tmp_path / "other").mkdir()
    with locked(str(tmp_path)):
        sweep(str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == [f"{PREFIX}file", "other"]


def test_a_file_that_was_written_again_as_it_was_stays_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text\n")
    kept = snapshot(str(path))[str(path)]
    inode = path.stat().st_ino
    os.utime(path, ns=(1, 1))
    put_back(str(path), kept)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (inode, kept.changed)
    path.write_text("other\n")
    put_back(str(path), kept)
    assert path.read_text() == "text\n"
