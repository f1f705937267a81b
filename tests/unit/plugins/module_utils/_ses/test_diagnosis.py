# SPDX-License-Identifier: GPL-3.0-or-later
"""From replies, failures and queue texts to causes."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.causes import CAUSES, Cause
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose, diagnose_text
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom, symptom_of
from causes import provokes
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
INBOX = "For more information, please check the inbox of the email address associated with your AWS account."
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
    ("data", f"554 Message rejected: Sending paused for this account. {INBOX}", "sending_paused"),
    ("data", f"554 5.7.1 Message rejected: Sending suspended for this account. {INBOX}", "sending_paused"),
    ("data", "554 Account is paused", "sending_paused"),
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
    pytest.param("data", "250 Ok in place of 354", "unknown", marks=pytest.mark.cause("unknown")),
]
FAILURES = [
    (Symptom("unresolved", stage="resolve"), "name_unresolved"),
    (Symptom("dns_unavailable", stage="resolve"), "dns_unavailable"),
    (Symptom("dns_late", stage="connect"), "dns_unavailable"),
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
SES = "email-smtp.us-east-1.amazonaws.com"
BALANCER = "ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com"
RATE = "454 Throttling failure: Maximum sending rate exceeded."
DAILY = "454 Throttling failure: Daily message quota exceeded."
CAP = "421 Connection closed by server. Maximum message count per session reached."
NO_NAME = "Host or domain name not found. Name service error for"
# As Postfix 3.7 and 3.10 word them in their queues, each provoked at the simulator.
POSTFIX = f"{SES}[192.0.2.250]"
POSTFIX_QUEUE = [
    (f"connect to {POSTFIX}:587: Connection refused", "port_refused"),
    (f"connect to {POSTFIX}:587: Connection timed out", "port_swallowed"),
    (f"connect to {POSTFIX}:25: Connection timed out", "port_25_swallowed"),
    (f"delivery temporarily suspended: connect to {POSTFIX}:587: Connection refused", "port_refused"),
    (f"connect to {POSTFIX}:587: No route to host", "network_unreachable"),
    (f"connect to {SES}[2001:db8::1]:587: Network is unreachable", "network_unreachable"),
    (f"connect to {POSTFIX}:587: Permission denied", "forbidden_by_host"),
    (f"connect to {POSTFIX}:587: Connection reset by peer", "connection_lost"),
    (f"{NO_NAME} name={SES} type=AAAA: Host not found", "name_unresolved"),
    (f"{NO_NAME} name=email-smtp.eu-central-2.amazonaws.com type=A: Host not found", "name_unresolved"),
    (f"{NO_NAME} name={SES} type=AAAA: Host not found, try again", "dns_unavailable"),
    (f"unable to look up host {SES}: Temporary failure in name resolution", "dns_unavailable"),
    # Of the C library, where Postfix asks it (smtp_host_lookup = native), as under the role.
    (f"unable to look up host {SES}: Name or service not known", "name_unresolved"),
    (f"unable to look up host {SES}: No address associated with hostname", "name_unresolved"),
    ("deferred transport", "mail_held"),
    (f"TLS is required, but was not offered by host {POSTFIX}", "starttls_not_offered"),
    (f"TLS is required, but host {POSTFIX} refused to start TLS: 454 TLS not available", "starttls_refused"),
    ("Server certificate not verified", "certificate_not_verified"),  # whatever is wrong with it
    ("Cannot start TLS: handshake failure", "tls_failed"),  # too old, garbage, dropped, silent, a port's other mode
    (
        f"SASL authentication failed; server {POSTFIX} said: 535 Authentication Credentials Invalid",
        "credentials_invalid",
    ),
    (f"SASL authentication failed; server {POSTFIX} said: 535 Account not subscribed to SES", "account_not_subscribed"),
    (
        f"SASL authentication failed; server {POSTFIX} said: 454 Temporary authentication failure",
        "temporary_authentication_failure",
    ),
    (
        f"SASL authentication failed; cannot authenticate to server {POSTFIX}: no mechanism available",
        "sasl_mechanisms_missing",
    ),
    (f"host {POSTFIX} said: 530 Authentication required (in reply to MAIL FROM command)", "authentication_required"),
    (f"host {POSTFIX} said: 501 Invalid MAIL FROM address provided (in reply to MAIL FROM command)", "sender_invalid"),
    (f"host {POSTFIX} said: 501 5.1.7 Bad address (in reply to MAIL FROM command)", "sender_invalid"),
    (f"host {POSTFIX} said: 553 <x> address unknown (in reply to RCPT TO command)", "recipient_invalid"),
    (f"host {POSTFIX} said: 501 5.1.3 Bad address (in reply to RCPT TO command)", "recipient_invalid"),
    (f"host {POSTFIX} said: {RATE} (in reply to end of DATA command)", "rate_exceeded"),
    (f"host {POSTFIX} said: {DAILY} (in reply to MAIL FROM command)", "daily_quota_exceeded"),
    (f"host {POSTFIX} said: 454-Throttling failure: 454 Maximum sending rate exceeded.", "throttled"),  # of two lines
    (f"host {POSTFIX} refused to talk to me: 421 Too many concurrent SMTP connections", "too_many_connections"),
    (f"host {POSTFIX} refused to talk to me: 554 No SMTP service here", "refused_permanently"),
    (f"host {POSTFIX} said: {CAP} (in reply to MAIL FROM command)", "message_cap_reached"),
    (
        f"host {POSTFIX} said: 554 Message rejected: Sending paused for this account. {INBOX} (in reply to end of DATA "
        "command)",
        "sending_paused",
    ),
    (f"host {POSTFIX} said: {NOT_VERIFIED} (in reply to end of DATA command)", "identity_not_verified"),
    (
        f"host {POSTFIX} said: 451 4.4.2 Timeout waiting for data from client. (in reply to end of DATA command)",
        "idle_timeout",
    ),
    *(
        (f"lost connection with {POSTFIX} while {doing}", "connection_lost")
        for doing in (
            "receiving the initial server greeting",
            "performing the EHLO handshake",
            "receiving the STARTTLS response",
            "sending MAIL FROM",
            "sending end of data -- message may be sent more than once",
        )
    ),
    *(
        (f"conversation with {POSTFIX} timed out while {doing}", cause)
        for doing, cause in (
            ("receiving the initial server greeting", "server_silent"),  # garbage and a wrapper port look so, too
            ("performing the EHLO handshake", "server_silent"),
            ("sending RCPT TO", "server_silent"),
            ("sending end of data -- message may be sent more than once", "message_unanswered"),
            ("sending message body", "message_unanswered"),
        )
    ),
]
# As Sendmail 8.17 and 8.18 word them. They return mail after 5xx, so that 501, 530, 535 and 554 never stay in a queue.
SENDMAIL_QUEUE = [
    (f"Deferred: Connection refused by {SES}.", "port_refused"),
    (f"Deferred: Connection timed out with {SES}.", "port_swallowed"),
    ("Deferred: Connection refused by [127.0.0.1]", "local_mta_down"),
    ("Deferred: Connection refused by [127.0.0.2]", "own_service_down"),  # a filter, or a tunnel of the machine's own
    ("reply: read error from [127.0.0.2]", "own_service_down"),
    ("Deferred: Connection refused by localhost.example.", "own_service_down"),
    (f"Deferred: {BALANCER}.: No route to host", "network_unreachable"),
    ("Deferred: Permission denied", "forbidden_by_host"),
    (f"Deferred: Name server: [{SES}]: host name lookup failure", "dns_unavailable"),
    ("host map: lookup (simulator.amazonses.com): deferred", "dns_unavailable"),
    ("Deferred: 403 4.7.0 other side does not support STARTTLS", "starttls_not_offered"),
    ("Deferred: 403 4.7.0 authentication failed", "certificate_not_verified"),  # expired, not yet valid, untrusted
    (f"Deferred: 403 4.7.0 authentication failure CN:{SES}", "certificate_not_verified"),
    (f"Deferred: 403 4.7.0 CN smtp.example.net does not match {SES}", "certificate_other_name"),
    (f"Deferred: 403 4.7.0 CN {SES} does not match {BALANCER}", "hostname_mismatch"),
    (f"Deferred: 403 4.7.0 CN *.{SES.partition('.')[2]} does not match {SES}", "certificate_wildcard"),
    (f"Deferred: 403 4.7.0 CN *.example.net does not match {SES}", "certificate_other_name"),
    ("Deferred: 403 4.7.0 TLS handshake failed.", "tls_failed"),
    ("Deferred: Temporary AUTH failure", "login_deferred"),
    ("Deferred", "reason_of_another_mail"),
    (f"<a@example.net>... Name server: {SES}: host name lookup failure", "dns_unavailable"),
    (f"<a@example.net>... Host unknown: {SES} has no address", "name_unresolved"),
    (f"Deferred: {RATE}", "rate_exceeded"),
    (f"Deferred: {DAILY}", "daily_quota_exceeded"),
    ("Deferred: 454-Throttling failure:", "throttled"),  # of a reply of two lines the first
    ("Deferred: 421 Too many concurrent SMTP connections", "too_many_connections"),
    (f"Deferred: {CAP}", "message_cap_reached"),
    ("Deferred: 451 4.4.2 Timeout waiting for data from client.", "idle_timeout"),
    (f"reply: read error from {SES}.", "reply_lost"),  # lost, silent and garbage, at every stage
]
QUEUE = [
    *POSTFIX_QUEUE,
    *SENDMAIL_QUEUE,
    ("Server certificate not trusted", "certificate_untrusted"),
    ("connect to ip-10-0-250-4.internal[10.0.250.4]:587: Connection refused", "port_refused"),
    ("no such thing in the table", "unknown"),
    ("", "unknown"),
]


@pytest.mark.parametrize(("stage", "reply", "cause"), REPLIES)
def test_a_reply_has_its_cause(stage: str, reply: str, cause: str) -> None:
    assert diagnose(Symptom("reply", reply, stage))["id"] == cause


@pytest.mark.parametrize(("symptom", "cause"), FAILURES)
def test_a_failure_has_its_cause(symptom: Symptom, cause: str) -> None:
    assert diagnose(symptom)["id"] == cause


@pytest.mark.parametrize(("text", "cause"), QUEUE)
def test_a_text_of_the_queue_has_its_cause(text: str, cause: str) -> None:
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
        pytest.param(
            UNAUTHENTICATED.format(LOAD_BALANCER),
            {},
            "hostname_mismatch",
            marks=pytest.mark.cause("hostname_mismatch", "did not authenticate"),
        ),
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{NO_NAME} name={SES} type=AAAA: Host not found", f"The name {SES} does not resolve"),
        (f"Deferred: Name server: [{SES}]: host name lookup failure", f"no answer for {SES}."),
        (f"reply: read error from {SES}.", "Sendmail does not say which"),
        (
            f"Deferred: 403 4.7.0 CN {SES} does not match {BALANCER}",
            f"for {SES}, but it was connected to as {BALANCER}:",
        ),
        (f"Deferred: 403 4.7.0 CN smtp.example.net does not match {SES}", f"other names than {SES}: smtp.example.net."),
    ],
)
def test_the_sentence_names_what_the_queue_names(text: str, words: str) -> None:
    facts = symptom_of(text).facts
    assert words in diagnose_text(text, {"endpoint": facts.get("host", "")})["cause"]


@given(st.text())
def test_any_text_has_a_cause_in_one_printable_line(text: str) -> None:
    for diagnosis in (diagnose_text(text), diagnose(Symptom("reply", "554 " + text, "data"))):
        assert all(sentence.isprintable() and len(sentence) < 1000 for sentence in diagnosis.values())


def test_braces_in_a_reply_are_text() -> None:
    assert "{endpoint} {0}" in diagnose(Symptom("reply", "554 {endpoint} {0}", "data"))["cause"]


@pytest.mark.cause("credentials_invalid", "is not known")
@pytest.mark.parametrize(
    ("facts", "cause", "says"),
    [
        ({"region": "eu-west-1"}, "password_of_another_region", "region us-east-1, and this is eu-west-1"),
        ({"region": "us-east-1"}, "credentials_invalid", "AWS keys used as they are"),
        ({"endpoint": BALANCER}, "credentials_invalid", "AWS keys used as they are"),
        ({"canonical_name": BALANCER}, "credentials_invalid", "AWS keys used as they are"),
        ({"canonical_name": "ses-smtp-x-1.eu-west-2.elb.amazonaws.com."}, "password_of_another_region", "is eu-west-2"),
        ({"canonical_name": "email-smtp.eu-west-3.amazonaws.com"}, "password_of_another_region", "is eu-west-3"),
        ({"canonical_name": "mine-1.eu-west-2.elb.amazonaws.com"}, "credentials_invalid", "is not known"),
        ({"endpoint": "smtp.corp.example"}, "credentials_invalid", "whether smtp.corp.example is of that region"),
    ],
)
def test_whose_password_it_is_that_is_refused(facts: dict[str, str], cause: str, says: str) -> None:
    told = {"derived_for": "us-east-1", **facts}
    found = diagnose(Symptom("reply", "535 Authentication Credentials Invalid", "auth", facts=told))
    assert found["id"] == cause
    assert says in found["cause"]


MISSING = "No such file or directory"
MAILBOX = "cannot update mailbox /var/mail/root for user root."
# As Postfix words them; the endpoint is known.
NOT_OF_SES = [
    ("own_service_down", "connect to 127.0.0.1[127.0.0.1]:10024: Connection refused", "127.0.0.1:10024"),
    ("own_service_down", "connect to localhost[::1]:10024: Connection timed out", "::1:10024"),
    ("own_service_down", f"connect to web1.corp.example[private/dovecot-lmtp]: {MISSING}", "private/dovecot-lmtp"),
    ("own_service_down", f"connect to web1.corp.example[/run/store.sock]: {MISSING}", "/run/store.sock"),
    ("own_service_down", "TLS is required, but was not offered by host 127.0.0.1[127.0.0.1]", "127.0.0.1"),
    ("own_service_down", "lost connection with 127.0.0.1[127.0.0.1] while sending RCPT TO", "127.0.0.1"),
    (
        "own_service_refuses",
        "host 127.0.0.1[127.0.0.1] said: 451 4.5.0 Error in processing (in reply to end of DATA command)",
        "451 4.5.0 Error",
    ),
    (
        "own_service_refuses",
        "host web1.corp.example[private/dovecot-lmtp] said: 452 4.2.2 Mailbox is full (in reply to RCPT TO command)",
        "452 4.2.2 Mailbox",
    ),
    ("own_filter_refuses", "milter-reject: 4.7.1 Service unavailable - try again later", "filter"),
    ("own_mta_faulty", "alias database unavailable", "table"),
    ("own_transport_missing", "unknown mail transport error", "service"),
    ("own_transport_missing", "mail transport unavailable", "service"),
    ("own_tls_settings_faulty", "client TLS configuration problem", "TLS setting"),
    ("local_user_unknown", 'unknown user: "nobody-here"', "user"),
    ("other_server", "connect to mx.partner.example[192.0.2.7]:25: Connection refused", "mx.partner.example"),
    ("other_server", "connect to mx.partner.example[192.0.2.7]:25: Connection timed out", "mx.partner.example"),
    ("other_server", "connect to 192.0.2.77[192.0.2.77]:2525: No route to host", "192.0.2.77"),
    ("own_service_down", "connect to 127.0.0.9[127.0.0.9]:2525: Connection refused", "127.0.0.9:2525"),
    ("other_server", f"{NO_NAME} name=partner.example type=MX: Host not found", "partner.example"),
    (
        "other_server",
        "host mx.partner.example[192.0.2.7] said: 451 4.7.1 Greylisted (in reply to RCPT TO command)",
        "451 4.7.1 Greylisted",
    ),
    ("other_server", "connect to 2001:db8::7[2001:db8::7]:25: Network is unreachable", "2001:db8::7"),
    ("other_server", "Deferred: Connection refused by mx.partner.example.", "mx.partner.example"),  # Sendmail
    ("other_server", "Deferred: mx.partner.example.: No route to host", "mx.partner.example"),
    ("other_server", "Deferred: Name server: mx.partner.example.: host name lookup failure", "mx.partner.example"),
    ("other_server", "reply: read error from mx.partner.example.", "mx.partner.example"),
    # The endpoint that is known does not make another server of the host's own MTA.
    ("local_mta_down", "Deferred: Connection refused by [127.0.0.1]", "own MTA"),
    ("own_service_down", "Deferred: Connection refused by [127.0.0.2]", "127.0.0.2"),
    ("own_filter_refuses", "4.7.1 Service unavailable - try again later", "filter"),
    ("own_disk_full", f"{MAILBOX} cannot append message to file /var/mail/root: No space left on device", "No space"),
    ("own_delivery_fails", f"{MAILBOX} unable to create lock file /var/mail/root.lock: Permission denied", "lock file"),
    ("own_delivery_fails", 'Command died with status 1: "/usr/bin/procmail"', "procmail"),
    ("own_delivery_fails", "temporary failure. Command output: lda: Error", "lda"),
    ("own_delivery_fails", "Deferred: local mailer (/usr/sbin/sensible-mda) exited with EX_TEMPFAIL", "EX_TEMPFAIL"),
    ("mail_loops", "mail forwarding loop for root@web1.corp.example", "root@web1"),
    ("smtputf8_required", f"SMTPUTF8 is required, but was not offered by host {POSTFIX}", "SMTPUTF8"),
    (
        "requiretls_required",
        "Sender requested REQUIRETLS, but no server was found that supports REQUIRETLS. The last attempted server was "
        f"{POSTFIX}:587",
        "REQUIRETLS",
    ),
    ("requiretls_required", f"Sender requested REQUIRETLS, but TLS service was not offered by host {POSTFIX}", "TLS"),
]


@pytest.mark.parametrize(("cause", "text", "says"), [provokes(*case) for case in NOT_OF_SES])
def test_what_is_not_sess_fault_is_not_blamed_on_it(cause: str, text: str, says: str) -> None:
    found = diagnose_text(text, FACTS)
    assert found["id"] == cause
    assert says in found["cause"]


@pytest.mark.parametrize("text", [text for text, _cause in POSTFIX_QUEUE])
def test_what_the_endpoint_does_is_not_blamed_on_another_server(text: str) -> None:
    causes = (diagnose_text(text, FACTS)["id"], diagnose_text(text)["id"])
    assert not {"other_server", "own_service_down", "own_service_refuses"} & set(causes)


def test_an_endpoint_at_a_loopback_address_is_the_endpoint() -> None:
    text = "connect to smtp.test.example[127.0.0.1]:587: Connection refused"
    assert diagnose_text(text, {"endpoint": "smtp.test.example"})["id"] == "port_refused"
    assert diagnose_text(text, FACTS)["id"] == "own_service_down"
