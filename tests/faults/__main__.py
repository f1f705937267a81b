# SPDX-License-Identifier: GPL-3.0-or-later
"""Play faults on both MTAs, side by side, and print what became of the mail: python -m faults [--case WORD] [--mta MTA]

Each MTA has a host and an endpoint of its own, on a testbed that is removed at the end."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from testbed import engine, layout

from .cases import CASES
from .stage import HOSTS, Stage, say
from .table import MTAS, Case, Row, markdown, plain
from .tally import Tally
from .trial import details, play

MEASURED = Path(__file__).with_name("measured.md")  # of a whole run


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="faults", description="Play faults on hosts that send mail.")
    parser.add_argument("--case", default="", help="play those cases alone whose name has this")
    parser.add_argument("--mta", default="", choices=["", *MTAS], help="on this MTA alone")
    parser.add_argument("--quick", action="store_true", help="those that `make test` plays")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # one MTA, on the testbed that is given
    options = parser.parse_args(arguments)
    options.cases = [case for case in CASES if options.case in case.name and (case.quick or not options.quick)]
    if not options.cases:
        parser.error(f"no case has {options.case!r} in its name: there are {', '.join(case.name for case in CASES)}")
    return options


def here(mta: str, cases: list[Case]) -> None:
    """Play them on one MTA; each row is a line of JSON."""
    testbed = layout.Layout.load()
    engine.up(testbed, [HOSTS[mta]])
    with tempfile.TemporaryDirectory(prefix="ses-faults-") as folder:
        stage = Stage(testbed, mta, Path(folder))
        stage.set_up()
        print(json.dumps({"version": stage.version()}), flush=True)
        for case in cases:
            print(json.dumps(details(play(stage, case))), flush=True)


def side_by_side(mtas: list[str], arguments: list[str]) -> tuple[list[str], bool]:
    """What each MTA's process prints, and whether all have ended well; a testbed's number that was given is the first
    one's."""
    me = [sys.executable, "-m"]
    running = []
    environment = dict(os.environ)
    try:
        for mta in mtas:
            command = [*me, "testbed", "own", *me, "faults", "--here", *arguments, "--mta", mta]
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
            environment.pop("TESTBED", None)
        lines = [line for process in running for line in process.communicate()[0].splitlines()]
        return lines, not any(process.returncode for process in running)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def rows(lines: list[str]) -> list[Row]:
    """The rows of all MTAs, case by case."""
    known = {case.name: case for case in CASES}
    found = []
    for data in map(json.loads, lines):
        if "case" not in data:
            continue
        counts = {**data["found"], "failures": tuple(data["found"]["failures"])}
        found.append(Row(known[data["case"]], data["mta"], Tally(**counts)))
    order = list(known)
    return sorted(found, key=lambda row: (order.index(row.case.name), row.mta))


def versions(lines: list[str]) -> str:
    """What was measured, in words."""
    return " and ".join(data["version"] for data in map(json.loads, lines) if "version" in data)


def main(arguments: list[str]) -> int:
    """Play, print the table; 1 where a cell is not as promised, or a row is missing."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    if options.here:
        try:
            here(options.mta, options.cases)
        except engine.EngineError as error:
            say(str(error))
            return 1
        return 0
    mtas = [options.mta] if options.mta else list(MTAS)
    lines, complete = side_by_side(mtas, arguments)
    found = rows(lines)
    print(plain(found) if found else "faults: no case was played")
    if complete and options.cases == list(CASES) and len(mtas) == len(MTAS):
        today = datetime.now(timezone.utc).date().isoformat()
        MEASURED.write_text(f"Measured on {today}, with {versions(lines)}.\n\n{markdown(found)}\n")
        say(f"{MEASURED.name} is written: `make docs` brings it into docs/reliability.md")
    return int(not complete or any(row.excess for row in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
