# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs say as they start, by programs that say it; Postfix's own are asked in molecule/config."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._postfix import starts
from ansible_collections.mailops.ses.plugins.module_utils._postfix.master_cf import Service

FINE = "fatal: no transport type specified"
PROGRAM = """#!/usr/bin/env python3
import os, socket, sys, time
told = "TEXT" or f"fatal: {sys.argv[2]}"
line = f"Nov 24 13:27:10 web1 postfix/x[{os.getpid()}]: {told}"
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(line.encode(), os.environ["POSTLOG_SERVICE"])
time.sleep(30)  # Postfix's programs live on for a second after such a word; it is ended before
"""


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """No time that counts: to start an interpreter takes long on a busy machine."""
    monkeypatch.setattr(starts, "_PATIENCE", 60.0)


class Daemons:
    """As much of Postfix as is asked: where its programs are."""

    def __init__(self, path: Path, texts: dict[str, str]) -> None:
        self.path, self.scratch = str(path), str(path / "candidate")
        for name, text in texts.items():
            (path / name).write_text(PROGRAM.replace("TEXT", text))
            (path / name).chmod(0o755)

    def directory(self, _name: str) -> str:
        return self.path


def service(command: str, **options: str) -> Service:
    return Service(command, "unix", command=command, options=options)


def test_programs_that_have_read_everything_are_content(tmp_path):
    ends = {"smtp": FINE, "qmgr": "fatal: service qmgr requires a process limit of 1"}
    unused = {"own": "fatal: nobody asked", "virtual": "fatal: bad string length 0 < 1: virtual_mailbox_base ="}
    asked = [service("smtp"), service("qmgr"), service("virtual"), service("pipe"), service("own")]
    assert starts.complaints(Daemons(tmp_path, {**ends, **unused}), asked) == []


def test_what_a_program_refuses_is_told_once_without_the_candidates_path(tmp_path):
    said = {"qmgr": f"fatal: bad numerical configuration: a = {tmp_path}/candidate/x", "smtp": FINE}
    asked = [service("qmgr"), service("qmgr", max_idle="5s"), service("smtp")]
    assert starts.complaints(Daemons(tmp_path, said), asked) == ["fatal: bad numerical configuration: a = x"]


def test_each_service_is_asked_with_its_own_options_but_no_secret(tmp_path):
    asked = [service("smtp", max_idle="7"), service("smtp", smtp_sasl_password_maps="inline:{{a = b}}")]
    assert starts.complaints(Daemons(tmp_path, {"smtp": ""}), asked) == ["fatal: max_idle=7"]


def test_nobody_waits_for_a_program_that_ended_without_a_word(tmp_path):
    postfix = Daemons(tmp_path, {"smtp": FINE})
    (tmp_path / "smtp").write_text("#!/bin/sh\n")
    begun = time.monotonic()
    assert starts.complaints(postfix, [service("smtp")]) == []
    assert time.monotonic() - begun < starts._PATIENCE


@pytest.mark.parametrize(
    ("name", "value", "fine"),
    [
        ("ses-relay_destination_concurrency_limit", "yes", False),
        ("ses-relay_destination_concurrency_limit", "10", True),
        ("ses-relay_destination_concurrency_limit", "$default_destination_concurrency_limit", True),
        ("ses-relay_initial_destination_concurrency", "1.5", False),
        ("smtp_destination_recipient_limit", "-1", False),
        ("smtp_extra_recipient_limit", "x", False),
        ("smtp_destination_rate_delay", "1s", True),
        ("smtp_transport_rate_delay", "1 s", False),
        ("smtp_destination_concurrency_positive_feedback", "1/concurrency", True),
        ("smtp_destination_concurrency_negative_feedback", "no", False),
        ("smtp_tls_CAfile", "yes", True),
    ],
)
def test_what_the_queue_manager_dies_of_at_a_mail(name, value, fine):
    found = starts.transport_complaints({name: value})
    assert len(found) == (0 if fine else 1)
    assert all(f"{name} = {value}" in text for text in found)
