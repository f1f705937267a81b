# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to a host that is not there: each execution of a module is answered at once, by a result from a file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = r"""
name: canned
short_description: Answer each execution of a module at once
description: The controller's work is all that is left to measure.
author: mailops maintainers (@mailops)
options:
  results:
    description: The directory with a result for each module, MODULE.json.
    type: path
    required: true
    vars:
      - name: bench_results
  container:
    description: A container that answers instead, and whose answers the results become.
    type: str
    vars:
      - name: bench_container
"""

# What Ansible sends has the module's full name in its head, in all versions.
MODULE = re.compile(rb"\bplugins[./]modules[./](\w+)")


class Connection(ConnectionBase):  # type: ignore[misc]  # ansible-core has no types
    """Takes a module by standard input (pipelining), and no file."""

    transport = "canned"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """The result of the module that IN_DATA is; AnsibleConnectionFailure where none is known."""
        found = MODULE.search(in_data or b"")
        if not found:
            raise AnsibleConnectionFailure(f"a canned host runs the collection's modules alone, not {cmd!r}")
        file = Path(self.get_option("results"), f"{found[1].decode()}.json")
        container = self.get_option("container")
        if container:
            command = ["podman", "exec", "--interactive", container, "sh", "-c", cmd]
            done = subprocess.run(command, input=in_data, capture_output=True, check=False)
            file.write_bytes(done.stdout)
            return done.returncode, done.stdout, done.stderr
        if not file.is_file():
            raise AnsibleConnectionFailure(f"{file} is not there; `python -m bench fleet --record` makes it")
        return 0, file.read_bytes(), b""

    def put_file(self, in_path: str, out_path: str) -> None:
        """With pipelining no module needs it."""
        raise AnsibleConnectionFailure(f"a canned host takes no file: {out_path}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """No module needs it."""
        raise AnsibleConnectionFailure(f"a canned host has no file: {in_path}")

    def close(self) -> None:
        """Nothing is open."""
        self._connected = False
