# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened: a record for each session, and counters."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TextIO

END_OF_DATA = "."
SECRET = "(credential)"


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


class Session:
    """One connection, as a dictionary ready for JSON."""

    def __init__(self, number: int, port: int, region: str, peer: str, local: str) -> None:
        self.data: dict[str, Any] = {
            "session": number,
            "port": port,
            "region": region,
            "peer": peer,
            "local": local,
            "opened": now(),
            "closed": None,
            "tls": None,
            "cipher": None,
            "sni": None,
            "tls_error": None,
            "client_name": None,
            "user": None,
            "auth_mechanism": None,
            "auth_in_clear": False,
            "banner": None,
            "commands": [],
            "messages": [],
            "end": None,
        }

    def command(self, line: str) -> None:
        self.data["commands"].append([line, ""])

    def reply(self, text: str) -> None:
        commands = self.data["commands"]
        if not commands:
            self.data["banner"] = text
        elif commands[-1][1]:
            commands[-1][1] += "\n" + text
        else:
            commands[-1][1] = text


class Book:
    """All sessions since the start or the last reset."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("a", encoding="utf-8", buffering=1)
        self._number = 0
        self._sessions: dict[int, Session] = {}
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self.open = 0
        self.reset()

    def reset(self) -> None:
        """Forget what is over; a session that is open stays."""
        self._sessions = {n: s for n, s in self._sessions.items() if s.data["closed"] is None}
        self._forgotten = self._number
        self.total = self.closed = self.messages = self.too_many = 0
        self.max_open = self.open
        self._ports: Counter[int] = Counter()

    def begin(self, port: int, region: str, peer: str, local: str) -> Session:
        self._number += 1
        session = self._sessions[self._number] = Session(self._number, port, region, peer, local)
        self.total += 1
        self.open += 1
        self.max_open = max(self.max_open, self.open)
        self._ports[port] += 1
        self.changed()
        return session

    def end(self, session: Session) -> None:
        session.data["closed"] = now()
        self.open -= 1
        # One from before a reset does not count.
        self.closed += session.data["session"] > self._forgotten
        self._file.write(json.dumps(session.data) + "\n")
        self.changed()

    def changed(self) -> None:
        for entry in [entry for entry in self._waiting if entry[0]()]:
            self._waiting.remove(entry)
            if not entry[1].done():
                entry[1].set_result(None)

    async def wait(self, timeout: float, **bounds: int) -> bool:
        """Until at most so many sessions are open, and the other counters have reached these values."""

        def reached() -> bool:
            most = bounds.get("open", self.open)
            return self.open <= most and all(getattr(self, n) >= least for n, least in bounds.items() if n != "open")

        if reached():
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((reached, future))
        done, _pending = await asyncio.wait([future], timeout=timeout)
        self._waiting = [entry for entry in self._waiting if entry[1] is not future]
        return bool(done)

    def sessions(self, since: int = 0) -> list[dict[str, Any]]:
        return [session.data for number, session in self._sessions.items() if number > since]

    def counters(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "open": self.open,
            "closed": self.closed,
            "max_open": self.max_open,
            "messages": self.messages,
            "too_many": self.too_many,
            "ports": {str(port): count for port, count in sorted(self._ports.items())},
        }

    def close(self) -> None:
        self._file.close()
