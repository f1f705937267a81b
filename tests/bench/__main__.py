# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the figures that the collection promises: python -m bench [FIGURE ...], all unless some are named."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from testbed import engine, layout

from . import burst, check, firstrun, fleet, rerun, rollout, throughput
from .figures import Figure, table
from .stage import HOST, Stage

MESSAGES = 2000
EPILOG = "BENCH_PEER=DIRECTORY: a checkout of linux-system-roles/postfix, measured by rerun in place of a stand-in."
Measure = Callable[[Stage], list[Figure]]


def parse(arguments: list[str], names: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench", description="Measure the figures that the collection promises.", epilog=EPILOG
    )
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"{', '.join(names)} (default: all)")
    parser.add_argument(
        "--messages",
        type=int,
        default=MESSAGES,
        help="the queue's length (default: %(default)s, for which the bounds hold)",
    )
    parser.add_argument(
        "--hosts",
        type=int,
        default=fleet.LARGE,
        help=f"the largest fleet, up to {fleet.SIZES[-1]} (default: %(default)s)",
    )
    parser.add_argument("--record", action="store_true", help="take the results of canned hosts anew before fleet")
    parser.add_argument("--layout", type=Path, help="another testbed.toml, to stay out of the way of other runs")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.figures) - set(names))
    if unknown:
        parser.error(f"no figure {', '.join(unknown)}: there are {', '.join(names)}")
    if options.messages < 1:
        parser.error("--messages: at least 1")
    if not fleet.BASE <= options.hosts <= fleet.SIZES[-1]:
        parser.error(f"--hosts: {fleet.BASE} to {fleet.SIZES[-1]}")
    return options


def main(arguments: list[str]) -> int:
    """Measure, print the table, and leave nothing behind."""
    measures: dict[str, Measure] = {
        "rerun": rerun.measure,
        "firstrun": firstrun.measure,
        "throughput": lambda stage: throughput.measure(stage, options.messages),
        "burst": burst.measure,
        "check": check.measure,
        "fleet": lambda stage: fleet.measure(stage, options.hosts, options.record),
        "rollout": rollout.measure,
    }
    options = parse(arguments, list(measures))
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    testbed = layout.Layout.load(options.layout) if options.layout else layout.Layout.load()
    figures: list[Figure] = []
    try:
        engine.up(testbed, [HOST])
        with tempfile.TemporaryDirectory(prefix="ses-bench-") as folder:
            stage = Stage(testbed, Path(folder))
            for name in options.figures or measures:
                figures += measures[name](stage)
    except engine.EngineError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        engine.down(testbed)
    print(table(figures))
    return int(any(figure.reached is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
