# SPDX-License-Identifier: GPL-3.0-or-later
"""What postqueue lists and says: Postfix 3.7 and 3.10, running and stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import Message, QueueError, summarize
from ansible_collections.mailops.ses.plugins.module_utils._postfix.mailq import listed, message, parse, postfix_queue
from growth import LINEAR, TIMES, growth
from hypothesis import given
from hypothesis import strategies as st

REASON = "Host or domain name not found. Name service error for name=smtp.example type=AAAA: Host not found, try again"
DEFERRED = {
    "queue_name": "deferred",
    "queue_id": "4945E1E89BB",
    "arrival_time": 1795537999,
    "message_size": 260,
    "forced_expire": False,
    "sender": "root@web12.corp.test",
    "recipients": [
        {"address": "success@simulator.amazonses.com", "delay_reason": REASON},
        {"address": "bounce@simulator.amazonses.com", "delay_reason": REASON},
    ],
}
MAILDROP = {
    "queue_name": "maildrop",
    "queue_id": "E9DEB1E89B5",
    "arrival_time": 1795538169,
    "message_size": 123,
    "forced_expire": False,
    "sender": "root",
    "recipients": [{"address": "success@simulator.amazonses.com"}],
}


def postqueue(directory: Path, script: str) -> str:
    """A postqueue that does what SCRIPT does."""
    program = directory / "postqueue"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


def test_what_it_lists() -> None:
    assert list(parse([json.dumps(DEFERRED), json.dumps(MAILDROP), ""])) == [
        Message(
            state="deferred",
            arrived=1795537999.0,
            sender="root@web12.corp.test",
            recipients=("success@simulator.amazonses.com", "bounce@simulator.amazonses.com"),
            reasons=(REASON,),
            name="4945E1E89BB",
        ),
        Message("maildrop", 1795538169.0, "root", ("success@simulator.amazonses.com",), name="E9DEB1E89B5"),
    ]


def test_a_message_that_moves_while_the_queues_are_listed_counts_once() -> None:
    # Of 10,000 mails whose first attempt was failing, a listing had 10,053.
    lines = [json.dumps({**DEFERRED, "queue_name": name}) for name in ("active", "deferred")]
    assert [found.state for found in parse([*lines, json.dumps({**DEFERRED, "queue_id": "other"})])] == [
        "active",
        "deferred",
    ]


@pytest.mark.parametrize(
    "line", ["{", "[]", "[" * 100_000, "null", "{}", '{"recipients": [1]}', '{"arrival_time": "soon"}']
)
def test_an_entry_that_cannot_be_read_counts_all_the_same(line: str) -> None:
    assert list(parse([line])) == [Message("unreadable")]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_values_are_a_message(value: object) -> None:
    for entry in (
        value,
        dict.fromkeys(DEFERRED, value),
        {"recipients": [dict.fromkeys(("address", "delay_reason"), value)]},
    ):
        assert summarize(parse([json.dumps(entry)]), 0.0)["messages"] == 1


def test_a_listing_costs_as_much_for_each_message_however_many_there_are() -> None:
    lines = [json.dumps({**DEFERRED, "queue_id": str(number)}) for number in range(300 * TIMES)]
    assert growth(lambda size: summarize(parse(lines[:size]), 1795538000.0), 300) < LINEAR


def test_ten_thousand_messages_are_read_beside_a_talkative_postqueue(tmp_path: Path) -> None:
    (tmp_path / "one").write_text(json.dumps(DEFERRED) + "\n")
    script = f'i=0; while [ $i -lt 10000 ]; do read -r line < {tmp_path}/one; echo "$line"; i=$((i+1)); done'
    noise = f"i=0; while [ $i -lt 2000 ]; do echo 'warning: {'x' * 80}' >&2; i=$((i+1)); done"
    (tmp_path / "talkative").write_text(f"{noise}\n{script}\n")
    # One that blocked on what it says would do so for ever: it is ended, which fails.
    program = postqueue(tmp_path, f"exec timeout 120 sh {tmp_path}/talkative")
    found = summarize(postfix_queue(program), 1795538000.0)
    assert [(entry["count"], entry["oldest_age_seconds"]) for entry in found["reasons"]] == [(10_000, 1)]


def test_root_reads_the_queue_of_a_stopped_postfix(tmp_path: Path) -> None:
    words = "postqueue: warning: Mail system is down -- accessing queue directly"
    found = postfix_queue(postqueue(tmp_path, f"echo '{words}' >&2; echo '{json.dumps(MAILDROP)}'"))
    assert [message.state for message in found] == ["maildrop"]


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (
            "fatal: Queue report unavailable - mail system is down (Connect to the Postfix showq service: Connection "
            "refused)",
            "only root can read its queue",
        ),
        ("fatal: Connect to the Postfix showq service: Permission denied", "become: true"),
        ("fatal: User nobody(65534) is not allowed to view the mail queue", "authorized_mailq_users"),
        ("postqueue: invalid option -- 'j'", "Postfix 3.1"),
        ("fatal: something new", "something new"),
        ("", "no word"),
    ],
)
def test_a_queue_that_cannot_be_read_is_an_error(tmp_path: Path, words: str, remedy: str) -> None:
    program = postqueue(tmp_path, f'echo "{words}" >&2; exit 69')
    with pytest.raises(QueueError, match=remedy):
        list(postfix_queue(program))


def test_messages_are_listed_without_postfix(tmp_path: Path) -> None:
    files = {"maildrop/A1": 0o744, "maildrop/half": 0o600, "active/B2": 0o700, "deferred/C/C3": 0o700, "hold/D4": 0o700}
    for name, mode in {**files, "defer/C/C3": 0o600, "corrupt/E5": 0o700}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mail")
        path.chmod(mode)
    assert listed(str(tmp_path)) == {"A1": "maildrop", "B2": "active", "C3": "deferred", "D4": "hold"}
    assert listed(str(tmp_path / "gone")) == {}


def test_a_recipient_whose_bounce_is_still_to_be_sent_has_a_reason() -> None:
    rows = [
        {"address": "a@x.example", "delay_reason": "connect to a[192.0.2.1]:25: Connection refused"},
        {"address": "b@x.example", "bounce_reason": "host b[192.0.2.2] said: 550 no such user"},  # Postfix 3.11
        {"address": "c@x.example"},
    ]
    assert message({"queue_name": "deferred", "recipients": rows}).reasons == (
        "connect to a[192.0.2.1]:25: Connection refused",
        "host b[192.0.2.2] said: 550 no such user",
    )
