# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a rollout, in the directory of the reports: each is exchanged whole."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from ansible_collections.mailops.ses.plugins.plugin_utils._rollout import as_html, as_junit, state
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Rollout, StateError

STATE, REMAINING, LOCK, STOP = "rollout.json", "remaining.txt", "rollout.lock", "STOP"
_PRIVATE, _PUBLIC = 0o600, 0o666  # less what the user's umask takes


class Book:
    """A directory of reports."""

    def __init__(self, directory: str) -> None:
        self.directory = os.path.abspath(os.path.expanduser(directory))
        os.makedirs(self.directory, exist_ok=True)

    def path(self, name: str) -> str:
        """The path of one of the files."""
        return os.path.join(self.directory, name)

    def read(self) -> Rollout | None:
        """The rollout as it was written, None where there is none; StateError where the file is none."""
        try:
            with open(self.path(STATE), encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise StateError(f"{self.path(STATE)} is no text: remove it.") from error
        return state.read(text, self.path(STATE))

    def write(self, rollout: Rollout, clock: Callable[[], float] = time.time) -> None:
        """Write the state, what remains of it, and the reports."""
        rollout.updated = clock()
        self._exchange(
            {
                STATE: state.render(rollout),
                REMAINING: "".join(f"{name}\n" for name in rollout.remaining()),
                "rollout.xml": as_junit.render(rollout),
                "rollout.html": as_html.render(rollout),
            }
        )

    def stops(self) -> bool:
        """Whether somebody left the file that stops a rollout."""
        return os.path.exists(self.path(STOP))

    def _exchange(self, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            staged = f"{self.path(name)}.{os.getpid()}"
            try:
                mode = _PRIVATE if name == STATE else _PUBLIC
                with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(staged, self.path(name))
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(staged)
