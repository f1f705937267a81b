# SPDX-License-Identifier: GPL-3.0-or-later
"""Run an MTA's own tools, and look at its processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from glob import escape, glob
from typing import Any

SEARCH_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
ENVIRONMENT = {"PATH": SEARCH_PATH, "LC_ALL": "C"}
UMASK = 0o022  # of the tools, whatever that of the log-in is: what they make is not to be written by others


def run(argv: Sequence[str], stdin: Any = subprocess.DEVNULL, directory: str | None = None) -> tuple[int, str, str]:
    """Run a program in the C locale: return code, standard output, standard error. OSError where it cannot be
    started."""
    # run_command has no stdin that is a file, and the tools that build tables look at the mode of theirs.
    # pylint: disable-next=ansible-bad-function
    done = subprocess.run(
        argv, stdin=stdin, capture_output=True, env=ENVIRONMENT, umask=UMASK, cwd=directory, check=False
    )
    out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
    return done.returncode, out, err


@contextmanager
def if_killed(*argv: str) -> Iterator[None]:
    """Have this command run where we are killed inside: a shell of a session of its own sees its input end then."""
    # It has to outlive us, which run_command's does not.
    # pylint: disable-next=ansible-bad-function
    with subprocess.Popen(
        ["sh", "-c", 'read -r line || "$@"', "sh", *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        start_new_session=True,
    ) as shell:
        try:
            yield
        finally:
            shell.communicate(b"\n")


def anonymous_file(content: bytes) -> Any:
    """A file in memory, 0600: postmap gives the index the mode of the file on its stdin."""
    file = os.fdopen(os.memfd_create("table"), "w+b")
    os.fchmod(file.fileno(), 0o600)
    file.write(content)
    file.flush()
    file.seek(0)
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    return file


def runs_from(directory: str, proc: str = "/proc") -> bool:
    """Whether a process runs a program that is in this directory now; another container's is another file."""
    programs = {(file.st_dev, file.st_ino) for file in map(os.stat, glob(os.path.join(escape(directory), "*")))}
    for link in glob(os.path.join(proc, "[0-9]*", "exe")):
        with suppress(OSError):
            status = os.stat(link)
            if (status.st_dev, status.st_ino) in programs:
                return True
    return False


def process_stat(directory: str) -> tuple[str, str, float]:
    """Name, parent's id and start (seconds since the epoch) of the process of a directory in /proc. OSError where the
    process has ended."""
    with open(os.path.join(directory, "stat"), encoding="utf-8", errors="replace") as file:
        head, _close, tail = file.read().rpartition(")")
    fields = tail.split()
    # CLOCK_BOOTTIME is what the kernel counts a process's start in.
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return head.partition("(")[2], fields[1], boot + int(fields[19]) / os.sysconf("SC_CLK_TCK")
