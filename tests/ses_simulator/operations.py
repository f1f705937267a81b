# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations as methods, and the client that calls them by the control socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from .control import reachable
from .model import SimulatorError


class Operations:
    """A thin method for each operation."""

    def call(self, op: str, **values: Any) -> dict[str, Any]:
        raise NotImplementedError

    def ping(self) -> dict[str, Any]:
        return self.call("ping")

    def fault(self, **values: Any) -> int:
        return int(self.call("fault", **values)["id"])

    def clear(self, number: int | None = None) -> None:
        self.call("clear", id=number)

    def faults(self) -> list[dict[str, Any]]:
        return list(self.call("faults")["faults"])

    def sessions(self, since: int = 0) -> list[dict[str, Any]]:
        return list(self.call("sessions", since=since)["sessions"])

    def messages(self, since: int = 0) -> list[dict[str, Any]]:
        return [message for session in self.sessions(since) for message in session["messages"]]

    def counters(self) -> dict[str, Any]:
        return dict(self.call("counters")["counters"])

    def wait(self, timeout: float = 10.0, **least: int) -> bool:
        """Until so many sessions are closed, messages or connections (total) have come, or at most so many are open."""
        return bool(self.call("wait", timeout=timeout, **least)["reached"])

    def latency(self, seconds: float) -> None:
        self.call("latency", seconds=seconds)

    def limits(self, **values: Any) -> dict[str, Any]:
        return dict(self.call("limits", **values)["limits"])

    def dns(self, **values: Any) -> dict[str, Any]:
        return dict(self.call("dns", **values)["dns"])

    def credentials(self, credentials: dict[str, Any]) -> None:
        self.call("credentials", credentials=credentials)

    def identities(self, verified: list[str] | None = None, sandbox: bool = False) -> dict[str, Any]:
        return dict(self.call("identities", verified=verified, sandbox=sandbox)["identities"])

    def reset(self) -> None:
        self.call("reset")


class Control(Operations):
    """A simulator in another process."""

    def __init__(self, path: str | Path, timeout: float = 60.0) -> None:
        self._path = Path(path)
        self._timeout = timeout

    def call(self, op: str, **values: Any) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(self._timeout)
            with reachable(self._path) as name:
                sock.connect(name)
            sock.sendall(json.dumps({"op": op, **values}).encode() + b"\n")
            with sock.makefile("rb") as file:
                line = file.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the simulator closed the connection"}
        if not answer.pop("ok", False):
            raise SimulatorError(answer["error"])
        return answer
