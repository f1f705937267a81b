# SPDX-License-Identifier: GPL-3.0-or-later
"""One case on one host: the mails that it sends, and what became of them."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import tally
from .stage import Stage, say, until
from .table import Case, Row

LOGS = Path(".cache/faults")
AGAIN = 5.0  # seconds between two flushes
MERCY = 20.0  # seconds for what is late, which is then asked to leave


class Trial:
    """What a case does to a host, in its words."""

    def __init__(self, stage: Stage, case: Case) -> None:
        self.stage, self.case = stage, case
        self.control, self.mta = stage.control, stage.mta
        self.random = random.Random(case.name)  # a case that is played again does the same
        self.sent: set[str] = set()
        self.failures: list[str] = []
        self.half = self.leaked = self.late = 0
        self._settled = False
        stage.cases += 1
        self._batches = 0
        self._begun = time.monotonic()

    def _prefix(self) -> str:
        self._batches += 1
        return f"c{self.stage.cases}b{self._batches}"

    def send(self, count: int, way: str = "program", size: int = 6, wanted: bool = True) -> list[str]:
        """Hand mails over, one after the other; those that the MTA took. WANTED: that it takes all is expected."""
        found = self.stage.hand(self._prefix(), count, way, size=size)
        self.sent |= set(found["taken"])
        if wanted and found["refused"]:
            self.failures.append(f"{len(found['refused'])} of {count} mails were not taken")
        return list(found["taken"])

    @contextlib.contextmanager
    def stream(self, rate: float = 50.0) -> Iterator[None]:
        """Mails at this rate while the block runs."""
        with self.stage.stream(self._prefix(), rate) as process:
            yield
        self.sent |= set(json.loads(process.communicate(timeout=60)[0])["taken"])

    def fail(self, sentence: str) -> None:
        """Note what no column counts."""
        self.failures.append(sentence)

    def missing(self, sent: set[str] | None = None) -> set[str]:
        """The mails, of all or of these, that have neither arrived nor come back."""
        wanted = self.sent if sent is None else sent
        rest = wanted - set(tally.arrivals(self.control.sessions()))
        return rest - self.stage.bounced() if rest else rest

    def gone(self, sent: set[str] | None = None, seconds: float | None = None, flush: bool = False) -> bool:
        """Whether they have all left in time; FLUSH asks the queue for it now and then."""
        due = time.monotonic()

        def look() -> bool:
            nonlocal due
            if not self.missing(sent):
                return True
            if flush and time.monotonic() >= due:
                self.flush()
                due = time.monotonic() + AGAIN
            time.sleep(0.4)  # between two looks at all sessions
            return False

        return until(look, self.case.patience if seconds is None else seconds)

    def settle(self) -> None:
        """Wait for all mail, and count what is late; then what is late is asked to leave. Once a case."""
        if not self._settled:
            self._settled = True
            if not self.gone(flush=self.case.flush):
                self.late = len(self.missing())
                self.gone(seconds=MERCY, flush=True)
            if self.case.flush:
                self.emptied()

    def emptied(self) -> None:
        """Wait until the queue has none of the mails: one that the endpoint took may come again."""
        end = time.monotonic() + MERCY
        while self.stage.queued() & self.sent and time.monotonic() < end:
            self.flush()
            time.sleep(AGAIN)  # in which an attempt is made

    def flush(self) -> None:
        """Ask the queue for an attempt; an MTA that is down does none."""
        with contextlib.suppress(AssertionError):
            self.mta.flush()

    def deferred(self, count: int, seconds: float = 20) -> bool:
        """Whether so many mails wait for a reason."""
        return until(lambda: sum(bool(reason) for reason in self.mta.queue()) >= count, seconds)

    def unfit(self) -> None:
        """Count the sessions that met parts of two configurations."""
        self.half += tally.unfit(self.control.sessions())

    def keep_log(self) -> Path:
        """Keep what the host has logged since the case began, below the mails that arrived more than once."""
        twice = (token for token, count in tally.arrivals(self.control.sessions()).items() if count > 1)
        LOGS.mkdir(parents=True, exist_ok=True)
        path = LOGS / f"{self.mta.name}-{self.case.name.replace(' ', '-')}.log"
        path.write_text("".join(f"{token} arrived more than once\n" for token in twice) + self.stage.log())
        return path

    def tally(self) -> tally.Tally:
        """What became of all mails."""
        arrived = tally.arrivals(self.control.sessions())
        return tally.tally(
            self.sent,
            arrived,
            self.stage.bounced(),
            self.stage.queued(),
            late=self.late,
            half=self.half,
            leaked=self.leaked,
            seconds=time.monotonic() - self._begun,
            failures=tuple(self.failures),
        )


def play(stage: Stage, case: Case) -> Row:
    """Play a case, and leave the host as it was."""
    stage.clean()
    trial = Trial(stage, case)
    try:
        case.play(trial)
        trial.settle()
    except Exception as error:  # a case that breaks down is a row that does not hold, and the others go on
        trial.fail(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
    row = Row(case, stage.mta.name, trial.tally())
    if row.excess:
        with contextlib.suppress(OSError):  # a disk that takes no log ends no other case
            say(f"what the host logged is in {trial.keep_log()}")
    stage.recover()
    say(" ".join(row.cells()) + "".join(f"\n  {sentence}" for sentence in row.excess))
    return row


def details(row: Row) -> dict[str, Any]:
    """The row as data."""
    return {"case": row.case.name, "mta": row.mta, "found": vars(row.found)}
