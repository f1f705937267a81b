# SPDX-License-Identifier: GPL-3.0-or-later
"""An MTA that a change replaces by another one: what is kept of it, and how the host has it again."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._host.swap import PREFIX, PRIVATE_MODE
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


class Change(NamedTuple):
    """A change to an MTA, with its name."""

    mta: str
    fingerprint: str


def keep(
    change: Change, before: Mapping[str, Any], names: Collection[str], sends: bool, units: Mapping[str, Sequence[Unit]]
) -> None:
    """Keep what the host has of the MTAs that this CHANGE replaces: files, what BEFORE notes, the NAMES of packages,
    whether its mail SENDS, and its UNITS by MTA. OSError where there is no room for it."""
    stamp.forget()
    os.makedirs(stamp.KEPT, mode=0o700)
    paths = [path for mta in units for path in CONFIGURATIONS.get(mta, ())]
    with _private(_FILES, "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for path in filter(os.path.lexists, (*paths, *SHARED)):
                archive.add(path)
        _sync(file)
    _write(
        {
            "mta": change.mta,
            "fingerprint": change.fingerprint,
            "before": before,
            "packages": sorted(names),
            "sends": sends,
            "paths": paths,
            "alternative": _alternative(),
            "units": {
                mta: {unit.name: [unit.active(), unit.enabled()] for unit in its_units}
                for mta, its_units in units.items()
            },
        }
    )


def kept(mta: str) -> dict[str, Any] | None:
    """What is kept for a change to this MTA, None for nothing."""
    try:
        with open(os.path.join(stamp.KEPT, _NOTE), encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return None
    return found if found.get("mta") == mta else None


def claim(change: Change, present: Collection[str], run: Runner, offline: bool) -> dict[str, Any] | None:
    """What is kept of MTAs that an earlier change to the same MTA replaced, and that has not come to its end: it serves
    this CHANGE now. None where they are untouched, or the host has another MTA by now; PRESENT are those that it has
    besides. OSError where the note cannot be written."""
    note = kept(change.mta)
    if note is None or untouched(note, present, units_kept(note, run, offline)) or set(present) - set(note["units"]):
        return None
    if note["fingerprint"] != change.fingerprint:
        note["fingerprint"] = change.fingerprint
        _write(note)
    return note


def units_of(mta: str, run: Runner, offline: bool) -> list[Unit]:
    """The units of an MTA that systemd knows."""
    named = UNITS.get(mta) or [MTAS[mta].unit if mta in MTAS else mta]
    asked = ["systemctl", "show", "--property", "LoadState"]
    return [Unit(name, run, offline) for name in named if name and "not-found" not in run([*asked, name])[1]]


def units_kept(note: Mapping[str, Any], run: Runner, offline: bool) -> dict[str, list[Unit]]:
    """The units of the NOTE, by MTA, whether systemd still knows them or not."""
    return {mta: [Unit(name, run, offline) for name in states] for mta, states in note["units"].items()}


def untouched(note: Mapping[str, Any], present: Collection[str], units: Mapping[str, Sequence[Unit]]) -> bool:
    """Whether the change did not come to the MTAs of the NOTE: they are among the PRESENT ones, users can hand their
    mail to them as before, and their UNITS run as they did."""
    shut = any(MTAS[mta].closed() for mta in note["units"] if mta in MTAS)
    if shut or not set(note["units"]) <= set(present) or _alternative() != note["alternative"]:
        return False
    return all(
        unit.active() == note["units"][mta][unit.name][0] for mta, its_units in units.items() for unit in its_units
    )


def drop(mta: str, queue_ids: Collection[str], run: Runner) -> None:
    """Take the mails with these QUEUE_IDS, which are our own, out of the queue of an MTA that is to go."""
    if mta == "postfix":
        for queue_id in queue_ids:
            run(["postsuper", "-d", queue_id])
        return
    try:
        waiting = [path for path in MTAS[mta].waiting() if os.path.basename(path)[2:] in queue_ids]
    except QueueError:
        return  # who empties the queue tells of it
    for path in waiting:
        directory, name = os.path.split(path)
        beside = os.path.join(os.path.dirname(directory), "df")  # where a queue has directories for each kind
        for one in (path, os.path.join(directory, f"df{name[2:]}"), os.path.join(beside, f"df{name[2:]}")):
            with suppress(FileNotFoundError):
                os.unlink(one)


def see_drained(mta: str) -> None:
    """This MTA, which took another one's place, is stopped and empty, and users are not let in; BackError otherwise."""
    try:
        if MTAS[mta].running() or MTAS[mta].opened():
            raise BackError(f"{mta} is not stopped, or takes mail")
        waiting = len(MTAS[mta].waiting())
    except QueueError as error:
        raise BackError(str(error)) from error
    if waiting:
        told = "1 message waits" if waiting == 1 else f"{waiting} messages wait"
        raise BackError(f"{told} in the queue of {mta}")


@contextmanager
def open_to_root(mta: str) -> Iterator[None]:
    """Inside, root alone can run the programs of an MTA that is to go. BackError where a mode cannot be changed."""
    try:
        MTAS[mta].open_to_root()
        try:
            yield
        finally:
            MTAS[mta].close()
    except DrainError as error:
        raise BackError(str(error)) from error


def reopen(mta: str) -> None:
    """Users can hand mail to this MTA, also where an earlier run was killed as it went. BackError where a mode cannot
    be changed."""
    try:
        if mta in MTAS:
            MTAS[mta].open()
    except DrainError as error:
        raise BackError(str(error)) from error


def restore(
    note: Mapping[str, Any], mta: str, present: Collection[str], units: Mapping[str, Sequence[Unit]], run: Runner
) -> str:
    """Have the MTAs of the NOTE be what they were, now that their packages are there again, and say so. MTA is the one
    that had replaced them, PRESENT are the MTAs that the host has, UNITS by MTA are those of the note. BackError where
    that cannot be, UnitError where a unit does not start, OSError where a file cannot be written."""
    gone = sorted(set(note["units"]) - set(present))
    if gone:
        raise BackError(f"{', '.join(gone)} was replaced by {mta}, and is not installed again")
    with _archive() as archive, _staged(archive, (*note["paths"], *SHARED)) as staged:
        for unit in (unit for its_units in units.values() for unit in its_units):
            unit.stop()
        for path, staging in staged.items():
            _exchange(path, staging)
    if shutil.which("restorecon"):
        run(["restorecon", "-R", *filter(os.path.exists, (*note["paths"], *SHARED))])
    _lead_to(note["alternative"], run)
    for name in (*note["units"], mta):
        reopen(name)  # the one that stays beside it as its package has it
    for other, its_units in units.items():
        for unit in its_units:
            active, enabled = note["units"][other][unit.name]
            if enabled != unit.enabled():
                unit.run(["systemctl", "enable" if enabled else "disable", unit.name])
            if active and not unit.active():
                unit.carry_out(["restart"])
    return f"It has {', '.join(note['units'])} again, as it was."


def _alternative() -> str:
    return os.readlink(ALTERNATIVE) if os.path.islink(ALTERNATIVE) else ""


def _lead_to(program: str, run: Runner) -> None:
    """Programs hand their mail to PROGRAM, empty where the host has no alternatives."""
    if not program or _alternative() == program:
        return
    status, _out, err = run(["alternatives", "--set", "mta", program])
    if status or os.path.basename(_alternative()) != os.path.basename(program):
        raise BackError(f"alternatives --set mta {program} failed: {err.strip() or 'no word'}")


@contextmanager
def _archive() -> Iterator[tarfile.TarFile]:
    """What is kept of the files, which can be read as a whole; BackError otherwise."""
    try:
        with tarfile.open(os.path.join(stamp.KEPT, _FILES)) as archive:
            archive.getmembers()
            yield archive
    except tarfile.TarError as error:
        raise BackError(f"what is kept in {stamp.KEPT} cannot be read: {error}") from error


@contextmanager
def _staged(archive: tarfile.TarFile, paths: Iterable[str]) -> Iterator[dict[str, str]]:
    """Inside, each path's part of the ARCHIVE is in a private directory on the path's file system, by path. OSError
    without room for it."""
    archive.extraction_filter = lambda member, _path: member  # it is our own, and links in /etc may lead anywhere
    members, staged = archive.getmembers(), {}
    try:
        for path in paths:
            own = [one for one in members if f"/{one.name}" == path or f"/{one.name}".startswith(f"{path}/")]
            if own or os.path.lexists(path):
                within = path if _is_directory(path) and own and own[0].isdir() else os.path.dirname(path)
                staged[path] = tempfile.mkdtemp(prefix=PREFIX, dir=within)
                archive.extractall(staged[path], members=own, numeric_owner=True)
        yield staged
    finally:
        for staging in staged.values():
            shutil.rmtree(staging, ignore_errors=True)


def _exchange(path: str, staging: str) -> None:
    """Have the path be what is staged of it: a file, a directory with all that is in it, or nothing."""
    source = os.path.join(staging, path.lstrip("/"))
    if not (_is_directory(path) and _is_directory(source)):
        _remove(path)
        if os.path.lexists(source):
            os.rename(source, path)
        return
    for entry in [entry.path for entry in os.scandir(path) if entry.path != staging]:
        _remove(entry)
    for entry in [entry.name for entry in os.scandir(source)]:
        os.rename(os.path.join(source, entry), os.path.join(path, entry))
    status = os.stat(source)  # the directory itself stays, with its context of SELinux
    os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, status.st_mode & 0o7777)


def _is_directory(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _remove(path: str) -> None:
    if _is_directory(path):
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _private(name: str, mode: str) -> IO[Any]:
    path = os.path.join(stamp.KEPT, name)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE), mode)


def _write(note: Mapping[str, Any]) -> None:
    """Exchange the note whole; it says that all else is there."""
    staged = os.path.join(stamp.KEPT, f"{_NOTE}.new")
    with suppress(FileNotFoundError):
        os.unlink(staged)
    with _private(f"{_NOTE}.new", "w") as file:
        json.dump(note, file)
        _sync(file)
    os.replace(staged, os.path.join(stamp.KEPT, _NOTE))


def _sync(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())
