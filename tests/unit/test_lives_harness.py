# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness of the scenario existing_hosts sees a mail that comes twice, and a host that does not answer."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2] / "molecule/existing_hosts/tests"


@pytest.fixture
def harness(monkeypatch):
    monkeypatch.syspath_prepend(str(TESTS))
    return importlib.import_module("harness")


def at(place, recipients=""):
    return {"place": place, "sender": "a@example.com", "recipients": recipients, "headers": []}


@pytest.mark.parametrize(
    ("found", "expected", "is_there"),
    [
        ([at("ses", "a@x.example")], "ses", True),
        ([at("ses", "a@x.example"), at("ses", "a@x.example")], "ses", False),
        ([at("ses", "a@x.example, b@x.example"), at("ses", "c@x.example, b@x.example")], "ses", False),
        ([at("ses", "a@x.example"), at("ses", "b@x.example")], "ses", True),  # SES takes 50 recipients at once
        ([at("mailbox root"), at("mailbox root")], "mailbox root", False),
        ([at("mailbox root"), at("hub", "a@x.example")], "mailbox root + hub", True),
        ([at("ses", "a@x.example"), at("filter"), at("filter")], "ses", True),  # a place on the way
        ([at("queue"), at("queue")], "queue", True),
        ([at("mailbox root"), at("mailbox root")], "", False),
        ([at("mailbox root")], "", True),
    ],
)
def test_a_mail_is_where_it_is_expected_once(harness, found, expected, is_there):
    sent = harness.Sent(mail=None, token="life-0", found=found)
    assert sent.matches(expected, ("filter",)) == is_there


@pytest.mark.parametrize(
    ("line", "answered"),
    [
        ("host1 : ok=9 changed=0 unreachable=0 failed=1 skipped=2", True),
        ("host1 : ok=9 changed=0 unreachable=1 failed=0 skipped=2", False),
        ("host2 : ok=9 changed=0 unreachable=0 failed=0 skipped=2", False),
    ],
)
def test_a_host_that_does_not_answer_is_no_host_that_the_role_took(harness, line, answered):
    assert (harness.unanswered(f"PLAY RECAP ****\n{line}\n", "host1") == "") == answered
