# SPDX-License-Identifier: GPL-3.0-or-later
"""The files where an MTU stands: written whole, and put back."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from ansible_collections.mailops.ses.plugins.module_utils._host.machine import Host
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import PUBLIC_MODE, Swap, locked, sweep


@dataclass(frozen=True)
class Setting:
    """Where the MTU stands, what is there and what has to be there; before and after are texts to compare."""

    file: str
    before: str
    after: str
    mode: int = PUBLIC_MODE


def at(host: Host, path: str, text: str, mode: int = PUBLIC_MODE) -> Setting:
    """The setting that is a whole file; a file of another mode counts as a different one."""
    return Setting(path, _text(host.path(path), mode), text, mode)


def write(host: Host, setting: Setting) -> None:
    """Write the setting's file as a whole, with its mode, and make its directory; OSError where that fails."""
    path = host.path(setting.file)
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    with locked(folder), Swap() as swap:
        sweep(folder)
        staged = swap.stage(path, setting.after.encode())
        swap.put(path, staged)
        os.chmod(staged, setting.mode)
        swap.commit()


@dataclass(frozen=True)
class Saved:
    """A file as it is, to be put back."""

    path: str
    content: bytes | None = None  # None: there is no such file
    mode: int = PUBLIC_MODE
    folder: bool = True  # whether its directory is there

    def put_back(self) -> None:
        """Give the file its content and mode again; a file that was not there goes, and so does a directory made for
        it."""
        folder = os.path.dirname(self.path)
        if self.content is None:
            with suppress(FileNotFoundError):
                os.unlink(self.path)
            if not self.folder:
                with suppress(OSError):  # it is not there, or another program has put something into it
                    os.rmdir(folder)
            return
        with locked(folder), Swap() as swap:
            staged = swap.stage(self.path, self.content)
            swap.put(self.path, staged)
            os.chmod(staged, self.mode)
            swap.commit()


def saved(path: str) -> Saved:
    """Keep the content and the mode of a file; OSError where there is one that cannot be read."""
    try:
        with open(path, "rb") as file:
            return Saved(path, file.read(), os.stat(path).st_mode & 0o7777)
    except (FileNotFoundError, IsADirectoryError):  # NetworkManager need not say where it keeps a profile
        return Saved(path, folder=os.path.isdir(os.path.dirname(path)))


def _text(path: str, mode: int) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            same = os.stat(path).st_mode & 0o777 == mode
            return file.read() if same else f"# mode {os.stat(path).st_mode & 0o777:o}\n{file.read()}"
    except FileNotFoundError:
        return ""
