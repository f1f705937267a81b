# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail that waits for real causes, and what the module makes of the MTA's words for them."""

from __future__ import annotations

import pytest
from testbed.mta import REGION_ENDPOINT
from testbed.relay import RELAYS

testinfra_hosts = RELAYS
# A fault, and the cause that the MTA's words for it lead to. (test_queue.py has local_mta_down.)
FAULTS = {
    "postfix": [
        ({"refuse": True}, "port_refused"),
        ({"certificate": "expired"}, "certificate_not_verified"),
        ({"stage": "auth", "reply": "535 Authentication Credentials Invalid"}, "credentials_invalid"),
        ({"stage": "mail", "drop": True}, "connection_lost"),
        ({"stage": "eod", "silent": True}, "message_unanswered"),
    ],
    "sendmail": [
        ({"refuse": True}, "port_refused"),
        ({"certificate": "untrusted"}, "certificate_not_verified"),
        ({"certificate": "other_name"}, "certificate_other_name"),
        ({"no_starttls": True}, "starttls_not_offered"),
        ({"stage": "mail", "drop": True}, "reply_lost"),
    ],
}
# What leads mail to a service of the host's own that is dead, and whether that keeps mail for SES.
DEAD = "smtp:[127.0.0.1]:10024"
SERVICES = [
    (f"content_filter = {DEAD}", ["[127.0.0.1]:10024"], "own_service_down"),
    (f"transport_maps = inline:{{{{partner.example = {DEAD}}}}}", [], "side_service_down"),
]
WITHOUT_MECHANISMS = {"postfix": "sasl_mechanisms_missing", "sendmail": "login_deferred"}


@pytest.mark.cause("certificate_not_verified")
@pytest.mark.cause("message_unanswered")
@pytest.mark.cause("reply_lost")
@pytest.mark.cause("sasl_mechanisms_missing")
@pytest.mark.cause("login_deferred")
def test_causes(mta, endpoint):
    for fault, _cause in FAULTS[mta.kind]:
        endpoint.reset()
        endpoint.fault(**fault)
        mta.forget()
        mta.defer()
    endpoint.reset()
    mechanisms = mta.host.check_output("echo /usr/lib/*/sasl2")
    mta.host.check_output(f"mv {mechanisms} {mechanisms}.off")
    try:
        mta.forget()
        mta.defer()
    finally:
        mta.host.check_output(f"mv {mechanisms}.off {mechanisms}")
        mta.forget()
    found = mta.look(endpoint="email-smtp.us-east-1.amazonaws.com")
    expected = [*(cause for _fault, cause in FAULTS[mta.kind]), WITHOUT_MECHANISMS[mta.kind]]
    assert {reason["diagnosis"]["id"]: reason["count"] for reason in found["reasons"]} == dict.fromkeys(expected, 1)
    assert found["messages"] == len(expected)


@pytest.mark.cause("own_tls_settings_faulty")
def test_a_tls_setting_that_postfix_does_not_understand_keeps_all_mail(mta):
    if mta.kind == "sendmail":
        pytest.skip("Sendmail has other words for it")
    name = "ses-relay/unix/smtp_tls_policy_maps"
    mta.host.check_output(f"postconf -P {name}=static:bogus")
    mta.forget()
    try:
        mta.defer()
        (reason,) = mta.look(endpoint=REGION_ENDPOINT)["reasons"]
    finally:
        mta.host.check_output(f"postconf -P {name}=")
        mta.forget()
    assert reason["diagnosis"]["id"] == "own_tls_settings_faulty"


@pytest.mark.cause("reason_of_another_mail")
def test_a_mail_that_was_not_tried_has_its_reason_at_another(mta, endpoint):
    if mta.kind == "postfix":
        pytest.skip("Postfix notes the reason at each")
    endpoint.fault(certificate="untrusted")
    mta.defer()
    mta.defer()
    mta.mta.flush()
    found = mta.look(endpoint=REGION_ENDPOINT)
    causes = {reason["diagnosis"]["id"]: reason["count"] for reason in found["reasons"]}
    assert causes == {"certificate_not_verified": 1, "reason_of_another_mail": 1}


@pytest.mark.parametrize(("setting", "via", "cause"), SERVICES, ids=["filter", "partner"])
def test_a_dead_service_keeps_mail_for_ses_where_it_lies_on_the_way(mta, endpoint, setting, via, cause):
    if mta.kind == "sendmail":
        pytest.skip("Sendmail hands mail to a filter by milter, and not by SMTP")
    name = setting.partition(" ")[0]
    before = mta.host.check_output(f"postconf {name}")
    mta.host.check_output(f"postconf -e '{setting}'")
    mta.forget()
    try:
        mta.defer("somebody@partner.example")
        found = mta.look(endpoint=REGION_ENDPOINT)
    finally:
        mta.host.check_output(f"postconf -e '{before}'")
        mta.forget()
    assert found["relay"] == {"host": REGION_ENDPOINT, "via": via, "logs_in": True}
    assert [reason["diagnosis"]["id"] for reason in found["reasons"]] == [cause]
