# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd unit of an MTA: enabled, running, and brought to a new configuration, or a sentence that says why not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

# (arguments) -> (return code, standard output, standard error)
Runner = Callable[[Sequence[str]], "tuple[int, str, str]"]
# What `systemctl is-enabled` says of a unit that comes up by itself after a reboot.
ENABLED = {"enabled", "enabled-runtime", "static", "generated", "indirect", "alias", "linked"}
# What `systemctl show` says of a unit that is on its way to another state.
ON_ITS_WAY = {"activating", "deactivating", "reloading"}
LINES = 5  # of the journal, in a failure


class UnitError(Exception):
    """A message for the user."""


@dataclass(frozen=True)
class Unit:
    """A unit, and the commands that act on it. Offline (an image, a chroot) nothing is started."""

    name: str
    run: Runner
    offline: bool = False
    # Where the unit knows no reload of its own.
    reload_command: tuple[str, ...] = ()

    def active(self) -> bool:
        """Whether the unit runs."""
        return not self.offline and self.run(["systemctl", "is-active", "--quiet", self.name])[0] == 0

    def enabled(self) -> bool:
        """Whether the unit starts after a reboot."""
        return self.run(["systemctl", "is-enabled", self.name])[1].strip() in ENABLED

    def due(self, action: str) -> list[str]:
        """The verbs of systemctl that bring the unit to a configuration for which ACTION (none, reload, restart) is
        due."""
        verbs = [] if self.enabled() else ["enable"]
        if self.offline:
            return verbs
        if action == "restart" or (action != "none" and not self.active()):
            return [*verbs, "restart"]
        if action == "reload":
            return [*verbs, "reload"]
        return verbs if self.active() else [*verbs, "start"]

    def carry_out(self, verbs: Sequence[str]) -> None:
        """Run these verbs of systemctl in order; UnitError where one fails, or where the unit does not run in the
        end."""
        for verb in verbs:
            if verb in ("start", "restart"):
                # Of a unit that failed too often in a short time it would be refused.
                self.run(["systemctl", "reset-failed", self.name])
            command = ["systemctl", verb, self.name]
            if verb == "reload" and self.reload_command:
                command = list(self.reload_command)
            status, _out, err = self.run(command)
            if status:
                raise UnitError(f"{' '.join(command)} failed: {err.strip() or self._journal()}")
        if not self.offline and not self.active():
            raise UnitError(f"{self.name} does not run: {self._journal()}")

    def settle(self, seconds: float) -> bool:
        """Wait while the unit starts, stops or loads its files, as after a run that was killed, and for some SECONDS at
        most. Whether it has settled."""
        asked = ["systemctl", "show", "--property", "ActiveState", self.name]
        end = time.monotonic() + seconds
        while not self.offline and self.run(asked)[1].strip().partition("=")[2] in ON_ITS_WAY:
            if time.monotonic() > end:
                return False
            time.sleep(0.1)  # the interval of a bounded poll
        return True

    def stop(self) -> None:
        """Have it down, and wait for it; UnitError where that fails."""
        status, _out, err = (0, "", "") if self.offline else self.run(["systemctl", "stop", self.name])
        if status:
            raise UnitError(f"systemctl stop {self.name} failed: {err.strip() or self._journal()}")

    def outdated(self) -> bool:
        """Whether its files have changed since systemd read them."""
        asked = ["systemctl", "show", "--property", "NeedDaemonReload", self.name]
        return not self.offline and self.run(asked)[1].strip() == "NeedDaemonReload=yes"

    def daemon_reload(self) -> None:
        """Have systemd read the files of all units; UnitError where that fails."""
        status, _out, err = (0, "", "") if self.offline else self.run(["systemctl", "daemon-reload"])
        if status:
            raise UnitError(f"systemctl daemon-reload failed: {err.strip()}")

    @contextmanager
    def kept(self, loads: bool = True) -> Iterator[None]:
        """Where something fails inside, bring the unit back to what it was: running or stopped, enabled or not. It runs
        with the files that are there when the failure comes out; one that LOADS none goes on if it still runs."""
        active, enabled = self.active(), self.enabled()
        try:
            yield
        except Exception as error:
            if not self.offline and (loads or active != self.active()):
                # What failed may have left it running with files that are gone.
                self.run(["systemctl", "reset-failed", self.name])
                self.run(["systemctl", "restart" if active else "stop", self.name])
            if not enabled and self.enabled():
                self.run(["systemctl", "disable", self.name])
            if active and not self.active():
                error.args = (f"{error}. {self.name} ran before and does not run any more: {self._journal()}",)
            raise

    def _journal(self) -> str:
        _status, out, _err = self.run(
            ["journalctl", "--unit", self.name, "--lines", str(LINES), "--output", "cat", "--quiet"]
        )
        return " / ".join(line.strip() for line in out.splitlines() if line.strip()) or "the journal says nothing of it"
