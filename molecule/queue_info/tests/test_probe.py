# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail that is followed to the reply of SES, or to where it waits, by a real MTA."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from testbed.relay import RELAYS, until

testinfra_hosts = RELAYS
MODULE = "mailops.ses.mail_probe"
RECIPIENT = "success@simulator.amazonses.com"
AS_READER = ("--become", "--become-method", "su", "--become-user", "reader")
REFUSED = (
    "554 Message rejected: Email address is not verified. The following identities failed the check in region "
    "US-EAST-1: root@corp.test"
)
RATE = "454 Throttling failure: Maximum sending rate exceeded."
WRONG = "535 Authentication Credentials Invalid"
# A fault of the endpoint; the state of the mail and the cause that each MTA leaves it in.
FAULTS = {
    "postfix": [
        ({"stage": "eod", "reply": REFUSED}, "bounced", "identity_not_verified"),
        ({"stage": "eod", "reply": RATE}, "waits", "rate_exceeded"),
        ({"stage": "auth", "reply": WRONG}, "waits", "credentials_invalid"),
        ({"refuse": True}, "waits", "port_refused"),
    ],
    "sendmail": [
        ({"stage": "eod", "reply": REFUSED}, "bounced", "identity_not_verified"),
        ({"stage": "eod", "reply": RATE}, "waits", "rate_exceeded"),
        ({"stage": "auth", "reply": WRONG}, "bounced", "authentication_required"),
        ({"refuse": True}, "waits", "port_refused"),
    ],
}
# What makes an MTA hold the mail, refuse it as it is handed over, or not try it, and what undoes that.
CF = "/etc/mail/sendmail.cf"
QUARANTINE = "R$*\\t\\t$#error $@ quarantine $: held by a test"
HOLDS = {
    "postfix": ("postconf -e header_checks=static:HOLD; postfix reload", "postconf -X header_checks; postfix reload"),
    "sendmail": (
        f"cp {CF} /root/cf; sed -i '/^SLocal_check_rcpt/a {QUARANTINE}' {CF}; systemctl restart sendmail",
        f"cp /root/cf {CF}; systemctl restart sendmail",
    ),
}
NOT_TRIED = {
    "postfix": ("kill -STOP $(pidof qmgr)", "kill -CONT $(pidof qmgr)"),
    "sendmail": (  # handed over, and left to a run of the client's queue
        "cp /etc/mail/submit.cf /root/cf; sed -i 's/^O DeliveryMode=.*/O DeliveryMode=q/' /etc/mail/submit.cf",
        "cp /root/cf /etc/mail/submit.cf",
    ),
}
# A recipient whom the host keeps.
KEEPS = {
    "postfix": ("true", "true"),
    "sendmail": (
        "echo 'kept: /dev/null' >> /etc/mail/aliases; newaliases",
        "sed -i '/^kept/d' /etc/mail/aliases; newaliases",
    ),
}
KEPT = {"postfix": "root", "sendmail": "kept"}
REFUSES = {
    "postfix": ("postconf -e authorized_submit_users=daemon", "postconf -X authorized_submit_users"),
    "sendmail": ("true", "true"),  # it asks the MTA, which knows its users
}


@contextmanager
def done(mta: Any, commands: tuple[str, str]) -> Iterator[None]:
    """Do the first, and the second in the end."""
    mta.host.check_output(commands[0])
    try:
        yield
    finally:
        mta.host.check_output(commands[1])


def probe(mta: Any, *arguments: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = mta.module(MODULE, *arguments, **{"recipient": RECIPIENT, "timeout": 20, **options})
    assert found["changed"] is False
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [item["id"] for item in found["diagnosis"]]


def arrivals(endpoint: Any, before: Any = ()) -> list[dict[str, Any]]:
    """What arrived and is not among BEFORE: a session that an earlier test left open keeps its mail."""
    return [message for session in endpoint.sessions() for message in session["messages"] if message not in before]


@pytest.fixture
def before(endpoint: Any) -> list[dict[str, Any]]:
    return arrivals(endpoint)


def test_a_delivered_mail_has_the_id_the_way_and_the_sender_that_the_endpoint_saw(mta, endpoint, before):
    found = probe(mta)
    (message,) = arrivals(endpoint, before)
    assert found["delivered"]
    assert (found["state"], found["diagnosis"], found["mta"]) == ("delivered", [], mta.kind)
    assert found["message_id"] == message["id"]
    assert found["reply"] == f"250 Ok {message['id']}"
    assert (found["sender"], [found["recipient"]]) == (message["from"], message["to"])
    assert found["relay"]["host"] == "email-smtp.us-east-1.amazonaws.com"
    assert found["relay"]["port"] == 587
    assert len(found["queue_ids"]) == {"postfix": 1, "sendmail": 2}[mta.kind]
    assert 0 <= found["seconds"] < 20
    assert until("the queue is empty", lambda: not mta.queue()) is True


def test_a_sender_that_is_given_is_the_mails(mta, endpoint, before):
    found = probe(mta, sender="app@example.com")
    (message,) = arrivals(endpoint, before)
    assert found["sender"] == message["from"] == "app@example.com"
    assert ["From", "app@example.com"] in message["headers"]


def test_check_mode_sends_nothing(mta, endpoint, before):
    found = probe(mta, "--check")
    assert (found["state"], found["delivered"], found["queue_ids"]) == ("skipped", False, [])
    assert mta.queue() == []
    assert arrivals(endpoint, before) == []


def test_an_address_that_is_more_than_one_is_refused(mta, endpoint, before):
    found = probe(mta, recipient="a@example.com\nBcc: b@example.com")
    assert found["failed"]
    assert found["msg"].startswith("recipient ")
    assert arrivals(endpoint, before) == []


def test_what_the_endpoint_refuses_is_not_delivered_and_has_its_cause(mta, endpoint):
    for fault, state, cause in FAULTS[mta.kind]:
        endpoint.reset()
        endpoint.fault(**fault)
        mta.forget()
        found = probe(mta)
        assert (found["state"], ids(found), found["delivered"]) == (state, [cause], False), found
        assert found["message_id"] is None
        assert found["queue_ids"]
        assert found["seconds"] < 20
    endpoint.reset()
    mta.forget()
    assert probe(mta)["delivered"]


@pytest.mark.cause("local_mta_down", "The MTA does not run")
@pytest.mark.cause("local_mta_down", "nothing answers on its port")
def test_a_stopped_mta_leaves_the_mail_in_its_queue(mta, endpoint, before):
    with done(mta, (f"systemctl stop {mta.unit}", f"systemctl start {mta.unit}")):
        found = probe(mta)
        assert (found["state"], ids(found)) == ("waits", ["local_mta_down"])
        assert found["queue_ids"]
        assert found["seconds"] < 20
        assert arrivals(endpoint, before) == []
        mta.empty()


@pytest.mark.cause("mail_held")
def test_a_mail_on_hold_waits_and_says_so(mta, endpoint, before):
    with done(mta, HOLDS[mta.kind]):
        found = probe(mta)
        assert (found["state"], ids(found), found["queue"]) == ("waits", ["mail_held"], "hold")
        assert arrivals(endpoint, before) == []


@pytest.mark.cause("mail_not_tried")
def test_a_mail_that_nobody_tried_waits_when_the_time_is_over(mta, endpoint, before):
    with done(mta, NOT_TRIED[mta.kind]):
        found = probe(mta, timeout=3)
        assert (found["state"], ids(found)) == ("waits", ["mail_not_tried"])
        assert 3 <= found["seconds"] < 10
        assert arrivals(endpoint, before) == []
        mta.empty()


@pytest.mark.cause("delivered_locally")
def test_a_mail_that_stays_on_the_host_is_not_delivered(mta, endpoint, before):
    name = mta.host.check_output("hostname")
    with done(mta, KEEPS[mta.kind]):
        found = probe(mta, recipient=f"{KEPT[mta.kind]}@{name}")
    assert (found["state"], ids(found), found["delivered"]) == ("local", ["delivered_locally"], False), found
    assert arrivals(endpoint, before) == []


@pytest.mark.cause("submission_refused")
def test_an_mta_that_refuses_the_mail_is_told_by_its_words(mta, endpoint, before):
    name = mta.host.check_output("hostname")
    with done(mta, REFUSES[mta.kind]):
        found = probe(mta, recipient=f"nosuch@{name}")
    assert (found["state"], ids(found)) == ("refused", ["submission_refused"]), found
    assert {"postfix": "is not allowed", "sendmail": "User unknown"}[mta.kind] in found["reply"]
    assert arrivals(endpoint, before) == []


@pytest.mark.cause("mail_log_unreadable")
def test_a_log_that_cannot_be_read_proves_no_delivery(mta, endpoint, before):
    found = probe(mta, *AS_READER, timeout=5)
    assert found["delivered"] is False
    assert found["state"] == "unknown"
    cause = {"postfix": "mail_log_unreadable", "sendmail": "queue_unreadable"}[mta.kind]
    assert ids(found) == [cause], found
    assert "become: true" in found["msg"]
    assert found["seconds"] < 15
    assert len(arrivals(endpoint, before)) == 1  # it did arrive, and nobody can know
