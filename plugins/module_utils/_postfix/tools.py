# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's own tools: what this Postfix knows, what it says about a candidate, its indexes, its running master."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.command import (
    ENVIRONMENT,
    SEARCH_PATH,
    anonymous_file,
    process_stat,
    run,
    runs_from,
)
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps

# postconf answers questions on the build from this, however broken the host's own main.cf is.
_NEUTRAL = "inet_protocols = ipv4\ninet_interfaces = 127.0.0.1\nmynetworks_style = host\n"
# Daemons that read nearly all parameters of a relay, and can be run once, on an empty session, without the master.
PROBED = ("smtp", "smtpd")
PATIENCE = {True: 5.0, False: 1.0}  # seconds, by whether the master runs: without it smtpd waits for its services
CLIENTS_SECONDS = 20.0  # in which what is being sent is mostly sent; a client that hangs may take minutes
_TAG = re.compile(r"^.*?\[\d+\]: ")
_DOUBT = re.compile(r"warning: .*?: ((?:unused|undefined) parameter: .*)")


class PostfixError(Exception):
    """A message for the user, in Postfix's words where it said something."""


def words(stderr: str, directory: str = "") -> str:
    """Postfix's complaint with the candidate's path taken out."""
    return stderr.replace(directory + "/", "").strip() if directory else stderr.strip()


# What is asked of Postfix, all at once, and its built-in defaults.
DIRECTORIES = ("command_directory", "daemon_directory", "queue_directory")
DEFAULTS = ("default_database_type", "mail_version", *DIRECTORIES)


def _values(names: Sequence[str], output: str) -> dict[str, str]:
    """What postconf -h prints, a line for each name that was asked for."""
    return dict(zip(names, map(str.strip, output.split("\n"))))


class Postfix:
    """The tools, run on candidates in a private directory, never on the host's own configuration. What they refuse is a
    PostfixError."""

    def __init__(self, scratch: str) -> None:
        self._postconf = shutil.which("postconf", path=SEARCH_PATH)
        self._scratch = scratch
        self._tool_directory = ""
        self._told: dict[str, str] = {}  # of the candidate, by parameter
        self._defaults: dict[str, str] = {}
        if self._postconf:
            self.candidate(_NEUTRAL, "")

    @property
    def scratch(self) -> str:
        """The private directory of the candidate."""
        return self._scratch

    @property
    def installed(self) -> bool:
        """Whether there is a postconf; without one no other method may be called."""
        return self._postconf is not None

    def candidate(self, main_cf: str, master_cf: str) -> None:
        """Make these two texts what the tools read from now on."""
        self._told = {}
        os.makedirs(self._scratch, mode=0o700, exist_ok=True)
        for name, text in (("main.cf", main_cf), ("master.cf", master_cf)):
            path = os.path.join(self._scratch, name)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
            # Postfix reads a file that changed within the last second again and again, until it is older.
            os.utime(path, (0, 0))

    def postconf(self, *args: str) -> tuple[str, str]:
        """Ask postconf about the candidate: standard output and standard error."""
        status, out, err = run([str(self._postconf), "-c", self._scratch, *args])
        if status:
            raise PostfixError(words(err, self._scratch) or f"postconf {' '.join(args)} failed")
        return out, err

    def default(self, name: str) -> str:
        """Postfix's built-in default of a parameter."""
        if name not in self._defaults:
            self._defaults.update(_values(DEFAULTS, self.postconf("-d", "-h", *DEFAULTS)[0]))
        return self._defaults[name]

    def directory(self, name: str) -> str:
        """One of DIRECTORIES; where main.cf is too broken to tell, Postfix's default."""
        try:
            self._told = self._told or _values(DIRECTORIES, self.postconf("-x", "-h", *DIRECTORIES)[0])
        except PostfixError:
            return self.default(name)
        return self._told[name]

    def known_parameters(self, master_cf: str) -> frozenset[str]:
        """The parameters that this Postfix knows with such a master.cf, each of whose transports brings some of its
        own."""
        self.candidate(_NEUTRAL, master_cf)
        return frozenset(self.postconf("-d", "-H")[0].split())

    def map_types(self) -> tuple[str, ...]:
        """The table types that this Postfix was built with, or has loaded."""
        return tuple(self.postconf("-m")[0].split())

    def doubts(self) -> dict[str, list[str]]:
        """What postconf warns of in the candidate: `refused` makes no sense to Postfix, `said` is worth passing on."""
        found: dict[str, list[str]] = {"refused": [], "said": []}
        for line in words(self.postconf("-n")[1], self._scratch).split("\n"):
            match = _DOUBT.search(line)
            text = match.group(1) if match else line.partition("warning: ")[2]
            kind = "refused" if match else "said"
            if text and text not in found[kind]:
                found[kind].append(text)
        return found

    def requeue(self, directory: str) -> None:
        """Have all mail that waits, but on hold, rewritten as new mail is. This is the host's queue, no candidate's. A
        client that a stop has left in the middle of a mail is waited for: it could not mark that mail as sent."""
        programs = self.directory("daemon_directory")
        end = time.monotonic() + CLIENTS_SECONDS
        while runs_from(programs) and time.monotonic() < end:
            time.sleep(0.1)  # the interval of a bounded poll
        command = os.path.join(self.directory("command_directory"), "postsuper")
        status, _out, err = run([command, "-c", directory, "-r", "ALL", "incoming", "active", "deferred"])
        if status:
            raise PostfixError(f"the host keeps what it had: {words(err) or f'postsuper ends with {status}'}")

    # Look-up tables

    def _postmap(self, *args: str, stdin: Any = subprocess.DEVNULL) -> tuple[int, str, str]:
        self._tool_directory = self._tool_directory or self.directory("command_directory")
        return run([os.path.join(self._tool_directory, "postmap"), "-c", self._scratch, *args], stdin)

    def index(self, type_name: str, path: str) -> dict[str, str] | None:
        """What the index of the table at path holds; None where there is no index, or none that can be read."""
        kind = maps.KINDS[type_name]
        if not os.path.exists(path + kind.suffix):
            return None
        if not kind.listed:
            with open(path + kind.suffix, "rb") as file:
                return maps.parse_cdb(file.read())
        status, out, _err = self._postmap("-s", f"{type_name}:{path}")
        return None if status else maps.parse_listing(out)

    def build(self, type_name: str, path: str, entries: Mapping[str, str] | None = None) -> str:
        """Build the index for path, from its source or, with entries, from stdin alone. Returns the index's path."""
        kind = maps.KINDS[type_name]
        table = f"{type_name}:{path}"
        if entries is None:
            status, _out, err = self._postmap(table)
        else:
            with anonymous_file(maps.source(entries).encode()) as stdin:
                status, _out, err = self._postmap("-i", table, stdin=stdin)
        if status:
            # postmap may quote a line of its input: of a secret table only the fact is told.
            raise PostfixError(words(err, os.path.dirname(path)) if entries is None else "postmap -i failed")
        return path + kind.suffix

    def table_complaint(self, type_name: str, path: str) -> str | None:
        """What Postfix says of a table that it reads without an index, e.g. a pattern that does not compile; None where
        it is content."""
        _status, _out, err = self._postmap("-q", "probe", f"{type_name}:{path}")
        lines = [line for line in err.split("\n") if path in line]
        return words("\n".join(dict.fromkeys(lines)), os.path.dirname(path)) or None

    # Daemons

    def refusals(self, running: bool) -> dict[str, list[str]]:
        """Start the daemons once on the candidate: what each that refuses to start says, {} when none does. RUNNING
        says whether the master runs, without which they get less time."""
        programs = {name: os.path.join(self.directory("daemon_directory"), name) for name in PROBED}
        with tempfile.TemporaryDirectory(prefix="pf-", dir="/tmp") as directory:
            log = os.path.join(directory, "log")
            public = os.path.realpath(os.path.join(self.directory("queue_directory"), "public"))
            # The words go to a socket of ours, not to the host's mail log.
            name = os.path.relpath(log, public)
            settings = ("maillog_file_prefixes=/", "maillog_file=/dev/null", f"postlog_service_name={name}")
            options = [word for setting in settings for word in ("-o", setting)]
            environment = {**ENVIRONMENT, "MAIL_CONFIG": self._scratch, "POSTLOG_SERVICE": log, "POSTLOG_HOSTNAME": "-"}
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
                receiver.bind(log)
                receiver.setblocking(False)
                started = {
                    # Side by side, which run_command cannot.
                    # pylint: disable-next=ansible-bad-function
                    name: subprocess.Popen(
                        [path, "-S", *options],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        env=environment,
                    )
                    for name, path in programs.items()
                    if os.access(path, os.X_OK)
                }
                said = _listen(started, receiver, PATIENCE[running])
        return {name: [words(line, self._scratch) for line in lines] for name, lines in said.items()}


def _listen(
    started: Mapping[str, subprocess.Popen[bytes]], receiver: socket.socket, patience: float
) -> dict[str, list[str]]:
    """A daemon that greets on stdout has read its parameters; one that ends without a word there has refused them."""
    heard: list[str] = []
    refused: list[str] = []
    deadline = time.monotonic() + patience
    waiting = dict(started)
    with selectors.DefaultSelector() as selector:
        selector.register(receiver, selectors.EVENT_READ, None)
        for name, process in started.items():
            selector.register(process.stdout, selectors.EVENT_READ, name)  # type: ignore[arg-type]
        while waiting and time.monotonic() < deadline:
            for key, _events in selector.select(max(0.0, deadline - time.monotonic())):
                if key.data is None:
                    heard += _received(receiver)
                    continue
                selector.unregister(key.fileobj)
                if not os.read(key.fd, 1) and waiting[key.data].wait():
                    refused.append(key.data)
                del waiting[key.data]
    for process in started.values():
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]
    heard += _received(receiver)
    fatal = [line for line in heard if ": fatal: " in line or ": panic: " in line]
    return {
        name: [_TAG.sub("", line) for line in fatal if f"/{name}[" in line] or [f"{name} refuses to start"]
        for name in refused
    }


def _received(receiver: socket.socket) -> list[str]:
    lines = []
    with suppress(BlockingIOError):
        while True:
            lines.append(receiver.recv(65536).decode("utf-8", "replace"))
    return lines


def loaded_at(queue_directory: str, proc: str = "/proc") -> dict[str, float] | None:
    """When the running master started and when it last loaded its configuration, in seconds since the epoch; None when
    no master runs.

    A reload leaves no trace on disk, but it starts the queue manager anew.
    """
    found = _master(queue_directory, proc)
    if found is None:
        return None
    master, started = found
    loads = [begun for _directory, name, begun in _children(proc, master) if name == "qmgr"]
    return {"started": started, "loaded": max([started, *loads])}


def serving(queue_directory: str, services: Collection[str], proc: str = "/proc") -> list[str]:
    """Those of the SERVICES, by the name that the master gives its processes, that a process of the master runs."""
    found = _master(queue_directory, proc)
    names = []
    for directory, _name, _begun in _children(proc, found[0]) if found else ():
        with suppress(OSError), open(os.path.join(directory, "cmdline"), "rb") as file:
            words = file.read().decode("utf-8", "replace").split("\0")
            names += [name for flag, name in zip(words, words[1:]) if flag == "-n"]
    return sorted(set(names) & set(services))


def _master(queue_directory: str, proc: str) -> tuple[str, float] | None:
    """The process id of the running master and when it started, in seconds since the epoch."""
    try:
        with open(os.path.join(queue_directory, "pid", "master.pid"), encoding="ascii") as file:
            master = file.read().strip()
        name, _parent, started = process_stat(os.path.join(proc, master))
    except (OSError, ValueError):
        return None
    return (master, started) if name == "master" else None


def _children(proc: str, master: str) -> Iterator[tuple[str, str, float]]:
    """Of each process of the master its directory, its program's name and when it started."""
    for entry in os.listdir(proc):
        if entry.isdigit():
            directory = os.path.join(proc, entry)
            with suppress(OSError, ValueError):
                name, parent, started = process_stat(directory)
                if parent == master:
                    yield directory, name, started
