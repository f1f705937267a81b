# SPDX-License-Identifier: GPL-3.0-or-later
"""What the last successful change of a configuration replaced, in one private file beside it, for a way back.

One file, not a directory of them: its exchange is one rename, so that there is always the one generation or the other.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Optional

from ansible_collections.mailops.ses.plugins.module_utils._host.swap import PREFIX, PRIVATE_MODE, Kept, snapshot

# A plain file with Swap's prefix: sweep and snapshot leave it alone.
FILE = f"{PREFIX}previous"
# What is in force was not proven yet: what it replaced waits here.
PENDING = f"{FILE}.next"

Files = Mapping[str, Optional[Kept]]  # path -> the file as it was, None where there was none


def as_now(paths: Iterable[str]) -> dict[str, Kept | None]:
    """These files as they are; of a link the file that it names, which is what a swap exchanges."""
    real = list(dict.fromkeys(map(os.path.realpath, paths)))
    found = snapshot(*real)
    return {path: found.get(path) for path in real}


def previous(directory: str) -> dict[str, Kept | None] | None:
    """The files as they were before the last change, None where none is known. Where that change was interrupted, it
    is the one to be undone; where going back was, it goes on."""
    return _chosen(directory)[1]


def mark(directory: str) -> list[int]:
    """Which file the way back would follow now, as numbers that a change makes other ones; none without a file. After a
    change that was interrupted a further one has the same file, so that what is in force counts as well."""
    name, files = _chosen(directory)
    if files is None:
        return []
    found = [os.stat(os.path.join(directory, name))]
    if name == PENDING:
        found += [os.stat(path) for path in sorted(files) if os.path.exists(path)]
    return [int(name == PENDING), *(number for each in found for number in (each.st_ino, each.st_mtime_ns))]


def _chosen(directory: str) -> tuple[str, dict[str, Kept | None] | None]:
    """The file that the way back follows, and what it holds."""
    files, back = _read(directory, PENDING)
    return (PENDING, files) if files and not back and changed_since(files) else (FILE, _read(directory, FILE)[0])


@contextmanager
def changing(directory: str, paths: Iterable[str], back: bool = False) -> Iterator[None]:
    """Change these files inside, and prove the change: what they were is the previous generation then, and the one
    before it is gone. An error says that they were put back. Without paths an earlier change that a kill interrupted is
    proven. BACK says that this goes back itself. Call it under the lock."""
    paths = list(paths)
    if paths:
        kept, _back = _read(directory, PENDING)
        begun = not (kept and changed_since(kept))  # else what is there was never proven, and what it replaced counts
        if begun:
            _write(directory, PENDING, as_now(paths), back)
    try:
        yield
    except Exception:
        if paths and begun:
            _drop(directory, PENDING)
        raise
    files = _read(directory, PENDING)[0]
    if files and changed_since(files):
        os.replace(os.path.join(directory, PENDING), os.path.join(directory, FILE))
    else:
        _drop(directory, PENDING)


def changed_since(files: Files) -> dict[str, Kept | None]:
    """Those of the files that are not any more what they were: content, mode or owner."""
    now = as_now(files)
    return {path: kept for path, kept in files.items() if _alike(now[path]) != _alike(kept)}


def _alike(kept: Kept | None) -> Kept | None:
    return replace(kept, changed=0) if kept else None


def _drop(directory: str, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(directory, name))


def _write(directory: str, name: str, files: Files, back: bool) -> None:
    text = json.dumps({"back": back, "files": {path: kept and _packed(kept) for path, kept in files.items()}})
    staging = tempfile.mkdtemp(prefix=PREFIX, dir=directory)
    try:
        staged = os.path.join(staging, name)
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(staged, os.path.join(directory, name))
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _packed(kept: Kept) -> dict[str, Any]:
    content = base64.b64encode(kept.content).decode("ascii")
    return {"content": content, "mode": kept.mode, "owner": list(kept.owner), "changed": kept.changed}


def _read(directory: str, name: str) -> tuple[dict[str, Kept | None] | None, bool]:
    """What a file of ours holds, and whether a way back wrote it; nothing where there is none, or no whole one."""
    try:
        with open(os.path.join(directory, name), encoding="ascii") as file:
            found = json.load(file)
        return {path: None if kept is None else _unpacked(kept) for path, kept in found["files"].items()}, bool(
            found["back"]
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None, False


def _unpacked(kept: Mapping[str, Any]) -> Kept:
    owner = (int(kept["owner"][0]), int(kept["owner"][1]))
    return Kept(base64.b64decode(kept["content"]), int(kept["mode"]), owner, int(kept["changed"]))
