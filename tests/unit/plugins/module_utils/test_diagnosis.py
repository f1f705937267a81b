# SPDX-License-Identifier: GPL-3.0-or-later
"""From replies, failures and queue texts to causes."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._causes import CAUSES, Cause
from ansible_collections.mailops.ses.plugins.module_utils._diagnosis import Symptom, diagnose, diagnose_text, union
from hypothesis import given
from hypothesis import strategies as st

NOT_VERIFIED = (
    "554 Message rejected: Email address is not verified. The following identities failed the check in region "
    "US-EAST-1: web@corp.example, arn:aws:ses:us-east-1:1:identity/corp.example"
)
DENIED = (
    "554 Access denied: User arn:aws:iam::1:user/mail is not authorized to perform ses:SendRawEmail on resource "
    "arn:aws:ses:us-east-1:1:identity/corp.example"
)
REPLIES = [
    ("auth", "535 Authentication Credentials Invalid", "credentials_invalid"),
    ("auth", "535 Account not subscribed to SES", "account_not_subscribed"),
    ("auth", "454 Temporary authentication failure", "temporary_authentication_failure"),
    ("sender", "530 Authentication required", "authentication_required"),
    ("sender", "530 Must issue a STARTTLS command first", "starttls_required"),
    ("sender", "501 Invalid MAIL FROM address provided", "sender_invalid"),
    ("sender", "553 <web@corp> Invalid email address", "sender_invalid"),
    ("sender", "501 Syntax error", "sender_invalid"),
    ("recipient", "553 <a@b> address unknown", "recipient_invalid"),
    ("recipient", "501 Syntax error", "recipient_invalid"),
    ("data", NOT_VERIFIED, "identity_not_verified"),
    ("data", "554 Message rejected: Email address is not verified.", "identity_not_verified"),
    ("data", "554 MAIL FROM domain not verified: mail.corp.example", "mail_from_domain_not_verified"),
    ("data", DENIED, "iam_access_denied"),
    ("data", "554 Access denied: account paused", "iam_access_denied"),
    ("data", "552 Message is too long.", "message_too_long"),
    ("data", "454 Throttling failure: Maximum sending rate exceeded.", "rate_exceeded"),
    ("data", "454 Throttling failure: Daily message quota exceeded.", "daily_quota_exceeded"),
    ("data", "454 4.7.0 Throttling failure: Maximum sending rate exceeded.", "rate_exceeded"),
    ("data", "454 Throttling failure: something new", "throttled"),
    ("data", "454 Temporary service failure", "temporary_service_failure"),
    ("data", "451 Temporary service failure", "temporary_service_failure"),
    ("data", "451 4.4.2 Timeout waiting for data from client.", "idle_timeout"),
    ("data", "451 Timeout waiting for data from client", "idle_timeout"),
    ("banner", "421 Too many concurrent SMTP connections", "too_many_connections"),
    ("sender", "421 Connection closed by server. Maximum message count per session reached.", "message_cap_reached"),
    ("ehlo", "421 Service shutting down", "server_closing"),
    ("tls", "454 TLS not available due to temporary reason", "starttls_refused"),
    ("data", "452 Insufficient system storage", "refused_temporarily"),
    ("banner", "554 No SMTP service here", "refused_permanently"),
    ("data", "250 Ok in place of 354", "unknown"),
]
FAILURES = [
    (Symptom("unresolved", stage="resolve"), "name_unresolved"),
    (Symptom("dns_unavailable", stage="resolve"), "dns_unavailable"),
    (Symptom("refused", stage="connect", port=587), "port_refused"),
    (Symptom("timeout", stage="connect", port=587, scope="works"), "port_swallowed"),
    (Symptom("timeout", stage="connect", port=587), "port_swallowed"),
    (Symptom("timeout", stage="connect", port=587, scope="swallowed"), "all_ports_swallowed"),
    (Symptom("timeout", stage="connect", port=25, scope="works"), "port_25_swallowed"),
    (Symptom("timeout", stage="connect", port=25), "port_25_swallowed"),
    (Symptom("timeout", stage="connect", port=25, scope="swallowed"), "all_ports_swallowed"),
    (Symptom("unreachable", stage="connect"), "network_unreachable"),
    (Symptom("forbidden", stage="connect"), "forbidden_by_host"),
    (Symptom("timeout", stage="tls"), "tls_timeout"),
    (Symptom("timeout", stage="banner"), "server_silent"),
    (Symptom("timeout", stage="ehlo"), "server_silent"),
    (Symptom("unfinished", stage="banner"), "reply_unfinished"),
    (Symptom("closed", stage="data"), "connection_lost"),
    (Symptom("io", "something", "data"), "unknown"),
]
QUEUE = [
    ("454 Throttling failure: Maximum sending rate exceeded.", "rate_exceeded"),
    (
        "host email-smtp.us-east-1.amazonaws.com[192.0.2.250] said: 454 Throttling failure: Daily message quota "
        "exceeded. (in reply to end of DATA command)",
        "daily_quota_exceeded",
    ),
    (f"host smtp[192.0.2.1]:587 said: {NOT_VERIFIED} (in reply to end of DATA command)", "identity_not_verified"),
    ("host smtp[192.0.2.1] said: 501 5.1.7 Bad address (in reply to MAIL FROM command)", "sender_invalid"),
    ("host smtp[192.0.2.1] said: 501 5.1.3 Bad address (in reply to RCPT TO command)", "recipient_invalid"),
    (
        "SASL authentication failed; server smtp.example[192.0.2.1] said: 535 Authentication Credentials Invalid",
        "credentials_invalid",
    ),
    ("Deferred: 454 Throttling failure: Maximum sending rate exceeded.", "rate_exceeded"),
    ("Deferred: Connection timed out with email-smtp.us-east-1.amazonaws.com.", "port_swallowed"),
    ("Deferred: Connection refused by email-smtp.us-east-1.amazonaws.com.", "port_refused"),
    ("connect to smtp.example[192.0.2.250]:587: Connection timed out", "port_swallowed"),
    ("connect to smtp.example[192.0.2.250]:25: Connection timed out", "port_25_swallowed"),
    ("connect to smtp.example[192.0.2.250]:587: Connection refused", "port_refused"),
    ("connect to smtp.example[2001:db8::1]:587: Network is unreachable", "network_unreachable"),
    (
        "Host or domain name not found. Name service error for name=smtp.example type=A: Host not found",
        "name_unresolved",
    ),
    (
        "Host or domain name not found. Name service error for name=smtp.example type=A: Host not found, try again",
        "dns_unavailable",
    ),
    ("Server certificate not trusted", "certificate_untrusted"),
    ("Server certificate not verified", "certificate_other_name"),
    ("TLS is required, but was not offered by host smtp.example[192.0.2.1]", "starttls_not_offered"),
    ("Cannot start TLS: handshake failure", "tls_failed"),
    ("lost connection with smtp.example[192.0.2.1] while sending end of data", "connection_lost"),
    (
        "conversation with smtp.example[192.0.2.1] timed out while receiving the initial server greeting",
        "server_silent",
    ),
    ("no such thing in the table", "unknown"),
    ("", "unknown"),
]


@pytest.mark.parametrize(("stage", "reply", "cause"), REPLIES)
def test_replies(stage: str, reply: str, cause: str) -> None:
    assert diagnose(Symptom("reply", reply, stage))["id"] == cause


@pytest.mark.parametrize(("symptom", "cause"), FAILURES)
def test_failures(symptom: Symptom, cause: str) -> None:
    assert diagnose(symptom)["id"] == cause


@pytest.mark.parametrize(("text", "cause"), QUEUE)
def test_queue_texts(text: str, cause: str) -> None:
    assert diagnose_text(text)["id"] == cause


@pytest.mark.parametrize("cause", [cause for cause in CAUSES if cause.stages])
def test_a_row_for_certain_stages_is_reached(cause: Cause) -> None:
    symptoms = [Symptom(kind, "501 -", stage, 25) for kind in cause.kinds for stage in cause.stages]
    assert all(diagnose(symptom)["id"] != "unknown" for symptom in symptoms)


def test_the_sentence_names_what_the_reply_names() -> None:
    diagnosis = diagnose(Symptom("reply", NOT_VERIFIED, "data", facts={"region": "eu-west-1"}))
    assert "region US-EAST-1: web@corp.example, arn:aws:ses:us-east-1:1:identity/corp.example." in diagnosis["cause"]
    assert "region US-EAST-1" in diagnosis["remedy"]
    denied = diagnose(Symptom("reply", DENIED, "data"))["cause"]
    assert "arn:aws:iam::1:user/mail" in denied
    assert "ses:SendRawEmail" in denied


LOAD_BALANCER = "ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com"
FACTS = {"endpoint": "email-smtp.us-east-1.amazonaws.com", "sender": "web@corp.example"}
UNAUTHENTICATED = "host {}[192.0.2.1] said: 530 Authentication required (in reply to MAIL FROM command)"
FAILED = "554 Message rejected: Email address is not verified. The following identities failed the check in region X: "


@pytest.mark.parametrize(
    ("text", "facts", "cause"),
    [
        (UNAUTHENTICATED.format(LOAD_BALANCER), {}, "hostname_mismatch"),
        (UNAUTHENTICATED.format(FACTS["endpoint"]), {}, "authentication_required"),
        (
            UNAUTHENTICATED.format(FACTS["endpoint"]),
            {**FACTS, "canonical_name": "lb.example"},
            "authentication_required",
        ),
        (UNAUTHENTICATED.format("lb.example"), {**FACTS, "canonical_name": "lb.example"}, "hostname_mismatch"),
        (UNAUTHENTICATED.format("lb.example"), {**FACTS, "canonical_name": "other.example"}, "authentication_required"),
        (FAILED + "you@there.example", {**FACTS, "recipients": "you@there.example, b@c.example"}, "sandbox_recipient"),
        (FAILED + "You@There.example", {**FACTS, "recipients": "you@there.example"}, "sandbox_recipient"),
        (FAILED + "you@there.example", FACTS, "identity_not_verified"),
        (FAILED + "web@corp.example", {**FACTS, "recipients": "you@there.example"}, "identity_not_verified"),
        (FAILED + "web@corp.example", {**FACTS, "recipients": "web@corp.example"}, "identity_not_verified"),
        (FAILED + "web@corp.example, y@t.example", {**FACTS, "recipients": "y@t.example"}, "identity_not_verified"),
    ],
)
def test_facts_tell_neighbours_apart(text: str, facts: dict[str, str], cause: str) -> None:
    assert diagnose_text(text, facts)["id"] == cause


def test_the_mismatch_names_the_rows() -> None:
    remedy = diagnose_text(UNAUTHENTICATED.format(LOAD_BALANCER))["remedy"]
    assert f"`{LOAD_BALANCER} USERNAME:PASSWORD`" in remedy
    assert f'`AuthInfo:{LOAD_BALANCER} "U:root" "I:USERNAME" "P:PASSWORD" "M:LOGIN"`' in remedy
    assert f"`Connect:{LOAD_BALANCER} RELAY`" in remedy


def test_facts_fill_the_sentences() -> None:
    facts = {"endpoint": "smtp.example", "names": "a.example, b.example"}
    cause = diagnose(Symptom("certificate_other_name", "Hostname mismatch", "tls", facts=facts))["cause"]
    assert "smtp.example: a.example, b.example." in cause


@given(st.text())
def test_any_text_has_a_cause_in_one_printable_line(text: str) -> None:
    for diagnosis in (diagnose_text(text), diagnose(Symptom("reply", "554 " + text, "data"))):
        assert all(sentence.isprintable() and len(sentence) < 1000 for sentence in diagnosis.values())


def test_braces_in_a_reply_are_text() -> None:
    assert "{endpoint} {0}" in diagnose(Symptom("reply", "554 {endpoint} {0}", "data"))["cause"]


def test_a_union_has_each_once_in_order() -> None:
    a, b = {"id": "a"}, {"id": "b"}
    assert union([b, a, b]) == [b, a]
