# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail of a probe: its options judged, its text, and the way by which a user hands it over."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.command import ENVIRONMENT
from ansible_collections.mailops.ses.plugins.module_utils._probe.follow import Mail
from ansible_collections.mailops.ses.plugins.module_utils._probe.mtas import CF, SUBMISSION
from ansible_collections.mailops.ses.plugins.module_utils._ses.addresses import MAX_ADDRESS, address_fault
from ansible_collections.mailops.ses.plugins.module_utils._ses.option_names import Names

ARGUMENTS: dict[str, dict[str, Any]] = {
    "recipient": {"type": "str", "required": True},
    "sender": {"type": "str"},
    "timeout": {"type": "float", "default": 60.0},
    "endpoint": {"type": "str"},
    "mta": {"type": "str", "choices": ["postfix", "sendmail"]},
    "option_names": {"type": "dict", "default": {}},
}

MIN_SECONDS, MAX_SECONDS = 1, 600
_END_SECONDS = 5.0  # that a program has to end once it is told to; what it has taken it keeps
_TEST_SECONDS = 20.0  # for sendmail -bt, which may look names up

_TEXT = """\
To: {recipient}
{from_}Subject: Probe of the way to Amazon SES
Message-ID: <{name}>
Auto-Submitted: auto-generated

The module mailops.ses.mail_probe sent this mail to see whether this host's mail reaches Amazon SES.
"""


class OptionFault(Exception):  # noqa: N818  (a sentence for the user)
    """Which option is wrong, and how."""


def judge(params: Mapping[str, Any], names: Names) -> None:
    """OptionFault, in these names, for options with which no mail can be sent."""
    for option in ("recipient", "sender"):
        value = params[option]
        if value is None:
            continue
        fault = address_fault(value)
        if fault:
            raise OptionFault(f"{names[option]} {value[:MAX_ADDRESS]!r} {fault}.")
    if not MIN_SECONDS <= params["timeout"] <= MAX_SECONDS:
        raise OptionFault(
            f"{names['timeout']} {params['timeout']:g} is out of range: give {MIN_SECONDS} to {MAX_SECONDS} seconds."
        )


def mail_of(unique: str, recipient: str, sender: str | None) -> Mail:
    """The mail, with a Message-ID that no other mail has if UNIQUE is given to no other."""
    name = f"{unique}@mail-probe.invalid"
    from_ = f"From: {sender}\n" if sender else ""
    return Mail(name, recipient, _TEXT.format(recipient=recipient, from_=from_, name=name))


def hand_over(text: str, sender: str | None, timeout: float) -> tuple[int | None, str]:
    """Run `sendmail -t` as a user does: return code and words. The code is None where the program did not end within
    TIMEOUT seconds. OSError where the host has no such program."""
    command = [SUBMISSION, "-t", *(["-f", sender] if sender else [])]
    return _talk(command, text, timeout)


def test_mode(lines: str) -> str:
    """What Sendmail's test mode answers to these lines; empty where it does not end in time."""
    code, out = _talk([SUBMISSION, "-bt", f"-C{CF}"], lines, _TEST_SECONDS)
    return out if code is not None else ""


def _talk(command: list[str], text: str, timeout: float) -> tuple[int | None, str]:
    pipe = subprocess.PIPE
    # run_command has no time-out, and sendmail may wait for a dead name server for minutes.
    # pylint: disable-next=ansible-bad-function
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, env=ENVIRONMENT) as process:
        try:
            out, _err = process.communicate(text.encode(), timeout=timeout)
            return process.returncode, out.decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            process.terminate()  # it keeps what it has taken
            try:
                process.communicate(timeout=_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            return None, ""
