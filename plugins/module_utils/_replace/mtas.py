# SPDX-License-Identifier: GPL-3.0-or-later
"""The MTAs that can be replaced: their queues, programs and services."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from glob import glob

from ansible_collections.mailops.ses.plugins.module_utils._host.command import ENVIRONMENT, SEARCH_PATH, run
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read
from ansible_collections.mailops.ses.plugins.module_utils._mta.entrances import (
    ENTRANCES,
    EXECUTABLE,
    closed,
    present,
    shut,
)
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import Message, QueueError
from ansible_collections.mailops.ses.plugins.module_utils._postfix import mailq
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import mailq as sendmail_mailq
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import loaded_at

END_SECONDS = 10.0  # for processes to end, before and after they are asked to
POLL_SECONDS = 0.1
SENDMAIL_CF = "/etc/mail/sendmail.cf"
_START = ("systemctl", "restart")  # Debian 12's postfix.service counts as active while its instance is stopped


class DrainError(Exception):
    """Why the MTA cannot be replaced; `counts` is what waits, by state."""

    def __init__(self, why: str, counts: Mapping[str, int] | None = None) -> None:
        super().__init__(why)
        self.counts = dict(counts or {})


def postfix_waiting() -> dict[str, str]:
    """Postfix's messages, by name, with their queues; QueueError where it has several instances, or a queue cannot be
    read."""
    status, out, _err = _asked("postconf", "-h", "queue_directory", "multi_instance_directories")
    directory, instances = (out.split("\n") + ["", ""])[:2] if status == 0 else ("", "")
    if instances.strip():
        raise QueueError(
            f"Postfix has further instances ({instances.strip()}), whose queues are not looked at "
            "here: empty them, and take them out of multi_instance_directories."
        )
    return mailq.listed(directory or mailq.DIRECTORY)


def sendmail_waiting() -> dict[str, str]:
    """Sendmail's messages, by file, with their states; QueueError where a queue cannot be read."""
    return sendmail_mailq.listed(sendmail_mailq.configured())


def sendmail_runs() -> bool:
    """Whether the daemon runs; a process that submits a mail or runs the queue does not count."""
    cf = read(SENDMAIL_CF)
    return bool(cf) and loaded_at(cf) is not None


def exim_waiting() -> dict[str, str]:
    """Exim's messages, of which only the number is known; QueueError where Exim does not tell."""
    program = next((name for name in ("exim4", "exim") if shutil.which(name, path=SEARCH_PATH)), None)
    if program is None:
        return {}
    status, out, err = _asked(program, "-bpc")
    if status or not out.strip().isdigit():
        raise QueueError(f"{program} -bpc does not tell how many messages wait: {(err or out).strip() or 'no word'}.")
    return {str(number): sendmail_mailq.QUEUED for number in range(int(out))}


def files(pattern: str) -> Callable[[], dict[str, str]]:
    """A look at a queue that has one file for each message, by the pattern of their paths."""
    return lambda: dict.fromkeys(glob(pattern), sendmail_mailq.QUEUED)


def postfix_messages() -> Iterator[Message]:
    """Postfix's messages with their reasons."""
    return mailq.postfix_queue(shutil.which("postqueue", path=SEARCH_PATH) or "postqueue")


def sendmail_messages() -> Iterator[Message]:
    """Sendmail's messages with their reasons."""
    return sendmail_mailq.sendmail_queue(sendmail_mailq.configured())


@dataclass(frozen=True)
class Mta:
    """What has to be known of an MTA to empty and stop it."""

    waiting: Callable[[], dict[str, str]]  # each message's name and state, also when the MTA is stopped
    unit: str = ""
    programs: Sequence[str] = ()  # of processes that take or deliver mail, the daemon's among them
    running: Callable[[], bool] = lambda: False  # whether its daemon runs
    entrances: Sequence[str] = ()  # programs with which users hand mail over
    flushes: tuple[tuple[str, ...], ...] = ()  # commands that try all of the queue now, where their program is
    messages: Callable[[], Iterator[Message]] = lambda: iter(())  # for the reasons
    modes: dict[str, int] = field(default_factory=dict)  # of the entrances that this process has closed

    @property
    def delivers(self) -> bool:
        """Whether its queue can be delivered here, and not only be counted."""
        return bool(self.flushes)

    def installed(self) -> bool:
        """Whether one of its programs is there."""
        return any(os.path.exists(path) for path in self.programs)

    def processes(self) -> list[int]:
        """The ids of its processes."""
        return processes(self.programs)

    def start(self) -> None:
        """Start its unit; DrainError where the daemon does not run then."""
        status, _out, err = _asked(*_START, self.unit)
        if status or not self.running():
            raise DrainError(f"it does not start: {' '.join(err.split()) or f'see systemctl status {self.unit}'}")

    def stop(self) -> None:
        """Stop its unit and end its processes, whoever started them; DrainError where some do not end."""
        if self.unit:
            _asked("systemctl", "stop", self.unit)
        if _gone(self.programs):
            return
        for process in processes(self.programs):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
        if not _gone(self.programs):
            raise DrainError(f"its processes do not end: {', '.join(map(str, processes(self.programs)))}")

    def flush(self) -> None:
        """Begin an attempt at all of the queue, without waiting for its end."""
        for command in self.flushes:
            if not shutil.which(command[0], path=SEARCH_PATH):
                continue
            # A queue run may take longer than anybody waits for it here.
            # pylint: disable-next=ansible-bad-function
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=ENVIRONMENT,
                start_new_session=True,
            )

    def close(self) -> None:
        """Take the right to run from the programs that hand mail over, so that they refuse users and root alike;
        DrainError where a mode cannot be changed."""
        for path, mode in present(self.entrances).items():
            if not shut(mode):
                self.modes[path] = mode
            if mode & EXECUTABLE:
                _chmod(path, mode & ~EXECUTABLE)

    def open_to_root(self) -> None:
        """Let root alone run these programs, which are closed: they check the MTA's configuration; DrainError as for
        close."""
        for path, mode in present(self.entrances).items():
            _chmod(path, mode | stat.S_IXUSR)

    def open(self) -> None:
        """Give these programs their modes again, also those that another process has closed; DrainError as for
        close."""
        for path, mode in closed(self.entrances).items():
            _chmod(path, self.modes.get(path) or mode)

    def opened(self) -> bool:
        """Whether users can run one of these programs."""
        return any(not shut(mode) for mode in present(self.entrances).values())

    def closed(self) -> bool:
        """Whether users cannot run one of these programs."""
        return bool(closed(self.entrances))


def _chmod(path: str, mode: int) -> None:
    try:
        os.chmod(path, mode)
    except OSError as error:
        raise DrainError(f"the mode of {path} cannot be changed: {error.strerror}") from error


def other(unit: str, waiting: Callable[[], dict[str, str]], *programs: str) -> Mta:
    """An MTA whose queue is only counted."""
    return Mta(waiting=waiting, unit=unit, programs=programs, running=lambda: bool(processes(programs)))


_POSTFIX_MASTERS = ("/usr/lib/postfix/sbin/master", "/usr/libexec/postfix/master")
_SENDMAILS = ENTRANCES["sendmail"]
_NOW = ("-OMinQueueAge=0", "-OMaxQueueAge=0", "-q")  # whatever has been tried lately
_EXIMS = ("/usr/sbin/exim4", "/usr/sbin/exim")

# By the name that relay_plan gives. An MTA that is not here may have a queue anywhere.
MTAS: Mapping[str, Mta] = {
    "postfix": Mta(
        waiting=postfix_waiting,
        unit="postfix",
        programs=(*_POSTFIX_MASTERS, *ENTRANCES["postfix"]),
        running=lambda: bool(processes(_POSTFIX_MASTERS)),
        entrances=ENTRANCES["postfix"],
        flushes=(("postqueue", "-f"),),
        messages=postfix_messages,
    ),
    "sendmail": Mta(
        waiting=sendmail_waiting,
        unit="sendmail",
        programs=_SENDMAILS,
        running=sendmail_runs,
        entrances=_SENDMAILS,
        flushes=tuple((program, queue, *_NOW) for program in _SENDMAILS for queue in ("-Ac", "-Am")),
        messages=sendmail_messages,
    ),
    "exim4": other("exim4", exim_waiting, *_EXIMS),
    "exim": other("exim", exim_waiting, *_EXIMS),
    "nullmailer": other("nullmailer", files("/var/spool/nullmailer/queue/*"), "/usr/sbin/nullmailer-send"),
    "dma": Mta(waiting=files("/var/spool/dma/Q*"), programs=("/usr/sbin/dma",)),  # it has no daemon
    # These keep no queue.
    "msmtp-mta": other("msmtpd", dict, "/usr/bin/msmtpd"),
    "ssmtp": Mta(waiting=dict),
    "esmtp-run": Mta(waiting=dict),
}


def processes(programs: Sequence[str], proc: str = "/proc") -> list[int]:
    """The ids of the processes of this host, not those of containers on it, that run one of PROGRAMS."""
    wanted = {os.path.realpath(path) for path in programs}
    wanted |= {f"{path} (deleted)" for path in wanted}  # the package went away, or was upgraded, under a daemon
    own = _link(os.path.join(proc, "self", "ns", "pid"))
    return [
        int(entry)
        for entry in os.listdir(proc)
        if entry.isdigit()
        and _link(os.path.join(proc, entry, "exe")) in wanted
        and _link(os.path.join(proc, entry, "ns", "pid")) == own
    ]


def _gone(programs: Sequence[str]) -> bool:
    """Whether none of PROGRAMS runs any more, soon."""
    ends = time.monotonic() + END_SECONDS
    while processes(programs):
        if time.monotonic() > ends:
            return False
        time.sleep(POLL_SECONDS)  # bounded by END_SECONDS; nobody but its parent is told that a process ends
    return True


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _asked(*command: str) -> tuple[int, str, str]:
    try:
        return run(command)
    except OSError as error:
        return 127, "", f"{command[0]}: {error.strerror or error}"
