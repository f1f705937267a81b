# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of ours beside a unit's own: what the host says itself stays, and where the change fails they go again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from glob import glob
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import Swap, put_back, snapshot, sweep
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit, UnitError

DIRECTORY = "/etc/systemd/system"
DROP_IN = "50-mailops-ses.conf"
# Where systemd looks for units; the first file wins, and drop-ins of all of them count.
SEARCHED = (
    DIRECTORY,
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
# Of these a unit can have several, so that ours and the host's stand side by side.
ADDED = frozenset(("After", "ExecStartPost", "Wants"))
# Who decides on Restart= decides on all of it.
RESTART = frozenset(("Restart", "RestartPreventExitStatus", "RestartSec", "StartLimitBurst", "StartLimitIntervalSec"))


@dataclass(frozen=True)
class UnitFile:
    """A file of ours as it is and as it has to be (None: it is not there), and the settings that are the host's."""

    path: str
    before: str | None
    after: str | None
    kept: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether it is written or goes."""
        return self.before != self.after

    def result(self) -> dict[str, Any]:
        """What a module returns of it."""
        return {"path": self.path, "changed": self.changed, "kept": list(self.kept)}

    def diff(self) -> dict[str, str]:
        """Its change, as Ansible shows it."""
        headers = {"before_header": self.path, "after_header": self.path}
        return {**headers, "before": self.before or "", "after": self.after or ""}


def plan_files(texts: Mapping[str, str | None], root: str = "/") -> list[UnitFile]:
    """What becomes of the files of ours, whose texts are given by their names in DIRECTORY (`mta.service`, or
    `mta.service.d/50-mailops-ses.conf`); ROOT is the host's. A drop-in leaves out what the host sets itself, and a file
    that the host has masked stays so."""
    files = []
    for name, text in texts.items():
        path = os.path.join(root, DIRECTORY[1:], name)
        if os.path.realpath(path) == os.devnull:  # a change would exchange that device
            files.append(UnitFile(path, "", "", tuple(_settings_of(text or ""))))
            continue
        unit, drop_in, _name = name.rpartition(".d/")
        theirs = _theirs(unit, root) if drop_in and text else frozenset()
        after, kept = _without(text, theirs) if text else (None, ())
        files.append(UnitFile(path, text_of(path), after, kept))
    return files


@contextmanager
def in_place(files: Sequence[UnitFile], unit: Unit) -> Iterator[None]:
    """Write what changes of the files, and have systemd read them; where something fails then, inside as well, put back
    what was there. UnitError where systemd does not read them."""
    changed = [file for file in files if file.changed]
    before = snapshot(*(file.path for file in changed))
    directories = {os.path.dirname(file.path) for file in changed}
    made = [directory for directory in directories if not os.path.isdir(directory)]
    try:
        for directory in directories:
            os.makedirs(directory, exist_ok=True)
        # A run that was killed here may have left nothing else to do.
        for directory in {os.path.dirname(file.path) for file in files}:
            if os.path.isdir(directory):
                sweep(directory)
        for file in changed:
            if file.after is None and file.path.endswith(".service"):
                # While systemd still knows it: what follows it goes by its file.
                replace(unit, name=os.path.basename(file.path)).stop()
        with Swap() as swap:
            for file in changed:
                if file.after is None:
                    swap.remove(file.path)
                else:
                    swap.put(file.path, swap.stage(file.path, file.after.encode()))
            swap.commit()
        unit.daemon_reload()
        yield
    except Exception:
        for file in changed:
            if file.before is None and file.path.endswith(".service"):
                with suppress(UnitError):  # what failed first is told
                    replace(unit, name=os.path.basename(file.path)).stop()
            put_back(file.path, before.get(file.path))
        for directory in made:
            with suppress(OSError):  # not empty, or never made
                os.rmdir(directory)
        with suppress(UnitError):  # what failed first is told
            unit.daemon_reload()
        raise


def _theirs(unit: str, root: str) -> frozenset[str]:
    """The settings that the host decides itself: those of its drop-ins, and a Restart= of the unit's own file. There
    `no` is what systemd, and what makes units of init scripts, would have anyway."""
    template = f"{unit.partition('@')[0]}@.service" if "@" in unit else unit
    places = [os.path.join(root, place[1:]) for place in SEARCHED]
    drop_ins = [
        path
        for place in places
        for name in dict.fromkeys((unit, template, "service"))
        for path in glob(os.path.join(place, f"{name}.d", "*.conf"))
        if os.path.basename(path) != DROP_IN
    ]
    files = (os.path.join(place, name) for name in (unit, template) for place in places)
    own = _settings(next(filter(os.path.isfile, files), ""))
    theirs = {key for path in drop_ins for key in _settings(path)}
    if own.get("Restart", "no") != "no":
        theirs.add("Restart")
    return frozenset(theirs | RESTART if "Restart" in theirs else theirs) - ADDED


def _settings(path: str) -> dict[str, str]:
    return _settings_of(text_of(path) or "") if path else {}


def _settings_of(text: str) -> dict[str, str]:
    lines = text.replace("\\\n", " ").splitlines()
    pairs = (line.partition("=") for line in map(str.strip, lines) if line[:1] not in ("#", ";", "[", ""))
    return {key.strip(): value.strip() for key, _equals, value in pairs}


def _without(text: str, theirs: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """The text without these settings and the comments before them, and which of them it had."""
    lines: list[str] = []
    comments: list[str] = []
    kept: list[str] = []
    for line in text.splitlines():
        key = line.partition("=")[0]
        if line.startswith("#"):
            comments.append(line)
            continue
        if key in theirs:
            kept.append(key)
        else:
            lines += [*comments, line]
        comments = []
    return "\n".join(lines) + "\n", tuple(dict.fromkeys(kept))
