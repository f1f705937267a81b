# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines as Postfix 3.7 and 3.10 and Sendmail 8.17 and 8.18 logged them, and what they say of a mail."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._probe.log import (
    BOUNCED,
    DEFERRED,
    SENT,
    Line,
    Relay,
    Trace,
    line_of,
    postfix_delivery,
    relay_of,
    sendmail_delivery,
)

ENDPOINT = "email-smtp.us-east-1.amazonaws.com"
SES_ID = "010701a225b34671-b0e1732c-21f8-bf05-9d48-276e98107740-000000"
TO = "success@simulator.amazonses.com"
NAME = "808aa7ff369940e198b64178fcdd730d@mail-probe.invalid"
DELAYS = "delay=0.16, delays=0.03/0.08/0.06/0"
SES = f"relay={ENDPOINT}[10.213.80.10]:587, {DELAYS}"
SM = (
    f"ctladdr=<root@web13.corp.test> (0/0), delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=30470, relay={ENDPOINT}."
)
SM_SES = f"{SM} [10.213.80.10]"


@pytest.mark.parametrize(
    ("program", "text", "mailer", "relay", "status", "says", "message_id"),
    [
        (
            "postfix/smtp",
            f"702671C0002: to=<{TO}>, {SES}, dsn=2.0.0, status=sent (250 Ok {SES_ID})",
            *("smtp", Relay(ENDPOINT, "10.213.80.10", 587), SENT, f"250 Ok {SES_ID}", SES_ID),
        ),
        (
            "postfix/ses-relay/smtp",
            f"4f8Xc26Z8Kz1: to=<{TO}>, orig_to=<ops>, relay={ENDPOINT}[10.213.80.10]:587, conn_use=2, {DELAYS}, "
            f"dsn=2.0.0, status=sent (250 Ok {SES_ID})",
            *("ses-relay/smtp", Relay(ENDPOINT, "10.213.80.10", 587), SENT, f"250 Ok {SES_ID}", SES_ID),
        ),
        (
            "postfix/smtp",
            f"C62DD20607E: to=<{TO}>, {SES}, dsn=4.0.0, status=deferred (host {ENDPOINT}[10.213.80.10] said: 454 "
            "Throttling failure: Maximum sending rate exceeded. (in reply to end of DATA command))",
            *("smtp", Relay(ENDPOINT, "10.213.80.10", 587), DEFERRED, "454 Throttling failure", None),
        ),
        (
            "postfix/smtp",
            f"7B1292060B2: to=<{TO}>, relay=none, {DELAYS}, dsn=4.4.1, status=deferred (connect to "
            f"{ENDPOINT}[10.213.80.10]:587: Connection refused)",
            *("smtp", None, DEFERRED, "Connection refused", None),
        ),
        (
            "postfix/smtp",
            f"7BD6E20605B: to=<{TO}>, {SES}, dsn=5.0.0, status=bounced (host {ENDPOINT}[10.213.80.10] said: 554 "
            "Message rejected: Email address is not verified. (in reply to end of DATA command))",
            *("smtp", Relay(ENDPOINT, "10.213.80.10", 587), BOUNCED, "554 Message rejected", None),
        ),
        (
            "postfix/local",
            f"167601C0005: to=<nobody@localhost>, relay=local, {DELAYS}, dsn=2.0.0, status=sent (delivered to mailbox)",
            *("local", None, SENT, "delivered to mailbox", None),
        ),
        (
            "postfix/lmtp",
            f"167601C0005: to=<a@b.example>, relay=web[private/dovecot-lmtp], {DELAYS}, dsn=2.0.0, "
            f"status=sent (250 Ok {SES_ID})",
            *("lmtp", None, SENT, "250 Ok", None),
        ),
        (
            "postfix/smtp",
            f"0A14E1C000C: to=<{TO}>, relay=127.0.0.1[127.0.0.1]:10024, {DELAYS}, dsn=2.0.0, status=sent (250 2.0.0 "
            "from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 0A14E1C000D)",
            *("smtp", Relay("127.0.0.1", "127.0.0.1", 10024), SENT, "queued as", None),
        ),
        (
            "sm-mta",
            f"6AT58qgN001835: to=<{TO}>, {SM_SES}, dsn=2.0.0, stat=Sent (Ok {SES_ID})",
            *("relay", Relay(ENDPOINT, "10.213.80.10", None), SENT, f"250 Ok {SES_ID}", SES_ID),
        ),
        (
            "sm-mta",
            f"6AT5Peqe003117: to=<{TO}>, {SM_SES}, dsn=5.0.0, reply=554 Message rejected: Email address is not "
            "verified., stat=Service unavailable",
            *("relay", Relay(ENDPOINT, "10.213.80.10", None), BOUNCED, "554 Message rejected", None),
        ),
        (
            "sm-mta",
            f"6AT5PgMu003129: to=<{TO}>, {SM_SES}, dsn=4.0.0, reply=454 Throttling failure: Maximum sending rate "
            "exceeded., stat=Deferred: 454 Throttling failure: Maximum sending rate exceeded.",
            *("relay", Relay(ENDPOINT, "10.213.80.10", None), DEFERRED, "454 Throttling failure", None),
        ),
        (
            "sendmail",
            f"6AT5PpUQ003213: to={TO}, ctladdr=root (0/0), delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=30275, "
            "relay=[127.0.0.1] [127.0.0.1], dsn=4.4.1, stat=Deferred: Connection refused by [127.0.0.1]",
            *("relay", Relay("127.0.0.1", "127.0.0.1", None), DEFERRED, "Connection refused by", None),
        ),
        (
            "sm-mta",
            "6AT5Peqe003119: to=<root@web13.corp.test>, delay=00:00:00, xdelay=00:00:00, mailer=local, pri=31494, "
            "dsn=4.0.0, stat=Operating system error",
            *("local", None, DEFERRED, "Operating system error", None),
        ),
        (
            "sm-mta",
            f"6AT5Pxw1003379: to=<{TO}>, delay=00:00:00, mailer=relay, pri=30470, quarantine=held by a test, "
            "stat=quarantined",
            *("relay", None, "", "quarantined", None),
        ),
        (
            "sm-mta",
            f"6AT58qgN001835: to=<{TO}>, delay=00:00:00, mailer=ses_relay, pri=30275, stat=queued",
            *("ses_relay", None, "", "queued", None),
        ),
    ],
)
def test_a_line_of_the_log_says_what_became_of_a_delivery(program, text, mailer, relay, status, says, message_id):
    line = Line(program, text)
    found = postfix_delivery(line) or sendmail_delivery(line)
    assert found is not None
    assert (found.mailer, found.relay, found.status, found.message_id) == (mailer, relay, status, message_id)
    assert says in found.text


@pytest.mark.parametrize(
    "text",
    [
        "Nov 29 05:07:15 web12.corp.test postfix/qmgr[861]: 702671C0002: removed",
        "2026-11-29T05:07:15.697655+00:00 web12 postfix/qmgr[861]: 702671C0002: removed",
        "<22>Nov 29 05:07:15 postfix/qmgr[861]: 702671C0002: removed",
    ],
)
def test_a_line_of_a_log_file(text):
    assert line_of(text) == Line("postfix/qmgr" if not text.startswith("<") else "postfix/qmgr", "702671C0002: removed")


def test_what_is_no_line_of_a_program():
    assert line_of("-- No entries --") is None
    assert postfix_delivery(Line("postfix/qmgr", "702671C0002: removed")) is None
    assert (
        sendmail_delivery(Line("sm-mta", "STARTTLS=client, relay=x, field=cn_issuer, status=failed to extract CN"))
        is None
    )


@pytest.mark.parametrize(
    ("text", "relay"),
    [
        ("[127.0.0.1] [127.0.0.1]", Relay("127.0.0.1", "127.0.0.1", None)),
        (f"{ENDPOINT}[2001:db8::1]:587", Relay(ENDPOINT, "2001:db8::1", 587)),
        ("mx.example.", Relay("mx.example", "", None)),
    ],
)
def test_a_relays_name_and_address_are_read(text, relay):
    assert relay_of(text) == relay


def trace(*lines: tuple[str, str]) -> Trace:
    found = Trace(NAME)
    found.feed(Line(*line) for line in lines)
    return found


POSTFIX = [
    ("postfix/pickup", "702671C0002: uid=0 from=<root>"),
    ("postfix/cleanup", f"702671C0002: message-id=<{NAME}>"),
    ("postfix/qmgr", "702671C0002: from=<root@example.com>, size=271, nrcpt=1 (queue active)"),
]
TAKEN = ("postfix/smtp", f"702671C0002: to=<{TO}>, {SES}, dsn=2.0.0, status=sent (250 Ok {SES_ID})")
FILTER = (
    "postfix/smtp",
    f"702671C0002: to=<{TO}>, relay=127.0.0.1[127.0.0.1]:10024, {DELAYS}, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued "
    "as 4945E1E89BB)",
)
COPY = ("postfix/local", f"702671C0002: to=<archive@web12>, relay=local, {DELAYS}, dsn=2.0.0, status=sent (delivered)")


def test_a_mail_is_followed_by_its_message_id_and_not_by_another_mails():
    found = trace(
        *POSTFIX,
        ("postfix/cleanup", "AAAAAA1C0002: message-id=<another@mail-probe.invalid>"),
        ("postfix/smtp", f"AAAAAA1C0002: to=<{TO}>, {SES}, dsn=2.0.0, status=sent (250 Ok {SES_ID})"),
    )
    assert list(found.senders.items()) == [("702671C0002", "root@example.com")]
    assert found.final(TO, over=True) is None
    found.feed([Line(*TAKEN)])
    assert found.final(TO).message_id == SES_ID


def test_what_a_filter_takes_is_not_the_end():
    found = trace(*POSTFIX, FILTER)
    assert found.final(TO) is None
    found.feed([Line("postfix/cleanup", f"4945E1E89BB: message-id=<{NAME}>")])
    assert found.final(TO, over=True) is None
    found.feed([Line("postfix/smtp", f"4945E1E89BB: to=<{TO}>, {SES}, dsn=2.0.0, status=sent (250 Ok {SES_ID})")])
    assert found.final(TO).queue_id == "4945E1E89BB"


def test_what_a_service_of_the_host_took_and_never_gave_back_is_the_end_when_it_is_over():
    found = trace(*POSTFIX, FILTER)
    assert found.final(TO, over=True).relay.host == "127.0.0.1"


def test_a_blind_copy_is_not_the_mail():
    found = trace(*POSTFIX, COPY)
    assert found.final(TO) is None
    found.feed([Line(*TAKEN)])
    assert found.final(TO.upper()).message_id == SES_ID


def test_sendmails_two_queues_are_one_way():
    took = f"6AT58q7c001834: to={TO}, ctladdr=root (0/0), delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=30080"
    found = trace(
        ("sendmail", f"6AT58q7c001834: from=root, size=80, class=0, nrcpts=1, msgid=<{NAME}>, relay=root@localhost"),
        ("sm-mta", f"6AT58qgN001835: from=<root@web13>, size=275, class=0, nrcpts=1, msgid=<{NAME}>, proto=ESMTP"),
        (
            "sendmail",
            f"{took}, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, "
            "stat=Sent (6AT58qgN001835 Message accepted for delivery)",
        ),
    )
    assert list(found.senders) == ["6AT58q7c001834", "6AT58qgN001835"]
    assert found.final(TO, over=True) is None
    found.feed([Line("sm-mta", f"6AT58qgN001835: to=<{TO}>, {SM_SES}, dsn=2.0.0, stat=Sent (Ok {SES_ID})")])
    assert found.final(TO).message_id == SES_ID
    assert found.sender("6AT58qgN001835") == "root@web13"
