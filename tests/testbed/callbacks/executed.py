# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes which tasks were executed on which host, and which files of variables were loaded there, a line each.

A task that was skipped is not noted. $EXECUTED names the file, to which many runs write.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: executed
type: aggregate
short_description: Notes executed tasks and loaded files
description: Notes executed tasks and loaded files in the file that $EXECUTED names.
requirements: [to be enabled]
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """The plugin."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "executed"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task succeeded; a loop's has its items done."""
        self._note(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self._note(result)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        """A file of tasks was included, whose task has no other result."""
        for host in included_file._hosts:
            self._write(host.get_name(), included_file._task.get_path())

    def _note(self, result: Any) -> None:
        host = getattr(result, "host", None) or result._host
        task = getattr(result, "task", None) or result._task
        found = getattr(result, "result", None) or result._result
        for path in (task.get_path(), *found.get("ansible_included_var_files", ())):
            self._write(host.get_name(), path)

    def _write(self, host: str, path: str) -> None:
        # One short write is whole, also where several runs write.
        with open(os.environ["EXECUTED"], "a", encoding="utf-8") as file:
            file.write(f"{host}\t{os.path.realpath(path.partition(':')[0])}:{path.partition(':')[2]}\n")
