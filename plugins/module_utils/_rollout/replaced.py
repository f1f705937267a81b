# SPDX-License-Identifier: GPL-3.0-or-later
"""An MTA that a change replaces by another one: what is kept of it, and how the host has it again."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.swap import PRIVATE_MODE
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Runner, Unit
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import QueueError
from ansible_collections.mailops.ses.plugins.module_utils._replace.mtas import MTAS, DrainError
from ansible_collections.mailops.ses.plugins.module_utils._role.config import ALTERNATIVE
from ansible_collections.mailops.ses.plugins.module_utils._rollout import stamp
from ansible_collections.mailops.ses.plugins.module_utils._rollout.back import BackError

_NOTE, _FILES = "replaced.json", "replaced.tar"
# An MTA -> its configuration, as its packages have it. rpm puts what was changed aside as a package goes.
CONFIGURATIONS: Mapping[str, Sequence[str]] = {
    "postfix": ("/etc/postfix",),
    "sendmail": ("/etc/mail", "/etc/default/sendmail", "/etc/sysconfig/sendmail"),
    "exim4": ("/etc/exim4", "/etc/default/exim4"),
    "exim": ("/etc/exim", "/etc/sysconfig/exim"),
    "nullmailer": ("/etc/nullmailer",),
    "dma": ("/etc/dma",),
    "msmtp-mta": ("/etc/msmtprc",),
    "ssmtp": ("/etc/ssmtp",),
    "esmtp-run": ("/etc/esmtprc",),
}
# Each MTA has a format of its own for what newaliases makes.
SHARED = ("/etc/aliases", "/etc/aliases.db", "/etc/aliases.lmdb", "/etc/mailname")
# Where an MTA has other units than the one that MTAS names.
UNITS: Mapping[str, Sequence[str]] = {"postfix": ("postfix@-", "postfix"), "sendmail": ("sendmail", "sm-client")}


def keep(
    fingerprint: str,
    before: Mapping[str, Any],
    names: Collection[str],
    sends: bool,
    units: Mapping[str, Sequence[Unit]],
) -> None:
    """Keep what the host has of the MTAs that the change of this FINGERPRINT replaces: files, what BEFORE notes, the
    NAMES of all packages, whether its mail SENDS, and its UNITS by MTA. OSError where there is no room for it."""
    shutil.rmtree(stamp.KEPT, ignore_errors=True)
    os.makedirs(stamp.KEPT, mode=0o700)
    paths = [path for mta in units for path in CONFIGURATIONS.get(mta, ())]
    with _private(_FILES, "wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
        for path in filter(os.path.lexists, (*paths, *SHARED)):
            archive.add(path)
    note = {
        "fingerprint": fingerprint,
        "before": before,
        "packages": sorted(names),
        "sends": sends,
        "paths": paths,
        "alternative": os.readlink(ALTERNATIVE) if os.path.islink(ALTERNATIVE) else "",
        "units": {
            mta: {unit.name: [unit.active(), unit.enabled()] for unit in its_units} for mta, its_units in units.items()
        },
    }
    with _private(f"{_NOTE}.new", "w") as file:
        json.dump(note, file)
    os.replace(
        os.path.join(stamp.KEPT, f"{_NOTE}.new"), os.path.join(stamp.KEPT, _NOTE)
    )  # last: it says that all is there


def kept(fingerprint: str) -> dict[str, Any] | None:
    """What is kept for the change of this FINGERPRINT, None for nothing."""
    try:
        with open(os.path.join(stamp.KEPT, _NOTE), encoding="utf-8") as file:
            note: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return None
    return note if note.get("fingerprint") == fingerprint else None


def forget() -> None:
    """Keep nothing any more."""
    shutil.rmtree(stamp.KEPT, ignore_errors=True)


def units_of(mta: str, run: Runner, offline: bool) -> list[Unit]:
    """The units of an MTA that systemd knows."""
    named = UNITS.get(mta) or [MTAS[mta].unit if mta in MTAS else mta]
    asked = ["systemctl", "show", "--property", "LoadState"]
    return [Unit(name, run, offline) for name in named if name and "not-found" not in run([*asked, name])[1]]


def units_kept(note: Mapping[str, Any], run: Runner, offline: bool) -> dict[str, list[Unit]]:
    """The units of the NOTE, by MTA, whether systemd still knows them or not."""
    return {mta: [Unit(name, run, offline) for name in states] for mta, states in note["units"].items()}


def untouched(note: Mapping[str, Any], present: Collection[str], units: Iterable[Unit]) -> bool:
    """Whether the change did not come to the MTAs of the NOTE: they are among the PRESENT ones, programs hand their
    mail to what they did, and the UNITS run as they did."""
    ran = {name: state[0] for states in note["units"].values() for name, state in states.items()}
    link = os.readlink(ALTERNATIVE) if os.path.islink(ALTERNATIVE) else ""
    same = set(note["units"]) <= set(present) and link == note["alternative"]
    return same and all(unit.active() == ran[unit.name] for unit in units)


def open_to_root(mta: str) -> None:
    """Let root alone run the programs of an MTA that is to go, which nobody may hand mail to: its configuration is
    checked by them. BackError where that cannot be."""
    try:
        for path in filter(os.path.exists, MTAS[mta].entrances):
            os.chmod(path, os.stat(path).st_mode | 0o100)
    except OSError as error:
        raise BackError(f"the programs of {mta} cannot be run: {error.strerror}") from error


def see_empty(mta: str) -> None:
    """Nothing waits in this MTA's queue; BackError where something does."""
    try:
        MTAS[mta].close()
        waiting = len(MTAS[mta].waiting())
    except (DrainError, QueueError) as error:
        raise BackError(str(error)) from error
    if waiting:
        told = "1 message" if waiting == 1 else f"{waiting} messages"
        raise BackError(f"{told} came into the queue of {mta} as it was to go, and will wait there")


def restore(
    note: Mapping[str, Any], mta: str, present: Collection[str], units: Mapping[str, Sequence[Unit]], run: Runner
) -> str:
    """Have the MTAs of the NOTE be what they were, now that their packages are there again, and say so. MTA is the one
    that had replaced them, PRESENT are the MTAs that the host has, UNITS by MTA are those of the note. BackError where
    an MTA is not there, UnitError where a unit does not start, OSError where a file cannot be written."""
    gone = sorted(set(note["units"]) - set(present))
    if gone:
        raise BackError(f"{', '.join(gone)} was replaced by {mta}, and is not installed again")
    for unit in (unit for its_units in units.values() for unit in its_units):
        unit.stop()
    _put_back(note["paths"])
    if shutil.which("restorecon"):
        run(["restorecon", "-R", *filter(os.path.exists, (*note["paths"], *SHARED))])
    if note["alternative"]:
        run(["alternatives", "--set", "mta", note["alternative"]])
    if MTAS[mta].installed():
        with suppress(DrainError):
            MTAS[mta].open()  # as its package has it
    for other, its_units in units.items():
        for unit in its_units:
            active, enabled = note["units"][other][unit.name]
            if enabled != unit.enabled():
                unit.run(["systemctl", "enable" if enabled else "disable", unit.name])
            if active and not unit.active():
                unit.carry_out(["restart"])
    return f"It has {', '.join(note['units'])} again, as it was."


def _put_back(paths: Iterable[str]) -> None:
    """These files and directories, and those that all MTAs share, are again what is kept of them."""
    for path in (*paths, *SHARED):
        if os.path.isdir(path) and not os.path.islink(path):
            for entry in os.scandir(path):  # the directory itself has a context of SELinux
                _remove(entry.path)
        else:
            _remove(path)
    with tarfile.open(os.path.join(stamp.KEPT, _FILES)) as archive:
        archive.extraction_filter = lambda member, _path: member  # it is our own, and links in /etc may lead anywhere
        archive.extractall("/", numeric_owner=True)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _private(name: str, mode: str) -> Any:
    path = os.path.join(stamp.KEPT, name)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE), mode)
