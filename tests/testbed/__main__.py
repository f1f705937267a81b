# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and remove the testbed: python -m testbed up|renew|reboot HOST ... | down | images [SUITE ...] | own COMMAND"""

from __future__ import annotations

import argparse
import sys

from . import engine, number
from .layout import Layout


def main(arguments: list[str]) -> int:
    """Run one command; say in one line what a person can do when the engine refuses."""
    parser = argparse.ArgumentParser(prog="testbed", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="the simulator and these hosts, new; leftovers of a killed run are replaced")
    up.add_argument("hosts", nargs="*", metavar="HOST", help="names of testbed.toml's hosts (default: all)")
    renew = commands.add_parser("renew", help="these hosts, bare again, beside the running simulator")
    renew.add_argument("hosts", nargs="+", metavar="HOST")
    reboot = commands.add_parser("reboot", help="these hosts, booted again with the files that they have")
    reboot.add_argument("hosts", nargs="+", metavar="HOST")
    commands.add_parser("down", help="remove every container and network of the testbed, and nothing else")
    images = commands.add_parser("images", help="bootstrap what is missing (default: every suite)")
    images.add_argument("--pulled", action="store_true", help="those of an image registry instead")
    images.add_argument("suites", nargs="*", metavar="SUITE")
    own = commands.add_parser(
        "own", help="run COMMAND with a testbed of its own, TESTBED's or a free one, and remove it"
    )
    own.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND")
    options = parser.parse_args(arguments)
    try:
        if options.command == "own":
            return number.run(options.argv)
        layout = Layout.load()
        if options.command == "up":
            engine.up(layout, options.hosts or list(layout.hosts))
        elif options.command == "renew":
            engine.renew(layout, options.hosts)
        elif options.command == "reboot":
            engine.reboot(layout, options.hosts)
        elif options.command == "down":
            engine.down(layout)
        else:
            engine.images(layout, options.suites or list(layout.pulled if options.pulled else layout.suites))
    except (engine.EngineError, ValueError) as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
