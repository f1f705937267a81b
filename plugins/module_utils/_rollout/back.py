# SPDX-License-Identifier: GPL-3.0-or-later
"""A host goes back to what it had before a rollout: the configuration by its own way back, the units by the note."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import Swap
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit, UnitError
from ansible_collections.mailops.ses.plugins.module_utils._role.mtas import part_of
from ansible_collections.mailops.ses.plugins.module_utils._rollout.before import Texts, way_back


class BackError(Exception):
    """Why a host does not have again what it had, in a sentence."""


def go_back(mta: str, before: Mapping[str, Any], units: Sequence[Unit], there: Any, scratch: str) -> str:
    """Make the host what BEFORE notes, and say in a sentence what was done; its others_now are other MTAs that it has
    now. THERE is the MTA's row of the system. It may be called again after it failed. BackError where the host does not
    have all of it again."""
    if before["other_mtas"] and before["other_mtas"] == before["others_now"]:
        return f"It has what it had: {', '.join(before['other_mtas'])} was not replaced."
    if before["other_mtas"]:
        raise BackError(
            f"{', '.join(before['other_mtas'])} was replaced by {mta}, which no roll back undoes: look at the host, "
            "and run it again, or install the other MTA by hand"
        )
    try:
        if not before["installed"]:
            return _first_installation(mta, before, units, there, scratch)
        changed = before["way_back"] != way_back(mta)
        if changed:
            _configure(mta, units if before["active"][units[0].name] else (), there, scratch)
        moved = _restore(before["unit_files"], units)
        _states(before, units, restart=moved)
    except (UnitError, OSError) as error:
        raise BackError(str(error)) from error
    return "It has again what it had." if changed or moved else "It has what it had: nothing was changed."


def _first_installation(mta: str, before: Mapping[str, Any], units: Sequence[Unit], there: Any, scratch: str) -> str:
    """The MTA stopped, with the configuration that its package brought."""
    if not part_of(mta).installed():
        return "It has what it had: nothing was installed."
    for unit in units:
        unit.stop()
        unit.run(["systemctl", "disable", unit.name])
    if before["way_back"] != way_back(mta):
        _configure(mta, (), there, scratch)
    _restore(before["unit_files"], units)
    return f"{mta} stays installed, stopped, with its package's configuration."


def _configure(mta: str, units: Sequence[Unit], there: Any, scratch: str) -> None:
    part = part_of(mta)
    options = {"state": "previous"}
    if mta == "sendmail":
        options["settings_file"] = there.settings_file
    request = part.request_of(ArgumentSpecValidator(part.ARGUMENTS).validate(options).validated_parameters)
    try:
        part.configure(request, False, scratch, units, lambda: None)
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
