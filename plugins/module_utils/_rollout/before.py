# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host had of its MTA before a rollout changed it, besides the files that a configuration keeps of itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import Packages, Runner
from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.previous import mark
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._host.unit_files import DIRECTORY, DROP_IN
from ansible_collections.mailops.ses.plugins.module_utils._mta.restarts import MSP_UNIT
from ansible_collections.mailops.ses.plugins.module_utils._queue.look import way_of
from ansible_collections.mailops.ses.plugins.module_utils._role.mtas import part_of

DIRECTORIES = {"postfix": "/etc/postfix", "sendmail": "/etc/mail"}
# Red Hat's second daemon of Sendmail, whose unit gets a file as well.
CLIENT_UNIT = "sm-client"

Texts = Mapping[str, Optional[str]]  # path -> the file's text, None where there was none


def note(mta: str, units: Iterable[Unit], packages: Packages, run: Runner) -> dict[str, Any]:
    """What is there now: whether the MTA is installed, which other one is, its units, the files for them, whether mail
    leaves through a server that it logs in to, and which way back its configuration keeps."""
    there, units = part_of(mta).installed(), list(units)
    return {
        "installed": there,
        "other_mtas": packages.others_than(mta),
        "active": {unit.name: there and unit.active() for unit in units},
        "enabled": {unit.name: there and unit.enabled() for unit in units},
        "unit_files": {path: text_of(path) for path in unit_paths(mta, [unit.name for unit in units])},
        "sends": sends(mta, units, run),
        "way_back": way_back(mta),
    }


def sends(mta: str, units: Sequence[Unit], run: Runner) -> bool:
    """Whether the MTA runs, and mail for other domains leaves through a server that it logs in to."""
    if not part_of(mta).installed() or not units[0].active():
        return False
    way = way_of(mta, run)
    return bool(way and way.host and way.logs_in)


def unit_paths(mta: str, units: Iterable[str]) -> list[str]:
    """The files of ours for these units."""
    own = [MSP_UNIT] if mta == "sendmail" else []
    names = [*units, *([CLIENT_UNIT] if mta == "sendmail" else [])]
    drop_ins = [f"{name.removesuffix('.service')}.service.d/{DROP_IN}" for name in names]
    return [os.path.join(DIRECTORY, name) for name in (*own, *drop_ins)]


def way_back(mta: str) -> list[int]:
    """Which generation of files the configuration keeps: another answer later says that it was changed meanwhile, be it
    by a change that was interrupted."""
    return mark(DIRECTORIES[mta])
