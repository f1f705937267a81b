# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables that need no postmap; indexed ones are tested in molecule/config."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Table
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tables import exposed, look

PLAIN = Table("t", "texthash", None, {"a": "b", "c": "d"}, secret=False, present=True)
SECRET = Table("t", "texthash", None, {"a": "sEcReT"}, secret=True, present=True)
ABSENT = Table("t", "", None, {}, secret=False, present=False)


def test_missing_then_there_then_changed(tmp_path: Path) -> None:
    first = look(PLAIN, "texthash", str(tmp_path), None)
    assert (first.changed, first.write, first.build) == (True, True, False)
    assert (first.diff()["before"], first.diff()["after"]) == ("", "a b\nc d\n")
    (tmp_path / "t").write_text("a b\nc d\n")
    assert not look(PLAIN, "texthash", str(tmp_path), None).changed
    (tmp_path / "t").write_text("a b\n")
    assert look(PLAIN, "texthash", str(tmp_path), None).write


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o400, 0o700])
def test_secret_with_another_mode_is_written_anew(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "t"
    path.write_text("a sEcReT\n")
    path.chmod(bits)
    plan = look(SECRET, "texthash", str(tmp_path), None)
    assert exposed(str(path))
    assert plan.write
    assert plan.diff()["before"] != plan.diff()["after"]
    assert "sEcReT" not in str(plan.diff())


def test_secret_diff_tells_that_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text("a 0ldSecret\n")
    path.chmod(0o600)
    diff = look(SECRET, "texthash", str(tmp_path), None).diff()
    assert (diff["before"], diff["after"]) == ("a ********\n", "a ******** (changed)\n")


def test_secret_leaves_no_file_of_another_type(tmp_path: Path) -> None:
    for name in ("t", "t.db", "t.lmdb", "t.cdb", "t.bak", "t~"):
        (tmp_path / name).write_text("x")
    removed = look(SECRET, "texthash", str(tmp_path), None).remove
    assert sorted(map(os.path.basename, removed)) == ["t.cdb", "t.db", "t.lmdb"]
    removed = look(SECRET, "lmdb", str(tmp_path), None).remove
    assert sorted(map(os.path.basename, removed)) == ["t", "t.cdb", "t.db"]


def test_an_absent_table_is_removed(tmp_path: Path) -> None:
    assert not look(ABSENT, "hash", str(tmp_path), None).changed
    (tmp_path / "t").write_text("x y\n")
    (tmp_path / "t.lmdb").write_text("x")
    (tmp_path / "t.bak").write_text("x")
    plan = look(ABSENT, "hash", str(tmp_path), None)
    assert sorted(map(os.path.basename, plan.remove)) == ["t", "t.lmdb"]
    assert plan.result()["changed"]
