# SPDX-License-Identifier: GPL-3.0-or-later
"""Each mail of a case is counted once, as what became of it."""

from __future__ import annotations

from typing import Any

import pytest
from faults.tally import arrivals, leaked, mixed, returned, tally, tokens, unfit

ADDRESS = "success+{}@simulator.amazonses.com"
POSTFIX = "4fX1: to=<{}>, relay=email-smtp[10.0.0.1]:587, delay=1, dsn={}, status={} (host email-smtp said: 530 x)"
SENDMAIL = "6ATC9: to=<{}>, ctladdr=<root@web1> (0/0), mailer=ses_relay, relay=email-smtp [10.0.0.1], dsn={}, stat=x"


def session(*recipients: str, **more: Any) -> dict[str, Any]:
    messages = [
        {"to": [ADDRESS.format(token)], "from": "root@example.com", "headers": [["From", "Root <root@example.com>"]]}
        for token in recipients
    ]
    return {"messages": messages, "commands": [], "user": None, "auth_in_clear": False, **more}


@pytest.mark.parametrize("line", [POSTFIX, SENDMAIL])
def test_the_log_tells_what_came_back(line: str) -> None:
    address = ADDRESS.format("c1b1x7")
    assert returned("x " + line.format(address, "5.7.0", "bounced"), "") == {"c1b1x7"}
    assert returned("x " + line.format(address, "4.7.0", "deferred"), "") == set()
    assert returned("x " + line.format(address, "2.0.0", "sent"), "") == set()


def test_a_mailbox_tells_what_came_back() -> None:
    assert returned("", f"Final-Recipient: rfc822; {ADDRESS.format('c1b2x0')}\n") == {"c1b2x0"}


def test_arrivals_are_counted_over_all_sessions() -> None:
    assert arrivals([session("a", "b"), session("b"), session()]) == {"a": 1, "b": 2}


def test_a_queue_names_its_mails() -> None:
    listing = f'{{"recipients": [{{"address": "{ADDRESS.format("a")}"}}]}}\nRPFD:<{ADDRESS.format("b")}>\n'
    assert tokens(listing) == {"a", "b"}


def test_each_mail_is_somewhere_or_lost() -> None:
    found = tally({"a", "b", "c", "d"}, {"a": 2, "x": 3}, {"b"}, {"c"}, late=1)
    assert (found.sent, found.delivered, found.bounced, found.lost, found.late, found.twice) == (4, 1, 1, 1, 1, 1)


def test_a_mail_can_come_back_and_arrive() -> None:
    found = tally({"a"}, {"a": 1}, {"a"}, set())
    assert (found.delivered, found.bounced, found.lost) == (1, 1, 0)


def test_sessions_without_a_valid_log_in_met_halves() -> None:
    good = session(commands=[["MAIL FROM:<a@example.com>", "250 Ok"]])
    without = session(commands=[["MAIL FROM:<a@example.com>", "530 Authentication required"]])
    refused = session(commands=[["AUTH PLAIN", "535 Authentication Credentials Invalid"]])
    assert unfit([good, without, refused]) == 2


def test_a_mail_with_two_senders_met_halves() -> None:
    half = session("a", "b")
    half["messages"][0]["from"] = "root@example.net"
    assert mixed([half, session("c")]) == 1


@pytest.mark.parametrize(("given", "count"), [({}, 0), ({"user": "AKIA"}, 1), ({"auth_in_clear": True}, 1)])
def test_a_credential_that_is_given_is_leaked(given: dict[str, Any], count: int) -> None:
    assert leaked([session(**given)]) == count
    assert leaked([session("a")]) == 1
