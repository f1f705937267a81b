# SPDX-License-Identifier: GPL-3.0-or-later
"""A managed host: its programs, and its files below a root."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import dropwhile

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import Runner

MISSING = 127  # what a shell answers for a program that is not installed


class HostError(Exception):
    """What a host refuses or lacks, in a sentence."""


@dataclass(frozen=True)
class Host:
    """RUN runs a program, in the C locale; ROOT stands before every path."""

    run: Runner
    root: str = ""

    def answer(self, command: list[str]) -> tuple[int, str, str]:
        """Return code, output and errors; MISSING for a program that cannot be run."""
        try:
            return self.run(command)
        except OSError as error:
            return MISSING, "", f"{command[0]}: {error.strerror}"

    def ok(self, *command: str) -> bool:
        """Whether a program ends with 0."""
        return self.answer([*command])[0] == 0

    def ask(self, command: list[str]) -> str:
        """What a program that has to work prints; HostError with its words where it does not."""
        code, output, errors = self.answer(command)
        if code:
            raise HostError(f"{' '.join(command)}: {words(errors or output) or f'it ends with {code}'}")
        return output

    def path(self, path: str) -> str:
        """Where an absolute path of the host lies."""
        return self.root + path


def words(text: str) -> str:
    """What a program said, on one line; of a Python traceback only what went wrong."""
    _before, traceback, frames = text.rpartition("Traceback (most recent call last):\n")
    if traceback:
        text = "\n".join(dropwhile(lambda line: line.startswith(" "), frames.splitlines()))
    return " ".join(text.split())
