# SPDX-License-Identifier: GPL-3.0-or-later
"""Change several files together: each one atomically, all of them or none, secrets never readable by others."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

PREFIX = ".mailops-"
PRIVATE_MODE = 0o600
PUBLIC_MODE = 0o644
_SELINUX = "security.selinux"
# Postfix reads a file that changed within the last second or two again and again, in case it is still being written;
# these are exchanged whole. What asks when a file changed looks at its ctime.
SETTLED = 3 * 10**9  # nanoseconds


@dataclass(frozen=True)
class _Step:
    target: str
    staged: str | None  # None: the target is to go


@contextmanager
def locked(directory: str) -> Iterator[None]:
    """One writer at a time; the lock is on the directory itself, so that no lock file is left."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sweep(directory: str) -> None:
    """Remove what a killed run left; call it under the lock."""
    for entry in os.scandir(directory):
        if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)


class Swap:
    """Files are staged in 0700 directories beside their targets (same file system, same SELinux type), then renamed in
    the order they were given. A symbolic link stays: the file that it names is exchanged."""

    def __init__(self) -> None:
        self._directories: dict[str, str] = {}
        self._steps: list[_Step] = []

    def __enter__(self) -> Swap:
        return self

    def __exit__(self, *_exc: object) -> None:
        for directory in self._directories.values():
            shutil.rmtree(directory, ignore_errors=True)

    def staging(self, target: str) -> str:
        """The private directory on the file system of the target, or of the file that a link names."""
        return self._within(os.path.dirname(os.path.realpath(target)))

    def _within(self, parent: str) -> str:
        if parent not in self._directories:
            self._directories[parent] = tempfile.mkdtemp(prefix=PREFIX, dir=parent)
        return self._directories[parent]

    def stage(self, target: str, content: bytes, private: bool = False) -> str:
        """Write the candidate for the target without planning its exchange yet; returns the candidate's path."""
        path = os.path.join(self.staging(target), os.path.basename(target))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        _dress(path, target, private)
        return path

    def put(self, target: str, staged: str, private: bool = False) -> None:
        """Plan that the staged file takes the target's place."""
        _dress(staged, target, private)
        status = os.stat(staged)
        os.utime(staged, ns=(status.st_atime_ns, status.st_mtime_ns - SETTLED))
        _sync(staged)
        self._steps.append(_Step(os.path.realpath(target), staged))

    def put_kept(self, target: str, kept: Kept) -> None:
        """Plan that the target is again what it was: content, mode, owner, and the time at which it had changed."""
        staged = self.stage(target, kept.content, private=True)
        if os.geteuid() == 0:
            os.chown(staged, *kept.owner)
        os.chmod(staged, kept.mode)
        os.utime(staged, ns=(kept.changed, kept.changed))
        _sync(staged)
        self._steps.append(_Step(os.path.realpath(target), staged))

    def remove(self, target: str) -> None:
        """Plan that the target goes; of a link the link itself."""
        self._steps.append(_Step(target, None))

    def commit(self, then: Callable[[], None] = lambda: None) -> None:
        """Carry out the plan, then THEN; where either fails, put back every file and raise what failed."""
        done: list[tuple[str, str | None]] = []
        try:
            for number, step in enumerate(self._steps):
                saved = None
                if os.path.lexists(step.target):
                    # Of a link that goes, the link itself: what it names may be on another file system.
                    saved = os.path.join(self._within(os.path.dirname(step.target)), f"old-{number}")
                    os.link(step.target, saved, follow_symlinks=False)
                if step.staged:
                    os.replace(step.staged, step.target)
                elif saved:
                    os.unlink(step.target)
                done.append((step.target, saved))
            for directory in self._directories:
                _sync(directory)
            then()
        except Exception:
            for target, saved in reversed(done):
                if saved:
                    os.replace(saved, target)
                else:
                    with suppress(FileNotFoundError):
                        os.unlink(target)
            raise


@dataclass(frozen=True)
class Kept:
    """A file as it was."""

    content: bytes
    mode: int
    owner: tuple[int, int]
    changed: int


def snapshot(*paths: str) -> dict[str, Kept]:
    """The regular files at these paths and below them, in memory, so that no secret gets another copy."""
    found = {}
    for path in paths:
        below = [os.path.join(top, name) for top, _directories, names in os.walk(path) for name in names]
        for name in below or [path]:
            if f"{os.sep}{PREFIX}" not in name and os.path.isfile(name) and not os.path.islink(name):
                status = os.stat(name)
                with open(name, "rb") as file:
                    owner = (status.st_uid, status.st_gid)
                    found[name] = Kept(file.read(), stat.S_IMODE(status.st_mode), owner, status.st_mtime_ns)
    return found


def differing(before: Mapping[str, Kept], after: Mapping[str, Kept]) -> list[str]:
    """The paths of files that are not as they were."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def put_back(path: str, kept: Kept | None) -> None:
    """The file as it was, with the time at which it had changed, which make goes by; or none, where there was none."""
    if not kept:
        with suppress(FileNotFoundError):
            os.unlink(path)
        return
    now = snapshot(path).get(path)
    if now and replace(now, changed=kept.changed) == kept:
        os.utime(path, ns=(kept.changed, kept.changed))  # written again as it was: the same file stays
        return
    directory = tempfile.mkdtemp(prefix=PREFIX, dir=os.path.dirname(path))
    try:
        staged = os.path.join(directory, os.path.basename(path))
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE), "wb") as file:
            file.write(kept.content)
        if os.geteuid() == 0:
            os.chown(staged, *kept.owner)
        os.chmod(staged, kept.mode)
        os.utime(staged, ns=(kept.changed, kept.changed))
        os.replace(staged, path)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _dress(path: str, target: str, private: bool) -> None:
    """Owner, mode and labels of the file that is to be replaced; a private file is root's alone whatever was there."""
    root = os.geteuid() == 0
    if private:
        os.chmod(path, PRIVATE_MODE)
        if root:
            os.chown(path, 0, 0)
    if not os.path.exists(target):
        if not private:
            os.chmod(path, PUBLIC_MODE)
        return
    if not private:
        status = os.stat(target)
        if root:
            os.chown(path, status.st_uid, status.st_gid)
        os.chmod(path, status.st_mode & 0o7777)
    with suppress(OSError):  # of a file system without labels
        for label in os.listxattr(target):
            # An access list could open a private file to others.
            if not private or label == _SELINUX:
                with suppress(OSError):
                    os.setxattr(path, label, os.getxattr(target, label))


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
