# SPDX-License-Identifier: GPL-3.0-or-later
"""From messages to counts, ages and reasons."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta import mailq
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import MAX_REASONS, Message, summarize
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import holds_mail

NOW = 1_795_538_400.0
HOST = "email-smtp.us-east-1.amazonaws.com"
RATE = f"host {HOST}[192.0.2.1] said: 454 Throttling failure: Maximum sending rate exceeded. (in reply to end of DATA)"
REFUSED = f"connect to {HOST}[192.0.2.1]:587: Connection refused"
REJECTED = (
    "554 Message rejected: Email address is not verified. The following identities failed the check in region "
    "US-EAST-1: a@corp.test"
)


def test_an_empty_queue() -> None:
    assert summarize([], NOW) == {"messages": 0, "states": {}, "oldest_age_seconds": None, "reasons": []}


def test_counts_ages_and_reasons_the_most_frequent_first() -> None:
    found = summarize(
        [
            Message("deferred", NOW - 60, reasons=(REFUSED,)),
            Message("deferred", NOW - 20.9, reasons=(RATE,)),
            Message("deferred", NOW - 30, reasons=(RATE.replace("192.0.2.1", "192.0.2.2"),)),
            Message("active", NOW - 1),
            Message("hold"),
        ],
        NOW,
    )
    assert found["messages"] == 5
    assert found["states"] == {"deferred": 3, "active": 1, "hold": 1}
    assert found["oldest_age_seconds"] == 60
    told = [(entry["diagnosis"]["id"], entry["count"], entry["oldest_age_seconds"]) for entry in found["reasons"]]
    assert told == [("rate_exceeded", 2, 30), ("port_refused", 1, 60)]
    assert found["reasons"][0]["text"] == RATE


def test_a_message_counts_once_in_each_of_its_reasons() -> None:
    other = RATE.replace("192.0.2.1", "192.0.2.2")
    found = summarize([Message("deferred", NOW, reasons=(RATE, REFUSED, other))], NOW)
    assert [(entry["diagnosis"]["id"], entry["count"]) for entry in found["reasons"]] == [
        ("rate_exceeded", 1),
        ("port_refused", 1),
    ]


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (Message("deferred", sender="web@corp.test", recipients=("A@corp.test",)), "sandbox_recipient"),
        (Message("deferred", sender="a@corp.test", recipients=("b@corp.test",)), "identity_not_verified"),
    ],
)
def test_sender_and_recipients_tell_causes_apart(message: Message, cause: str) -> None:
    assert summarize([message._replace(reasons=(REJECTED,))], NOW)["reasons"][0]["diagnosis"]["id"] == cause


@pytest.mark.parametrize(("endpoint", "said"), [(None, HOST), ("smtp.example", "smtp.example")])
def test_the_sentence_names_the_endpoint_or_the_host_of_the_text(endpoint: str | None, said: str) -> None:
    reason = summarize([Message("deferred", reasons=(REFUSED,))], NOW, endpoint)["reasons"][0]
    assert f"refused: {said}," in reason["diagnosis"]["cause"]


@pytest.mark.cause("local_mta_refuses")
@pytest.mark.parametrize(
    ("state", "text", "cause"),
    [
        ("client", "Deferred: 452 4.4.5 Insufficient disk space; try again later", "local_mta_refuses"),
        ("client", "Deferred: 451 4.7.1 Service unavailable - try again later", "local_mta_refuses"),
        ("client", "Deferred: Connection refused by [127.0.0.1]", "local_mta_down"),
        ("deferred", "Deferred: 452 4.4.5 Insufficient disk space; try again later", "refused_temporarily"),
    ],
)
def test_what_the_hosts_own_mta_replies_is_not_sess(state: str, text: str, cause: str) -> None:
    found = summarize([Message(state, NOW, reasons=(text,))], NOW, "email-smtp.us-east-1.amazonaws.com")
    assert [entry["diagnosis"]["id"] for entry in found["reasons"]] == [cause]
    assert holds_mail(cause) == (state == "client")


def test_a_clock_that_went_back_gives_no_negative_age() -> None:
    assert summarize([Message("deferred", NOW + 5)], NOW)["oldest_age_seconds"] == 0


@pytest.mark.parametrize("arrived", [float("nan"), float("inf"), float("-inf"), -1.0, 0.0, 86400.0, 1e12, 1e300])
def test_a_time_at_which_no_mail_can_have_come_gives_no_age(arrived: float) -> None:
    found = summarize([Message("deferred", arrived, reasons=(RATE,)), Message("deferred", NOW - 60)], NOW)
    assert (found["messages"], found["oldest_age_seconds"]) == (2, 60)
    assert found["reasons"][0]["oldest_age_seconds"] is None


def test_a_text_is_one_short_printable_line() -> None:
    text = summarize([Message("deferred", reasons=("\x1b[31m\n" + "x" * 5000,))], NOW)["reasons"][0]["text"]
    assert text.isprintable()
    assert len(text) < 400


def test_many_wordings_keep_the_output_and_the_memory_small() -> None:
    messages = (Message("deferred", NOW, reasons=(f"554 Rejected, ticket {n}",)) for n in range(2000))
    tracemalloc.start()
    try:
        found = summarize(messages, NOW)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found["messages"] == 2000
    assert sum(entry["count"] for entry in found["reasons"]) == 2000
    assert len(found["reasons"]) == MAX_REASONS
    assert len(json.dumps(found)) < 100_000
    assert peak < 2_000_000


def test_a_new_cause_is_told_when_the_reasons_are_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailq, "MAX_REASONS", 1)
    texts = ["554 Rejected, ticket 1", REFUSED, "554 Rejected, ticket 2", REFUSED.replace(HOST, "smtp.example")]
    found = summarize([Message("deferred", NOW, reasons=(text,)) for text in texts], NOW)
    assert [(entry["diagnosis"]["id"], entry["count"]) for entry in found["reasons"]] == [
        ("refused_permanently", 2),
        ("port_refused", 2),
    ]
