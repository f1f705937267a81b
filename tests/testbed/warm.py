# SPDX-License-Identifier: GPL-3.0-or-later
"""`ansible-playbook` and `ansible` without the half second of CPU that each start takes: a process that has imported
them forks for each run. What runs is the program itself, with an environment, arguments and files of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

SERVER = Path(__file__).with_name("warm_server.py")

_mine = threading.local()  # runs of several threads go side by side


def run(command: Sequence[str], environment: Mapping[str, str], cwd: Any = None) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run` returns with its output as text; COMMAND is ansible-playbook or ansible."""
    servers = _mine.__dict__.setdefault("servers", {})
    key = tuple(sorted(environment.items()))
    if key not in servers:
        servers[key] = _start(environment)
    server, _process = servers[key]
    with ExitStack() as stack:
        asked, out, err = (stack.enter_context(tempfile.TemporaryFile("w+")) for _file in range(3))
        json.dump({"command": list(command), "cwd": str(cwd or os.getcwd())}, asked)
        asked.flush()
        socket.send_fds(server, [b"x"], [file.fileno() for file in (asked, out, err)])
        code = server.recv(16)
        assert code, "the process that runs Ansible has ended"
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
    return subprocess.CompletedProcess(list(command), int(code), *texts)


def _start(environment: Mapping[str, str]) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """A server, which ends when this end of its socket is closed, by whatever."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # -P: the names beside that file are not to stand for modules of Ansible's.
    command = [sys.executable, "-P", str(SERVER), str(theirs.fileno())]
    server = subprocess.Popen(command, env=dict(environment), pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    theirs.close()
    return ours, server
