# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: a JSON object a line in, one out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from .model import SimulatorError

SOCKET = "control.sock"
LONGEST_PATH = 100
LINE_LIMIT = 1 << 20


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name for a socket whose own path may be longer than the kernel allows."""
    if len(str(path)) <= LONGEST_PATH:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


class ControlServer:
    """Serves one operation a line."""

    def __init__(self, call: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]) -> None:
        self._call = call

    async def open(self, state_dir: Path) -> None:
        self._path = state_dir / SOCKET
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            with reachable(self._path) as name:
                self._server = await asyncio.start_unix_server(self._serve, name, limit=LINE_LIMIT)
        finally:
            os.umask(mask)

    def close(self) -> None:
        self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict) or not isinstance(request.get("op"), str):
                raise SimulatorError("a request is a JSON object with the name of an operation in op")
            return {"ok": True, **await self._call(request.pop("op"), request)}
        except SimulatorError as error:
            return {"ok": False, "error": str(error)}
        except json.JSONDecodeError as error:
            return {"ok": False, "error": f"that is no JSON: {error}"}
