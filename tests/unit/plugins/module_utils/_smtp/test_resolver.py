# SPDX-License-Identifier: GPL-3.0-or-later
"""Names before a deadline."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import Resolved, canonical_name, resolve

ENDPOINT = "email-smtp.us-east-1.amazonaws.com"


def soon(seconds: float = 5) -> Deadline:
    return Deadline(time.monotonic, time.monotonic() + seconds)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("LB.example.", "lb.example"),
        (ENDPOINT, None),
        (ENDPOINT.upper() + ".", None),
        (None, None),
    ],
)
def test_the_canonical_name_is_another_name(answer: str | None, name: str | None) -> None:
    assert canonical_name(ENDPOINT, lambda _name: Resolved(answer, []), soon()) == name


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_AGAIN, "later"), socket.timeout(), OSError()])
def test_no_answer_is_no_name(error: OSError) -> None:
    def fail(_name: str) -> Any:
        raise error

    assert canonical_name(ENDPOINT, fail, soon()) is None


def test_a_deadline_that_is_over_is_no_name() -> None:
    over = threading.Event()

    def hang(_name: str) -> Any:
        over.wait(30)

    assert canonical_name(ENDPOINT, hang, soon(0)) is None
    over.set()


def test_a_resolver_that_hangs_is_left_behind() -> None:
    over = threading.Event()

    def hang(_name: str) -> Resolved:
        over.wait(30)
        return Resolved("lb.example", [])  # which who waited for it would have

    assert canonical_name(ENDPOINT, hang, soon(0.1)) is None
    over.set()


def test_the_machines_own_resolver() -> None:
    assert "127.0.0.1" in resolve("localhost").addresses
