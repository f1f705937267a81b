# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a host's metrics to the wanted state: a program, a timer that runs it, and the file that it writes; or none."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._host.swap import Swap, sweep
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit, UnitError
from ansible_collections.mailops.ses.plugins.module_utils._host.unit_files import DIRECTORY as UNIT_DIRECTORY
from ansible_collections.mailops.ses.plugins.module_utils._metrics import proofs
from ansible_collections.mailops.ses.plugins.module_utils._metrics.collector import FILE
from ansible_collections.mailops.ses.plugins.module_utils._metrics.exposition import Relay
from ansible_collections.mailops.ses.plugins.module_utils._metrics.program import PATH, program
from ansible_collections.mailops.ses.plugins.module_utils._metrics.units import SERVICE, TIMER, directory_of, units

_SERVICE, _TIMER = (os.path.join(UNIT_DIRECTORY, name) for name in (SERVICE, TIMER))


@dataclass(frozen=True)
class Metrics:
    """What the host has, and what it is to have: content by path, None where a file goes or is not there."""

    before: Mapping[str, bytes | None]
    after: Mapping[str, bytes | None]
    leftovers: tuple[str, ...] = ()  # of the timer's runs, and of proofs: what goes beside the files
    stopped: bool = False  # the timer is to run and does not

    @property
    def wanted(self) -> bool:
        """Whether the host is to have metrics."""
        return any(self.after.values())

    @property
    def due(self) -> dict[str, bytes | None]:
        """What is written, or goes."""
        return {path: content for path, content in self.after.items() if content != self.before[path]}

    @property
    def changed(self) -> bool:
        """Whether anything on the host changes."""
        return bool(self.due or self.leftovers or self.stopped)

    def diff(self) -> list[dict[str, str]]:
        """The change, as Ansible shows it."""
        return [
            {
                "before_header": path,
                "after_header": path,
                "before": _shown(path, self.before[path]),
                "after": _shown(path, content),
            }
            for path, content in self.due.items()
        ]


def plan(relay: Relay, directory: str | None, timer: Unit) -> Metrics:
    """What is due for metrics of this relay in DIRECTORY, None for no metrics."""
    paths = (PATH, _SERVICE, _TIMER)
    before = {path: _content(path) for path in paths}
    former = directory_of((before[_SERVICE] or b"").decode())
    left = [os.path.join(former, FILE)] if former and former != directory else []
    left += [] if directory else [proofs.DIRECTORY]
    leftovers = tuple(path for path in left if os.path.lexists(path))
    if directory is None:
        return Metrics(before, dict.fromkeys(paths), leftovers)
    texts = units(*relay, directory)
    after = {PATH: program(), _SERVICE: texts[SERVICE].encode(), _TIMER: texts[TIMER].encode()}
    return Metrics(before, after, leftovers, stopped=bool(timer.due("none")))


def bring(metrics: Metrics, timer: Unit) -> None:
    """Write what is due, and have the timer run; MetricsError of proofs.py with what failed, where the host keeps what
    it had."""
    if not metrics.changed:
        return
    ran = timer.enabled()
    try:
        if not metrics.wanted and ran:
            _halt(timer)
        if not metrics.wanted and not timer.offline and metrics.before[_SERVICE] is not None:
            _do(timer, "stop", SERVICE)  # a look that has begun would write its file again
            timer.run(["systemctl", "reset-failed", SERVICE])  # one that failed would stay listed without its file
        for directory in {os.path.dirname(path) for path in metrics.due}:
            os.makedirs(directory, exist_ok=True)
            sweep(directory)
        with Swap() as swap:
            for path, content in metrics.due.items():
                if content is None:
                    swap.remove(path)
                else:
                    swap.put(path, swap.stage(path, content))
            swap.commit(lambda: _start(timer, ran) if metrics.wanted else timer.daemon_reload())
    except (UnitError, OSError) as error:
        if not any(metrics.before.values()):
            shutil.rmtree(proofs.DIRECTORY, ignore_errors=True)
        with suppress(UnitError):
            timer.daemon_reload()
            timer.carry_out(["enable", "restart"] if ran and not timer.offline else [])
        raise proofs.MetricsError(
            f"The relay is configured, and of its metrics (ses_metrics_dir) the host keeps what it had: {error}"
        ) from error
    for path in metrics.leftovers:
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def _start(timer: Unit, ran: bool) -> None:
    """Have the timer run. A first look, by its own unit, proves that the timer's will work."""
    try:
        timer.daemon_reload()
        if not timer.offline:
            _do(timer, "start", SERVICE)
        timer.carry_out(["enable"] if timer.offline else ["enable", "restart"])
    except UnitError:
        if not ran:
            _halt(timer)
        raise


def _halt(timer: Unit) -> None:
    """Have the timer down and not come back, while systemd still knows its file."""
    _do(timer, *(["disable"] if timer.offline else ["disable", "--now"]), TIMER)


def _do(timer: Unit, *arguments: str) -> None:
    status, _out, err = timer.run(["systemctl", *arguments])
    if status:
        raise UnitError(f"systemctl {' '.join(arguments)} failed: {err.strip()}; see journalctl -u {SERVICE}")


def _content(path: str) -> bytes | None:
    text = text_of(path)
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _shown(path: str, content: bytes | None) -> str:
    """All that a reader has to judge; the program is this collection's own, and no text."""
    if content is None or path != PATH:
        return (content or b"").decode("utf-8", "surrogateescape")
    return f"a program of mailops.ses, sha256 {hashlib.sha256(content).hexdigest()}\n"


def result(metrics: Metrics) -> list[dict[str, Any]]:
    """The files, as a module returns them."""
    return [{"path": path, "changed": path in metrics.due} for path in metrics.after]
