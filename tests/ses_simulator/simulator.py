# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator in a thread of this process, for tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from .engine import Engine, Options
from .model import Region
from .operations import Operations

T = TypeVar("T")


class Simulator(Operations):
    """A context manager; every operation of the control socket is a method."""

    def __init__(
        self,
        *,
        state_dir: str | Path,
        regions: Sequence[Region] = (Region("us-east-1"),),
        credentials: dict[str, Any] | None = None,
        host: str = "127.0.0.1",
        ports: str = "ephemeral",
        dns: str | None = None,
        upstream: Sequence[str] = (),
        names: dict[str, str] | None = None,
    ) -> None:
        self._options = Options(regions, Path(state_dir), credentials or {}, host, ports, dns, upstream, names or {})
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ses-simulator", daemon=True)
        self.ports: dict[int, int] = {}
        self.dns_port = 0

    @property
    def ca_file(self) -> str:
        return str(self._options.state_dir / "ca.pem")

    @property
    def socket(self) -> Path:
        return self._options.state_dir / "control.sock"

    def __enter__(self) -> Simulator:
        self._thread.start()
        try:
            self._engine = self._run(self._open())
        except BaseException:
            self._stop()
            raise
        self.ports = {door.port: door.real for door in self._engine.doors.doors}
        self.dns_port = self._engine.resolver.port if self._engine.resolver else 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._close())
        self._stop()

    def call(self, op: str, **values: Any) -> dict[str, Any]:
        return self._run(self._engine.call(op, values))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self) -> Engine:
        engine = Engine(self._options)
        await engine.open()
        return engine

    async def _close(self) -> None:
        await self._engine.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
