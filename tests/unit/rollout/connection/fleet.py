# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to a host that is a file: it has an old or a new configuration, may be dead, and may fail each step."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = r"""
name: fleet
short_description: Answer the modules of a rollout as a host would that a file describes
description: What a rollout does with the hosts of a fleet is all that is tested.
author: mailops maintainers (@mailops)
options:
  host:
    description: The host.
    type: str
    vars:
      - name: inventory_hostname
  folder:
    description: The directory with a file for each host, HOST.json.
    type: path
    required: true
    vars:
      - name: fleet_folder
"""

# What Ansible sends has the module's full name in its head, and its arguments, in all versions.
MODULE = re.compile(rb"\bplugins[./]modules[./](\w+)")
STEP = re.compile(rb"step\W+(change|look|back)\b")
USER = re.compile(rb"\bses_smtp_username\W+(\w+)")
VERIFY = re.compile(rb"\bverify\W+true", re.IGNORECASE)
NAMED = re.compile(rb"\bfingerprint\W+(\w+)")
PROVEN = re.compile(rb"\bproven\W+true", re.IGNORECASE)
CHECK = re.compile(rb"_ansible_check_mode\W+true", re.IGNORECASE)
DOWN = {"id": "connection_refused", "cause": "Nobody takes connections there.", "remedy": "Wait.", "source": ""}
WRONG = {"id": "credentials_invalid", "cause": "The password is wrong.", "remedy": "Correct it.", "source": ""}


class Connection(ConnectionBase):  # type: ignore[misc]  # ansible-core has no types
    """Takes a module by standard input (pipelining), and no file."""

    transport = "fleet"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """The answer of the module that IN_DATA is."""
        found = MODULE.search(in_data or b"")
        if not found:
            raise AnsibleConnectionFailure(f"such a host runs the collection's modules alone, not {cmd!r}")
        file = Path(self.get_option("folder"), f"{self.get_option('host')}.json")
        host = json.loads(file.read_text())
        asked = STEP.search(in_data)
        step = asked[1].decode() if asked else "change"
        named = NAMED.search(in_data)
        host["asked"] = {"named": named[1].decode() if named else "", "proven": bool(PROVEN.search(in_data))}
        if found[1] == b"mail_probe" or CHECK.search(in_data):
            step = "probe" if found[1] == b"mail_probe" else "plan"
        host["steps"].append(step)
        user = USER.search(in_data)
        if user:
            host["sent"].append({"user": user[1].decode(), "verify": bool(VERIFY.search(in_data))})
        try:
            answer = getattr(self, f"_{step}")(host, (file.parent / "down").exists())
        except MemoryError:
            return 1, b"", b"Traceback (most recent call last):\nMemoryError"
        finally:
            whole = file.with_suffix(f".{os.getpid()}")  # a test kills runs: a host is what it was, or what it is
            whole.write_text(json.dumps(host))
            whole.replace(file)
        return 0, json.dumps({"changed": False, **answer}).encode(), b""

    def _plan(self, host: dict[str, Any], down: bool) -> dict[str, Any]:
        self._dies(host, "plan")
        known = {"mta": host["mta"], "system": "Debian 13", "fingerprint": host["fingerprint"], "sends": True}
        if host.get("fails") == "plan":
            return {**known, "failed": True, "msg": "ses_region is wrong."}
        proven = {"stamped": host["stamped"], "proven": host["proven"], "logged_in": True}
        return {**known, **proven, "next": "nothing", "due": host["has"] == "old"}

    def _change(self, host: dict[str, Any], down: bool) -> dict[str, Any]:
        self._dies(host, "change")
        if host.get("fails") == "kept":
            return {"failed": True, "msg": "The host keeps what it had.", "causes": [WRONG]}
        was = host["has"]
        host.update(has="new", stamped=True, proven=False)
        self._dies(host, "changed")
        self._crashes(host, "change")
        (Path(self.get_option("folder")) / "changed").open("a").write(f"{self.get_option('host')}\n")
        known = {"mta": host["mta"], "touched": True, "next": "nothing", "changed": was == "old", "queue": {}}
        known["fingerprint"] = host["fingerprint"]
        if down or host.get("fails") in ("mail", "broken", "lost"):
            return {**known, "failed": True, "msg": "The mail waits.", "causes": [DOWN if down else WRONG]}
        host["proven"] = True
        return {**known, "probe": {"delivered": True, "message_id": "1-2-3"}}

    def _look(self, host: dict[str, Any], down: bool) -> dict[str, Any]:
        self._dies(host, "look")
        waits = [{**WRONG, "count": 3}] if host.get("fails") == "look" else []
        return {"queue": {"messages": 3 * len(waits), "states": {}, "causes": waits}}

    def _back(self, host: dict[str, Any], down: bool) -> dict[str, Any]:
        self._dies(host, "back")
        self._crashes(host, "back")
        if host.get("fails") == "broken":
            return {"failed": True, "state": "broken", "msg": "It is not as it was."}
        own = host["stamped"] and host["asked"]["named"] == host["fingerprint"]
        if not own or (host["proven"] and not host["asked"]["proven"]):
            return {"state": "rolled_back", "msg": "It has what it had: nothing was changed."}
        host.update(has="old", stamped=False, proven=False)
        return {"state": "rolled_back", "msg": "It has again what it had.", "changed": True}

    def _probe(self, host: dict[str, Any], down: bool) -> dict[str, Any]:
        self._dies(host, "probe")
        return {"delivered": not down, "state": "waits", "diagnosis": [DOWN] if down else []}

    @staticmethod
    def _dies(host: dict[str, Any], step: str) -> None:
        """AnsibleConnectionFailure on a host that is dead, and from this step on on one that dies at it."""
        if host.get("dies") == step:
            host["dead"] = True
        if host.get("dead"):
            raise AnsibleConnectionFailure("No route to host")

    @staticmethod
    def _crashes(host: dict[str, Any], step: str) -> None:
        """MemoryError on a host whose module ends by an exception at this step."""
        if host.get("crashes") == step:
            raise MemoryError

    def put_file(self, in_path: str, out_path: str) -> None:
        """With pipelining no module needs it."""
        raise AnsibleConnectionFailure(f"such a host takes no file: {out_path}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """No module needs it."""
        raise AnsibleConnectionFailure(f"such a host has no file: {in_path}")

    def close(self) -> None:
        """Nothing is open."""
        self._connected = False
