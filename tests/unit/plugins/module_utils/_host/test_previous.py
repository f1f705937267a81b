# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.previous import FILE, PENDING, changing, mark, previous
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import locked, put_back, snapshot, sweep


class Killed(BaseException):
    """A kill: nothing is cleaned up."""


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


def change(directory: Path, text: str, error: BaseException | None = None) -> None:
    """Change a file and make another, as a module does; ERROR comes before it is proven."""
    paths = [str(directory / name) for name in ("conf", "table")]
    with changing(str(directory), paths):
        (directory / "conf").write_text(text)
        (directory / "table").write_text(f"secret of {text}")
        if error:
            raise error


def kept(directory: Path) -> dict[str, str | None]:
    """The previous generation by name and text."""
    found = previous(str(directory)) or {}
    return {os.path.basename(path): file and file.content.decode() for path, file in found.items()}


def back(directory: Path, error: BaseException | None = None) -> None:
    files = previous(str(directory))
    assert files
    with changing(str(directory), files, back=True):
        for path, file in files.items():
            put_back(path, file)
        if error:
            raise error


@pytest.fixture
def host(tmp_path: Path) -> Path:
    (tmp_path / "conf").write_text("host's own")
    (tmp_path / "conf").chmod(0o640)
    return tmp_path


def test_exactly_one_generation_is_kept_private_and_whole(host: Path) -> None:
    assert previous(str(host)) is None
    change(host, "one")
    assert kept(host) == {"conf": "host's own", "table": None}
    assert (previous(str(host)) or {})[str(host / "conf")] is not None
    assert stat.S_IMODE((host / FILE).stat().st_mode) == 0o600
    change(host, "two")
    assert kept(host) == {"conf": "one", "table": "secret of one"}
    assert names(host) == [FILE, "conf", "table"]


def test_the_way_back_leads_forth_again(host: Path) -> None:
    change(host, "one")
    back(host)
    assert ((host / "conf").read_text(), (host / "table").exists()) == ("host's own", False)
    assert stat.S_IMODE((host / "conf").stat().st_mode) == 0o640
    assert kept(host) == {"conf": "one", "table": "secret of one"}
    back(host)
    assert (host / "table").read_text() == "secret of one"


def test_a_change_that_failed_leaves_what_was_kept(host: Path) -> None:
    change(host, "one")
    before = snapshot(str(host / "conf"), str(host / "table"))

    def put_all_back() -> None:
        with changing(str(host), before):
            (host / "conf").write_text("two")
            for path, file in before.items():
                put_back(path, file)
            raise OSError("no reload")

    with pytest.raises(OSError, match="no reload"):
        put_all_back()
    assert kept(host) == {"conf": "host's own", "table": None}
    assert names(host) == [FILE, "conf", "table"]


def test_an_interrupted_change_is_what_is_undone(host: Path) -> None:
    change(host, "one")
    with pytest.raises(Killed):
        change(host, "two", Killed())
    with locked(str(host)):
        sweep(str(host))
    assert kept(host) == {"conf": "one", "table": "secret of one"}
    back(host)
    # What was never proven is forgotten, and what came before is still there.
    assert kept(host) == {"conf": "host's own", "table": None}
    assert names(host) == [FILE, "conf", "table"]


@pytest.mark.parametrize("again", ["nothing to do", "another change"])
def test_what_the_last_proven_state_was_outlives_kills(host: Path, again: str) -> None:
    change(host, "one")
    with pytest.raises(Killed):
        change(host, "never proven", Killed())
    if again == "another change":
        change(host, "three")
    else:
        with changing(str(host), ()):
            pass
    assert kept(host) == {"conf": "one", "table": "secret of one"}
    assert not (host / PENDING).exists()


def test_a_change_that_was_killed_before_it_began_counts_for_nothing(host: Path) -> None:
    change(host, "one")
    with pytest.raises(Killed), changing(str(host), [str(host / "conf")]):
        raise Killed
    assert kept(host) == {"conf": "host's own", "table": None}
    with changing(str(host), ()):
        pass
    assert kept(host) == {"conf": "host's own", "table": None}
    assert names(host) == [FILE, "conf", "table"]


def test_a_way_back_that_was_killed_goes_on_back(host: Path) -> None:
    change(host, "one")
    with pytest.raises(Killed):
        back(host, Killed())
    assert kept(host) == {"conf": "host's own", "table": None}
    back(host)
    assert (host / "conf").read_text() == "host's own"
    assert kept(host) == {"conf": "one", "table": "secret of one"}


def test_the_mark_of_the_way_back_differs_after_a_change_whole_or_interrupted(host: Path) -> None:
    marks = [mark(str(host))]
    for text, error in (("one", None), ("two", Killed()), ("three", Killed()), ("four", None)):
        with contextlib.suppress(Killed):
            change(host, text, error)
        marks.append(mark(str(host)))
        assert marks[-1] == mark(str(host))
    assert marks[0] == []
    assert len(set(map(tuple, marks))) == len(marks)


def test_a_change_that_was_killed_before_it_began_leaves_the_mark(host: Path) -> None:
    change(host, "one")
    before = mark(str(host))
    with pytest.raises(Killed), changing(str(host), [str(host / "conf")]):
        raise Killed
    assert mark(str(host)) == before


def test_of_a_link_the_file_that_it_names_is_kept(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "file").write_text("old")
    (tmp_path / "etc" / "conf").symlink_to("../file")
    with changing(str(tmp_path / "etc"), [str(tmp_path / "etc" / "conf")]):
        (tmp_path / "file").write_text("new")
    assert list(previous(str(tmp_path / "etc")) or {}) == [str(tmp_path / "file")]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"files": [], "back": false}', '{"files": {"a": {}}, "back": false}']
)
def test_a_file_that_is_not_ours_is_no_generation(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert previous(str(tmp_path)) is None
