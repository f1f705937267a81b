# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the outbound mail ports of this host open to the addresses of one endpoint alone: load | refresh | unload.

This is installed on the managed host as a program of its own, so it imports the standard library alone.
load enforces the last known addresses without asking DNS, refresh asks, unload opens the ports to everybody again.
"""
# pylint: disable=ansible-bad-function  # outside Ansible it runs, prints and ends by itself

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

CONFIG = "/etc/ses-egress.json"
STATE = "/var/lib/ses-egress/addresses.json"
BOOT = "/proc/sys/kernel/random/boot_id"
MODE = 0o644
TABLE, CHAIN = "ses_egress", "output"
# With 3 of 12 addresses an answer, one question finds a quarter of them, and ten find all.
QUESTIONS = 10
PATIENCE = 20.0  # seconds after which a slow DNS is not asked again
NFT_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# What systemd reads as the priority of a line.
WARNING, INFO = "<4>", "<6>"

Resolve = Callable[..., Sequence[Any]]
# The text of a transaction -> what nft objects to, empty when it is done.
Nft = Callable[[str], str]


class RefusalError(Exception):
    """Why the rules stay as they are."""


@dataclass(frozen=True)
class Config:
    """What the module has written."""

    endpoint: str
    ports: tuple[int, ...]
    grace_seconds: int

    def text(self) -> str:
        """The text of the file at CONFIG."""
        return json.dumps({**self.__dict__, "ports": list(self.ports)}, indent=2) + "\n"

    @classmethod
    def read(cls, path: str) -> Config:
        """Read such a file; OSError, ValueError, KeyError or TypeError where it is not there or is broken."""
        with open(path, encoding="utf-8") as file:
            values = json.load(file)
        return cls(values["endpoint"], tuple(int(port) for port in values["ports"]), int(values["grace_seconds"]))


class Answers(NamedTuple):
    """What DNS said in several answers, and why it was not asked further."""

    addresses: frozenset[str]
    fault: str


def usable(text: str) -> str | None:
    """The address in its usual form; None for one that no mail could go to, such as a DNS filter's 0.0.0.0. ValueError
    where the text is no address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local:
        return None
    return str(address)


def look_up(
    endpoint: str, resolve: Resolve = socket.getaddrinfo, clock: Callable[[], float] = time.monotonic
) -> Answers:
    """Ask several times, because a load balancer names a few of its addresses in each answer."""
    found: set[str] = set()
    end = clock() + PATIENCE
    for _question in range(QUESTIONS):
        try:
            answers = resolve(endpoint, None, type=socket.SOCK_STREAM)
        except OSError as error:
            return Answers(frozenset(found), error.strerror or str(error))
        found.update(address for answer in answers for address in [usable(answer[4][0])] if address)
        if clock() > end:
            break
    return Answers(frozenset(found), "" if found else "its answers have no address that mail could go to")


class Moment(NamedTuple):
    """A time by a clock that nobody sets: a host may start with the wrong time, and correct it later."""

    boot: str
    seconds: int  # since the host was switched on

    def since(self, earlier: Moment) -> int:
        """How many seconds the host has run since EARLIER, at least: the time when it was off is not counted."""
        return max(0, self.seconds - earlier.seconds) if self.boot == earlier.boot else self.seconds


def this_moment() -> Moment:
    """Now, on this host."""
    return Moment(read(BOOT).strip(), int(time.clock_gettime(time.CLOCK_BOOTTIME)))


class Memory(NamedTuple):
    """What the state file keeps."""

    unseen: Mapping[str, int]  # address -> for how many seconds DNS had not named it
    at: Moment


NOTHING = Memory({}, Moment("", 0))


def known(text: str, endpoint: str) -> Memory:
    """What the state file's text says; NOTHING where it is broken or another endpoint's."""
    try:
        state = json.loads(text)
        if state["endpoint"] != endpoint:
            return NOTHING
        pairs = [(usable(address), max(0, int(seconds))) for address, seconds in state["unseen_seconds"].items()]
        at = Moment(str(state["boot"]), int(state["boot_seconds"]))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return NOTHING
    return Memory({address: seconds for address, seconds in pairs if address}, at)


def state_text(endpoint: str, memory: Memory) -> str:
    """The text of the state file."""
    at, unseen = memory.at, dict(sorted(memory.unseen.items()))
    state = {"endpoint": endpoint, "boot": at.boot, "boot_seconds": at.seconds, "unseen_seconds": unseen}
    return json.dumps(state, indent=2) + "\n"


def merged(memory: Memory, found: frozenset[str], now: Moment, grace_seconds: int) -> Memory:
    """Put the new answer and the addresses within their grace together. While DNS is silent no address grows older."""
    if not found:
        return Memory(dict.fromkeys(memory.unseen, 0), now)
    passed = now.since(memory.at)
    aged = {address: seconds + passed for address, seconds in memory.unseen.items()}
    kept = {address: seconds for address, seconds in aged.items() if seconds < grace_seconds}
    return Memory({**kept, **dict.fromkeys(found, 0)}, now)


def ruleset(seconds_left: Mapping[str, int], ports: Sequence[int]) -> str:
    """The whole table in one transaction, which comes into force as a whole or not at all.

    Only packets that open a connection are judged: what is open stays open without connection tracking.
    """
    families = {4: "", 6: ""}
    for version in families:
        members = [
            f"{address} timeout {seconds}s"
            for address, seconds in sorted(seconds_left.items())
            if ipaddress.ip_address(address).version == version
        ]
        families[version] = f"elements = {{ {', '.join(members)} }};" if members else ""
    numbers = ", ".join(str(int(port)) for port in ports)
    return f"""table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
  set endpoint4 {{ type ipv4_addr; flags timeout; {families[4]} }}
  set endpoint6 {{ type ipv6_addr; flags timeout; {families[6]} }}
  chain {CHAIN} {{
    type filter hook output priority filter; policy accept;
    oifname "lo" accept
    tcp dport != {{ {numbers} }} accept
    ip daddr @endpoint4 accept
    ip6 daddr @endpoint6 accept
    tcp dport {{ {numbers} }} tcp flags & (syn | ack) == syn reject with tcp reset
  }}
}}
"""


def unloaded() -> str:
    """The transaction that removes the table, whether it is there or not."""
    return f"table inet {TABLE}\ndelete table inet {TABLE}\n"


def nft(text: str) -> str:
    """Have nft carry out a transaction; returns its objection, empty when it is done."""
    program = shutil.which("nft", path=NFT_PATH)
    if not program:
        return "nft is not installed: install the package nftables"
    done = subprocess.run([program, "-f", "-"], input=text, capture_output=True, text=True, check=False)
    return done.stderr.strip() or f"nft ended with {done.returncode}" if done.returncode else ""


def read(path: str) -> str:
    """A file's text, empty where it is not there or no text."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def write(path: str, text: str) -> None:
    """Exchange the file as a whole, so that a power cut leaves the old one or the new one; OSError where that fails."""
    fresh = f"{path}.new"
    try:
        with open(fresh, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), MODE)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError:
        with suppress(OSError):
            os.unlink(fresh)
        raise


@contextmanager
def locked(path: str) -> Iterator[None]:
    """One at a time; the lock is on the state's directory, so that no lock file is left."""
    descriptor = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def load(config: Config, state: str = STATE, apply: Nft = nft) -> str:
    """Enforce the last known addresses, all with the full grace: how long this host was off says nothing about them.
    RefusalError where none is known or nft objects. Returns a line for the journal, as refresh and unload do."""
    with locked(state):
        addresses = known(read(state), config.endpoint).unseen
        if not addresses:
            raise RefusalError(f"no address of {config.endpoint} is known yet, and an empty list would refuse all mail")
        _enforce(config, dict.fromkeys(addresses, config.grace_seconds), apply)
    return f"{INFO}{len(addresses)} addresses of {config.endpoint} are open, as they were known last"


def refresh(
    config: Config,
    state: str = STATE,
    apply: Nft = nft,
    answers: Callable[[str], Answers] = look_up,
    now: Callable[[], Moment] = this_moment,
) -> str:
    """Ask DNS, enforce its answer and the addresses within their grace, and remember them. RefusalError where there is
    none or nft objects."""
    addresses, fault = answers(config.endpoint)
    with locked(state):
        memory = merged(known(read(state), config.endpoint), addresses, now(), config.grace_seconds)
        if not memory.unseen:
            raise RefusalError(f"{config.endpoint} has no address ({fault}), and an empty list would refuse all mail")
        left = {address: config.grace_seconds - seconds for address, seconds in memory.unseen.items()}
        _enforce(config, left, apply)
        write(state, state_text(config.endpoint, memory))
    count = len(memory.unseen)
    if not addresses:
        return f"{WARNING}{config.endpoint} was not found ({fault}): the last {count} addresses stay open"
    return f"{INFO}{count} addresses of {config.endpoint} are open, {len(addresses)} of them in DNS now"


def _enforce(config: Config, seconds_left: Mapping[str, int], apply: Nft) -> None:
    objection = apply(ruleset(seconds_left, config.ports))
    if objection:
        raise RefusalError(f"nft refused the rules, and those before stay in force: {objection}")


def unload(apply: Nft = nft) -> str:
    """Remove the table, which opens the ports to every address. RefusalError where nft objects."""
    objection = apply(unloaded())
    if objection:
        raise RefusalError(objection)
    return f"{INFO}mail ports are open to every address"


def main(arguments: Sequence[str]) -> int:
    """Run one command, whose words go to the journal; returns the exit code: 1 where it fails, 2 where there is no such
    command."""
    commands: dict[str, Callable[[], str]] = {
        "load": lambda: load(Config.read(CONFIG)),
        "refresh": lambda: refresh(Config.read(CONFIG)),
        "unload": unload,
    }
    if len(arguments) != 1 or arguments[0] not in commands:
        print("usage: ses-egress.py load | refresh | unload", file=sys.stderr)
        return 2
    try:
        print(commands[arguments[0]](), file=sys.stderr)
    except (RefusalError, OSError, ValueError, KeyError, TypeError) as error:
        print(f"<3>ses-egress: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
