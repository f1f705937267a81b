# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs `ansible-playbook` and `ansible` for warm.py. Ansible reads its settings when it is imported: so a server is for
runs of one environment, its own."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

import ansible.executor.playbook_executor
import ansible.plugins.action.normal
import ansible.plugins.callback.default
import ansible.plugins.strategy.linear  # noqa: F401  # these four are what each run would import by itself
from ansible.cli.adhoc import AdHocCLI
from ansible.cli.playbook import PlaybookCLI

PROGRAMS: dict[str, Any] = {"ansible-playbook": PlaybookCLI, "ansible": AdHocCLI}
UNEXPECTED = 250  # with which Ansible ends where something unexpected has happened


def serve(connection: socket.socket) -> None:
    """Fork for each request."""
    while True:
        said, files, _flags, _address = socket.recv_fds(connection, 1, 3)
        if not said:
            return
        child = os.fork()
        if not child:
            connection.close()
            _run(*files)
        for file in files:
            os.close(file)
        connection.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _run(asked: int, out: int, err: int) -> None:
    """Run one program in this process, which ends with it."""
    code: Any = UNEXPECTED
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        with open(asked, encoding="utf-8") as file:
            file.seek(0)
            request = json.load(file)
        os.chdir(request["cwd"])
        sys.argv = request["command"]
        PROGRAMS[sys.argv[0]].cli_executor(sys.argv)
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
