# SPDX-License-Identifier: GPL-3.0-or-later
"""A host goes back to what it had before a rollout: the configuration by its own way back, the units by the note."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import Swap
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit, UnitError
from ansible_collections.mailops.ses.plugins.module_utils._role.mtas import part_of
from ansible_collections.mailops.ses.plugins.module_utils._rollout.before import Texts, way_back


class BackError(Exception):
    """Why a host does not have again what it had, in a sentence."""


class Mta(NamedTuple):
    """The MTA on this host: its units, of which the first runs it, its row of the system, and a private directory."""

    name: str
    units: Sequence[Unit]
    there: Any
    scratch: str


def go_back(mta: Mta, before: Mapping[str, Any], gone: Callable[[], None] = lambda: None) -> str:
    """Make this MTA what BEFORE notes, and say in a sentence what was done. GONE is called once the configuration has
    gone back, which a second call would undo. BackError where the host does not have all of it again."""
    try:
        if not before["installed"]:
            return _first_installation(mta, before, gone)
        changed = before["way_back"] != way_back(mta.name)
        if changed:
            _configure(mta, mta.units if before["active"][mta.units[0].name] else ())
            gone()
        moved = _restore(before["unit_files"], mta.units)
        _states(before, mta.units, restart=moved)
    except (UnitError, OSError) as error:
        raise BackError(str(error)) from error
    return "It has again what it had." if changed or moved else "It has what it had: nothing was changed."


def _first_installation(mta: Mta, before: Mapping[str, Any], gone: Callable[[], None]) -> str:
    """The MTA stopped, with the configuration that its package brought."""
    if not part_of(mta.name).installed():
        return "It has what it had: nothing was installed."
    for unit in mta.units:
        unit.stop()
        unit.run(["systemctl", "disable", unit.name])
    if before["way_back"] != way_back(mta.name):
        _configure(mta, ())
        gone()
    _restore(before["unit_files"], mta.units)
    return f"{mta.name} stays installed, stopped, with its package's configuration."


def _configure(mta: Mta, units: Sequence[Unit]) -> None:
    """Have the configuration go back, and these units load it."""
    part = part_of(mta.name)
    options = {"state": "previous"}
    if mta.name == "sendmail":
        options["settings_file"] = mta.there.settings_file
    request = part.request_of(ArgumentSpecValidator(part.ARGUMENTS).validate(options).validated_parameters)
    try:
        part.configure(request, False, mta.scratch, units, lambda: None)
    except part.Failure as error:
        raise BackError(str(error)) from error


def _restore(texts: Texts, units: Sequence[Unit]) -> bool:
    """Have the units' files say what they said; whether any changed."""
    changed = {path: text for path, text in texts.items() if text_of(path) != text}
    for path, text in changed.items():
        if text is None and path.endswith(".service"):
            Unit(os.path.basename(path), units[0].run, units[0].offline).stop()  # what follows it goes by its file
    with Swap() as swap:
        for path, text in changed.items():
            if text is None:
                swap.remove(path)
            else:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                swap.put(path, swap.stage(path, text.encode("utf-8", "surrogateescape")))
        swap.commit()
    for path, text in changed.items():
        if text is None:
            with suppress(OSError):  # others' files are in it, or it is systemd's own
                os.rmdir(os.path.dirname(path))
    if changed:
        units[0].daemon_reload()
    return bool(changed)


def _states(before: Mapping[str, Any], units: Sequence[Unit], restart: bool) -> None:
    """Each unit runs or not, and starts at boot or not, as it did; RESTART where its files changed."""
    for number, unit in enumerate(units):
        was = before["active"][unit.name]
        if was and (not unit.active() or (restart and number == 0)):
            unit.carry_out(["restart"])
        elif not was and unit.active():
            unit.stop()
        if not before["enabled"][unit.name] and unit.enabled():
            unit.run(["systemctl", "disable", unit.name])
