# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail's own tools: what it makes of a candidate, its tables' indexes, its running daemon."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

from ansible_collections.mailops.ses.plugins.module_utils._host.command import (
    SEARCH_PATH,
    anonymous_file,
    if_killed,
    process_stat,
    run,
)
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps

_VERSION = re.compile(r"^DZ([0-9.]+)", re.MULTILINE)
_CONTROL = re.compile(r"^O ControlSocketName=(\S+)$", re.MULTILINE)
_QUEUES = re.compile(r"^(?:O QueueDirectory=(\S+)|Q\w+,.*?\bP(?:ath)?=([^,\s]+))", re.MULTILINE)
_PID_FILE = re.compile(r"^O PidFile=(.+)$", re.MULTILINE)
_PROBE = ("-f", "probe@ses-probe.invalid", "-bv", "probe@ses-probe.invalid")


class SendmailError(Exception):
    """A message for the user, in Sendmail's words where it said something."""


def installed() -> bool:
    """Whether all tools are there that a configuration needs."""
    return all(shutil.which(tool, path=SEARCH_PATH) for tool in ("sendmail", "makemap", "m4", "make"))


def compiled(text: str, directory: str) -> str:
    """What m4 makes of a sendmail.mc in the directory that its relative includes start from, as make does;
    SendmailError where m4 refuses the text."""
    with anonymous_file(text.encode("utf-8", "surrogateescape")) as stdin:
        status, out, err = run(["m4", "-"], stdin, directory)
    # A warning is of a feature whose name a later version has changed, and which works.
    said = [
        re.sub(r"\bstdin(?=:[0-9])", "sendmail.mc", line)
        for line in err.splitlines()
        if line and not line.startswith("WARNING: ")
    ]
    if status or said:
        raise SendmailError(f"m4 does not accept sendmail.mc: {' '.join(said) or f'it ended with {status}'}")
    return out


def check(cf: str, mailer: str = "") -> None:
    """Have Sendmail read a candidate and resolve an address that no row and no rule means: it takes the mailer that is
    given, as all mail does without them. SendmailError where it takes another one, or where Sendmail refuses the
    candidate (unknown options, maps, cut files)."""
    status, out, err = run(["sendmail", "-C", cf, "-Am", *_PROBE])
    said = [line.replace(cf, "sendmail.cf") for line in (err + out).split("\n") if line]
    if status or "... deliverable: " not in out:
        raise SendmailError(
            f"Sendmail does not accept the configuration: {'; '.join(said) or f'it ended with {status}'}"
        )
    match = re.search(r"\.\.\. deliverable: mailer ([^,\s]+)(?:, host ([^,\s]+))?", out)
    if mailer and match and match.group(1) != mailer:
        host = f" and the host {match.group(2)}" if match.group(2) else ""
        raise SendmailError(
            f"Rules or tables of this host lead the mail of every domain to the mailer {match.group(1)}{host}, not to "
            f"{mailer}: remove what does so from sendmail.mc (LOCAL_RULE_0, LOCAL_NET_CONFIG, a feature) or its tables"
        )


def silent(cf: str) -> str:
    """A candidate whose faults Sendmail tells on its output alone, not in the host's mail log; its lines keep their
    numbers."""
    return re.sub(r"\A(#.*)?$|^O LogLevel=.*$", "O LogLevel=0", cf, flags=re.MULTILINE)


def version(cf: str) -> str:
    """The version of the distribution's m4 files that this sendmail.cf names; empty where it names none."""
    match = _VERSION.search(cf)
    return match.group(1) if match else ""


def index(path: str) -> dict[str, str] | None:
    """What the index of the table at path holds; None where there is no index, or none that can be read."""
    if not os.path.exists(path + ".db"):
        return None
    status, out, _err = run(["makemap", "-u", "hash", path])
    return None if status else maps.parse_listing(out)


def build(path: str, source: str, secret: bool) -> str:
    """Build the index of the table at path from memory, so that a secret stands in no other file, and return its path.
    SendmailError where makemap refuses the source."""
    with anonymous_file(source.encode("utf-8", "surrogateescape")) as stdin:
        status, _out, err = run(["makemap", "hash", path], stdin)
    if status:
        # makemap may quote a line of its input: of a secret table only the fact is told.
        told = "makemap refuses an entry" if secret else err.replace(path, os.path.basename(path)).strip()
        raise SendmailError(f"tables: {os.path.basename(path)}: {told}")
    return path + ".db"


def pid_file(cf: str) -> str:
    """Where a daemon with this configuration writes its process id."""
    match = _PID_FILE.search(cf)
    return match.group(1) if match else "/run/sendmail.pid"


def control_socket(cf: str) -> str:
    """Where a daemon with this configuration takes commands; empty where it does not."""
    match = _CONTROL.search(cf)
    return match.group(1) if match else ""


def queues(cf: str) -> list[str]:
    """The queue directories that a daemon with this configuration runs."""
    return list(dict.fromkeys(path for groups in _QUEUES.findall(cf) for path in groups if path))


def loaded_at(cf: str, proc: str = "/proc") -> dict[str, float] | None:
    """When the running daemon started and when it last loaded its configuration, at which it writes its pid file anew,
    in seconds since the epoch; None when no daemon runs."""
    found = _daemon(cf, proc)
    return {"started": found[1], "loaded": found[2]} if found else None


def _daemon(cf: str, proc: str = "/proc") -> tuple[int, float, float] | None:
    path = pid_file(cf)
    with suppress(OSError, ValueError, IndexError):
        with open(path, encoding="ascii") as file:
            pid = file.readline().strip()
        name, _parent, started = process_stat(os.path.join(proc, pid))
        if name.startswith("sendmail"):
            return int(pid), started, os.stat(path).st_mtime
    return None


def hang_up(cf: str, seconds: float, proc: str = "/proc") -> None:
    """Have a daemon that only runs a queue, and so has no control socket, load its configuration. It is stopped until
    its runs are over, and for some SECONDS at most: it begins no other one, and none is cut off."""
    found = _daemon(cf, proc)
    if not found:
        return
    pid, end = found[0], time.monotonic() + seconds
    with suppress(ProcessLookupError), if_killed("kill", "-CONT", str(pid)):
        os.kill(pid, signal.SIGSTOP)
        try:
            while any(parent == pid for _pid, parent, _started in _processes(proc)) and time.monotonic() < end:
                time.sleep(0.05)  # the interval of a bounded poll
            os.kill(pid, signal.SIGHUP)
        finally:
            os.kill(pid, signal.SIGCONT)


def older(cf: str, submission: str, than: float, proc: str = "/proc") -> bool:
    """Whether a process of Sendmail's, other than the two daemons, is older: it runs with what was there before."""
    daemons = {found[0] for found in (_daemon(cf, proc), _daemon(submission, proc)) if found}
    return any(pid not in daemons and started < than for pid, _parent, started in _processes(proc))


def _processes(proc: str) -> Iterator[tuple[int, int, float]]:
    """Sendmail's processes: id, parent's id, start. One that has ended, and waits for its parent to see it, is none."""
    for pid in filter(str.isdigit, os.listdir(proc)):
        with suppress(OSError, ValueError):
            name, parent, started = process_stat(os.path.join(proc, pid))
            if name.startswith("sendmail") and os.readlink(os.path.join(proc, pid, "exe")):
                yield int(pid), int(parent), started
