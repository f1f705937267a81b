# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: python -m ses_simulator"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from .dns import system_resolvers
from .engine import Engine, Options
from .model import Region, SimulatorError

READY = "ready"


def region(text: str) -> Region:
    name, _, addresses = text.partition("=")
    return Region(name, [address for address in addresses.split(",") if address])


def name_and_address(text: str) -> tuple[str, str]:
    name, equals, target = text.partition("=")
    if not (name and equals and target):
        raise argparse.ArgumentTypeError(f"{text} must be NAME=ADDRESS,... or NAME=NAME")
    return name, target


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m ses_simulator", description="An Amazon SES SMTP endpoint for tests.")
    made.add_argument("--state-dir", type=Path, required=True, help="certificates, records and the control socket")
    made.add_argument(
        "--host", default="0.0.0.0", help="where to listen; all of IPv4 are all of IPv6 too (%(default)s)"
    )
    made.add_argument(
        "--region", type=region, action="append", metavar="NAME[=ADDRESS,...]", help="repeatable (us-east-1)"
    )
    made.add_argument(
        "--credential-file",
        type=Path,
        help='JSON: {user: password}, or {"password": ..., "regions": [...]}, or {"secret_access_key": ...}',
    )
    made.add_argument("--dns", default="0.0.0.0:53", metavar="ADDRESS:PORT", help="where to answer DNS (%(default)s)")
    made.add_argument("--no-dns", action="store_const", const=None, dest="dns", help="do not answer DNS")
    made.add_argument(
        "--upstream", action="append", metavar="ADDRESS[:PORT]", help="who knows other names (those in resolv.conf)"
    )
    made.add_argument(
        "--name", type=name_and_address, action="append", default=[], metavar="NAME=ADDRESS,...", help="a further name"
    )
    made.add_argument("--ports", choices=("real", "ephemeral"), default="real")
    return made


async def serve(options: Options) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    engine = Engine(options)
    await engine.open()
    ports = {str(door.port): door.real for door in engine.doors.doors}
    ready = options.state_dir / READY
    ready.write_text(json.dumps({"ports": ports, "dns": engine.resolver.port if engine.resolver else None}) + "\n")
    print(READY, json.dumps(ports), flush=True)
    try:
        await stop.wait()
    finally:
        ready.unlink(missing_ok=True)
        await engine.close()


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    (given.state_dir / READY).unlink(missing_ok=True)
    try:
        credentials = json.loads(given.credential_file.read_text()) if given.credential_file else {}
        options = Options(
            regions=given.region or [Region("us-east-1")],
            state_dir=given.state_dir,
            credentials=credentials,
            host=given.host,
            ports=given.ports,
            dns=given.dns,
            upstream=system_resolvers() if given.upstream is None else given.upstream,
            names=dict(given.name),
        )
        asyncio.run(serve(options))
    except (OSError, SimulatorError, ValueError) as error:
        print(f"ses_simulator: {error}", file=sys.stderr)
        return 1
    return 0
