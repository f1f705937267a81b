# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modes files had from the first byte to the last, read out of strace's record of the calls that made them.

A look at the files now and then would miss what is open for a millisecond."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

# strace -ff -ttt -y; the process stands between time and call.
_CALL = re.compile(r"\S+ (?P<process>\d+) (?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>\d+)(?:<(?P<path>.*)>)?$")
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<(?P<directory>[^>]*)>, )?"(?P<name>[^"]*)"')
_OPEN_FILE = re.compile(r"\d+<([^>]*)>")
_MODE = re.compile(r"\b(0[0-7]*)\b")
_FORK = re.compile("clone|v?fork")
OTHERS = 0o077


@dataclass(frozen=True)
class _Process:
    umask: int = 0
    directory: str = "/"


def modes(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each mode that a path had while others than its owner could come to it, in the order of the calls."""
    processes: dict[str, _Process] = {}
    known: dict[str, int] = {}
    private: set[str] = set()  # directories that only their owner may enter
    for line in lines:
        match = _CALL.match(line)
        if not match:
            continue
        call, number, arguments = match.group("name", "process", "arguments")
        process = processes.setdefault(number, _Process())
        paths = _paths(arguments, process.directory)
        if _FORK.match(call):
            processes[match["result"]] = process
        elif call == "umask":
            processes[number] = replace(process, umask=_mode(arguments))
        elif call == "chdir":
            processes[number] = replace(process, directory=paths[0])
        elif _changes(known, call, arguments, paths, process.umask):
            path, mode = paths[-1], known[paths[-1]]
            if call.startswith("mkdir"):
                (private.discard if mode & OTHERS else private.add)(path)
            if not private.intersection(map(str, PurePosixPath(path).parents)):
                yield path, mode


def _changes(known: dict[str, int], call: str, arguments: str, paths: list[str], umask: int) -> bool:
    """Carry a call over into the modes that are known; whether the mode of its last path is known by it."""
    if call.startswith("unlink"):
        known.pop(paths[0], None)
        return False
    if call.startswith(("rename", "link")):
        mode = known.pop(paths[0], None) if call.startswith("rename") else known.get(paths[0])
        known.update({} if mode is None else {paths[1]: mode})
        return mode is not None
    if call.startswith(("fchmod", "chmod")):
        known[paths[0]] = _mode(arguments)
    elif call.startswith("mkdir") or "O_CREAT" in arguments:
        known.setdefault(paths[0], _mode(arguments) & ~umask)
    else:
        return False
    return True


def _mode(arguments: str) -> int:
    """The last number of the arguments that is written as a mode."""
    return int(_MODE.findall(re.sub('"[^"]*"|<[^>]*>', "", arguments))[-1], 8)


def _paths(arguments: str, directory: str) -> list[str]:
    """The absolute paths among a call's arguments; of an open file, its own."""
    found = [str(PurePosixPath(match["directory"] or directory, match["name"])) for match in _PATH.finditer(arguments)]
    return found or _OPEN_FILE.findall(arguments)[:1]
