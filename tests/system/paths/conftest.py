# SPDX-License-Identifier: GPL-3.0-or-later
"""A path with a middle: client - near router - narrow link - far router - server, each in a network namespace."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Callable

import pytest
from ses_simulator import Control

CHECK = Path(__file__).resolve().parents[1] / "check_once.py"
ENDPOINT = "email-smtp.us-east-1.amazonaws.com"
PREFIX = "ses-path"  # with the process's number, so that runs beside each other do not meet
NUMBERS = itertools.count()
PLACES = ("client", "near", "far", "server")
# (place, interface, addresses), pairs that are linked stand together.
LINKS = (
    (("client", "uplink", "10.77.1.2/24", "fd77:1::2/64"), ("near", "downlink", "10.77.1.1/24", "fd77:1::1/64")),
    (("near", "middle", "10.77.2.1/24", "fd77:2::1/64"), ("far", "middle", "10.77.2.2/24", "fd77:2::2/64")),
    (("far", "downlink", "10.77.3.1/24", "fd77:3::1/64"), ("server", "uplink", "10.77.3.2/24", "fd77:3::2/64")),
)
ROUTES = (
    ("client", "10.77.1.1", "fd77:1::1"),
    ("near", "10.77.2.2", "fd77:2::2"),
    ("far", "10.77.2.1", "fd77:2::1"),
    ("server", "10.77.3.1", "fd77:3::1"),
)
SERVERS = {4: "10.77.3.2", 6: "fd77:3::2"}
# The router that would tell an end by ICMP that a packet is too large for the narrow link.
TELLER = {"client": "near", "server": "far"}
MUTE = """
table inet mute {
  chain out {
    type filter hook output priority 0
    icmp type destination-unreachable drop
    icmpv6 type packet-too-big drop
  }
}
"""


class Way:
    """The way, its shape, and the check that is run over it."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.prefix = f"{PREFIX}{os.getpid()}-{next(NUMBERS)}"
        self.control = Control(str(work / "state" / "control.sock"))
        self._cleanup = ExitStack()
        self._earlier = 0

    def name(self, place: str) -> str:
        return f"{self.prefix}-{place}"

    def ip(self, *arguments: str) -> None:
        _run(["ip", *arguments])

    def popen(self, place: str, *command: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(["ip", "netns", "exec", self.name(place), *command], text=True, **options)

    def open(self) -> None:
        _sweep()
        for place in PLACES:
            self.ip("netns", "add", self.name(place))
            self._cleanup.callback(self.ip, "netns", "delete", self.name(place))
            self.ip("-n", self.name(place), "link", "set", "lo", "up")
        for (place, end, *addresses), (other, other_end, *other_addresses) in LINKS:
            peer = ("peer", "name", other_end, "netns", self.name(other))
            self.ip("-n", self.name(place), "link", "add", end, "type", "veth", *peer)
            for where, interface, given in ((place, end, addresses), (other, other_end, other_addresses)):
                for address in given:
                    self.ip("-n", self.name(where), "address", "add", address, "dev", interface, *_no_dad(address))
                self.ip("-n", self.name(where), "link", "set", interface, "up")
        for place, *gateways in ROUTES:
            for gateway in gateways:
                self.ip("-n", self.name(place), "route", "add", "default", "via", gateway)
        for place in ("near", "far"):
            for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                self.run(place, "tee", f"/proc/sys/net/{setting}", text="1")
        self._serve()

    def close(self) -> None:
        self._cleanup.close()

    def run(self, place: str, *command: str, text: str = "") -> str:
        return _run(["ip", "netns", "exec", self.name(place), *command], text)

    def shape(
        self,
        ends: int = 1500,
        middle: int = 0,
        *,
        up: int = 0,
        down: int = 0,
        untold: tuple[str, ...] = (),
        rules: str = "",
    ) -> None:
        """What the links carry, what the middle carries (to the server, from it), which end is not told of that."""
        for (place, end, *_), (other, other_end, *_) in LINKS:
            self.ip("-n", self.name(place), "link", "set", end, "mtu", str(ends))
            self.ip("-n", self.name(other), "link", "set", other_end, "mtu", str(ends))
        for (place, *gateways), size in zip(ROUTES[1:3], (up or middle or ends, down or middle or ends)):
            for gateway in gateways:  # a route's size is a narrow link in one direction
                self.ip("-n", self.name(place), "route", "replace", "default", "via", gateway, "mtu", str(size))
        for place in ("client", "server"):  # what an earlier test taught
            for family in ("-4", "-6"):
                self.ip(family, "-n", self.name(place), "route", "flush", "cache")
            self.ip("-n", self.name(place), "tcp_metrics", "flush")
        for place in ("near", "far"):
            self.run(place, "nft", "flush", "ruleset")
        for place in untold:
            self.run(TELLER[place], "nft", "-f", "-", text=MUTE)
        self.rule(rules)
        self.control.reset()
        self._earlier = max([0, *(session["session"] for session in self.control.sessions())])

    def rule(self, rules: str) -> None:
        """Adds rules to the near router."""
        self.run("near", "nft", "-f", "-", text=rules)

    def until_tls(self) -> None:
        """Until a handshake may begin."""
        self._poll(lambda: any("STARTTLS" in str(session["commands"]) for session in self.sessions()))

    def sessions(self) -> list[dict[str, Any]]:
        """Those of this test; what it left behind, the server may still hold in the next."""
        return self.control.sessions(since=self._earlier)

    def begin(self, driver: Path = CHECK, family: int = 4, **options: Any) -> subprocess.Popen[str]:
        """A check over the path, begun."""
        (self.work / "hosts").write_text(f"{SERVERS[family]} {ENDPOINT}\n")
        given = {"region": "us-east-1", "ca_file": str(self.work / "state" / "ca.pem"), "timeout": 9.0, **options}
        script = f'mount --bind {self.work}/hosts /etc/hosts; exec {sys.executable} {driver} "$0"'
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return self.popen("client", "sh", "-euc", script, json.dumps(given), **pipes)

    def end(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        report: dict[str, Any] = json.loads(out)
        return report

    @contextmanager
    def teacher(self) -> Iterator[None]:
        """As the block ends, another program has sent a large packet, of which the near router tells the client that it
        was too large. The program has started before, since that takes a while."""
        send = f"""
import contextlib, socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER: do not fragment
print("ready", flush=True)
input()
with contextlib.suppress(OSError):  # the router's answer may come while it is still sent
    sock.sendto(bytes(1450), ("{SERVERS[4]}", 9))
"""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with self.popen("client", sys.executable, "-c", send, **pipes) as program:
            assert program.stdout
            assert program.stdout.readline()
            try:
                yield
            finally:
                program.communicate("now\n", timeout=60)
        assert program.returncode == 0

    def check(self, **options: Any) -> dict[str, Any]:
        return self.end(self.begin(**options))

    def _serve(self) -> None:
        state = self.work / "state"
        state.mkdir()
        region = f"us-east-1={SERVERS[4]},{SERVERS[6]}"
        listen = ["--host", SERVERS[4], "--region", region, "--no-dns"]
        command = [sys.executable, "-m", "ses_simulator", "--state-dir", str(state), *listen]
        simulator = self.popen("server", *command, stdout=subprocess.DEVNULL)
        self._cleanup.callback(simulator.wait, 60)
        self._cleanup.callback(simulator.terminate)
        self._poll((state / "ready").exists)

    def _poll(self, reached: Callable[[], bool]) -> None:
        ends = time.monotonic() + 60
        while not reached():
            assert time.monotonic() < ends
            time.sleep(0.02)  # the interval of a bounded poll


def _run(command: list[str], text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def _sweep() -> None:
    """What a run that was killed has left."""
    for name in _run(["ip", "netns", "list"]).split():
        left = re.fullmatch(rf"{PREFIX}(\d+)-[-\w]+", name)
        if left and not Path("/proc", left.group(1)).exists():
            _run(["ip", "netns", "delete", name])


def _no_dad(address: str) -> tuple[str, ...]:
    return ("nodad",) if ":" in address else ()


@contextmanager
def _opened(work: Path) -> Iterator[Way]:
    made = Way(work)
    try:
        made.open()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    with _opened(tmp_path_factory.mktemp("path")) as made:
        yield made


@pytest.fixture
def unused_path(tmp_path: Path) -> Iterator[Way]:
    """Without connections of earlier tests, whose retransmissions would teach the server."""
    with _opened(tmp_path) as made:
        yield made
