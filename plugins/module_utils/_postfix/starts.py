# SPDX-License-Identifier: GPL-3.0-or-later
"""What Postfix's programs say of their parameters as they start: the master only says that they died."""

from __future__ import annotations

import os
import re
import selectors
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping

from ansible_collections.mailops.ses.plugins.module_utils._host.command import ENVIRONMENT
from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf, master_cf
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import Postfix, words

# Those that end so; what else stands beside them may do anything as it starts.
_PROGRAMS = frozenset(
    (
        *("anvil", "bounce", "cleanup", "discard", "dnsblog", "error", "flush", "lmtp", "local", "nqmgr", "oqmgr"),
        *("pickup", "pipe", "postlogd", "postscreen", "proxymap", "qmgr", "qmqpd", "scache", "showq", "smtp", "smtpd"),
        *("spawn", "tlsmgr", "tlsproxy", "trivial-rewrite", "verify", "virtual"),
    )
)
# How a program ends that has read all its parameters and finds that no master has started it: the queue is untouched.
_READ = re.compile(r"fatal: (?:no transport type specified|service \S+ requires a process limit of \d+)$")
# Of virtual(8), which each master.cf has and few hosts use.
_UNUSED = re.compile(r"fatal: bad string length 0 < 1: virtual_mailbox_base =$")
_LINE = re.compile(r"^.*?\[(\d+)\]: (.*)", re.DOTALL)
_PATIENCE = 5.0  # seconds; they take less than one, side by side
_INTERVAL = 0.2  # seconds between two looks at whether one has ended

# What the queue manager reads of a transport once it has a mail for it, and dies of then: suffix of the parameter, form
# of the value, and Postfix's words.
_COUNT, _TIME = re.compile(r"[0-9]{1,9}"), re.compile(r"[0-9]{1,9}[smhdw]?")
_FEEDBACK = re.compile(r"(?:[0-9]+|[0-9]*\.[0-9]+)(?: */ *(?:[0-9.]+|(?:sqrt_)?concurrency))?")
_OF_TRANSPORTS = (
    (r"_destination_concurrency_limit", _COUNT, "bad numerical configuration"),
    (r"_initial_destination_concurrency", _COUNT, "bad numerical configuration"),
    (r"_destination_concurrency_failed_cohort_limit", _COUNT, "bad numerical configuration"),
    (r"_recipient_(?:refill_)?limit", _COUNT, "bad numerical configuration"),
    (r"_delivery_slot_(?:cost|loan|discount)", _COUNT, "bad numerical configuration"),
    (r"_minimum_delivery_slots", _COUNT, "bad numerical configuration"),
    (r"_(?:recipient_refill|destination_rate|transport_rate)_delay", _TIME, "bad time value or unit"),
    (r"_destination_concurrency_(?:positive|negative)_feedback", _FEEDBACK, "bad feedback value"),
)


def transport_complaints(parameters: Mapping[str, str]) -> list[str]:
    """What the queue manager would die of, in Postfix's words. A value that refers to another parameter passes."""
    return [
        f"fatal: {complaint}: {name} = {value}"
        for name, value in parameters.items()
        for suffix, form, complaint in _OF_TRANSPORTS
        if re.search(rf"(?:{suffix})$", name) and "$" not in value and not form.fullmatch(value)
    ]


def complaints(postfix: Postfix, services: Iterable[master_cf.Service]) -> list[str]:
    """Start the programs of the services once, each with its own options, and return what they refuse in the candidate.
    One that holds a secret in an option is left out: arguments can be read by others."""
    directory = postfix.directory("daemon_directory")
    starts = {
        (service.command, tuple(service.options.items()))
        for service in services
        if service.command in _PROGRAMS and not any(main_cf.holds_secret(*option) for option in service.options.items())
    }
    commands = [
        [os.path.join(directory, command), *(word for name, value in options for word in ("-o", f"{name}={value}"))]
        for command, options in sorted(starts)
    ]
    public = os.path.realpath(os.path.join(postfix.directory("queue_directory"), "public"))
    said = _said([command for command in commands if os.access(command[0], os.X_OK)], postfix.scratch, public)
    lines = [words(line, postfix.scratch) for line in said]
    return [line for line in dict.fromkeys(lines) if not _READ.search(line) and not _UNUSED.search(line)]


def _said(commands: Iterable[list[str]], candidate: str, public: str) -> list[str]:
    """The last word of each command, which logs to a socket of ours, and not to the host's mail log."""
    with (
        tempfile.TemporaryDirectory(prefix="pf-", dir="/tmp") as directory,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver,
    ):
        log = os.path.join(directory, "log")
        receiver.bind(log)
        name = os.path.relpath(log, public)
        settings = ("maillog_file_prefixes=/", "maillog_file=/dev/null", f"postlog_service_name={name}")
        options = [word for setting in settings for word in ("-o", setting)]
        environment = {**ENVIRONMENT, "MAIL_CONFIG": candidate, "POSTLOG_SERVICE": log, "POSTLOG_HOSTNAME": "-"}
        started = [
            # Side by side, which run_command cannot.
            # pylint: disable-next=ansible-bad-function
            subprocess.Popen(
                [*command, *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            for command in commands
        ]
        try:
            return _last_words(receiver, {str(process.pid): process for process in started})
        finally:
            for process in started:  # each would sleep for a second more
                process.kill()
                process.wait()


def _last_words(receiver: socket.socket, waiting: dict[str, subprocess.Popen[bytes]]) -> list[str]:
    """What each process says last, by its number, until each has said so or has ended without a word."""
    heard = []
    end = time.monotonic() + _PATIENCE
    with selectors.DefaultSelector() as selector:
        selector.register(receiver, selectors.EVENT_READ)
        while waiting and time.monotonic() < end:
            if not selector.select(_INTERVAL):
                waiting = {number: process for number, process in waiting.items() if process.poll() is None}
                continue
            line = _LINE.match(receiver.recv(65536).decode("utf-8", "replace"))
            if line and line[1] in waiting and line[2].startswith(("fatal: ", "panic: ")):
                del waiting[line[1]]
                heard.append(line[2])
    return heard
