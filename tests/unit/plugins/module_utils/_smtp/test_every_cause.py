# SPDX-License-Identifier: GPL-3.0-or-later
"""Each cause of the table is provoked for real, and is told apart from its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable, NamedTuple

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.causes import CAUSES, Cause
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import smtp_password
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import LOAD_BALANCERS
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import check
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import OptionError, request_of
from causes import provoked, provokes
from ses_simulator import Simulator
from simulated import simulated
from smtp_servers import NAME, net

USER, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION, OTHER_REGION = "us-east-1", "eu-west-1"
SENDER, RECIPIENT = "web@corp.example", "you@there.example"
ALL = {"send": True}
ONLY_SENDER = {"username": None, "secret_access_key": None, "recipient": None}
LASTING = ("swallow", "silent", "endless")  # a check takes all its time for them
EHLO_WITHOUT_AUTH = "250-email-smtp.amazonaws.com\r\n250-STARTTLS\r\n250 Ok"


class Row(NamedTuple):
    """How a cause comes about: what is done to the endpoint, and which options the check has."""

    id: str
    act: str = "fault"
    values: dict[str, Any] = {}
    options: dict[str, Any] = {}
    says: str = ""  # part of the sentence, where the cause has several rows


def said(cause: str, stage: str, reply: str, says: str = "") -> Row:
    return Row(cause, "fault", {"stage": stage, "reply": reply}, ALL, says)


ROWS = [
    Row("secret_access_key_as_password", options={"password": SECRET, "secret_access_key": None}),
    Row("temporary_keys", options={"username": "ASIAIOSFODNN7EXAMPLE"}),
    Row("port_refused", values={"refuse": True}, says="The connection is refused"),
    Row("port_25_swallowed", values={"swallow": True, "ports": [25]}, options={"ports": [25, 587]}),
    Row("port_25_swallowed", values={"swallow": True, "ports": [25]}, options={"ports": [25]}),
    Row("port_swallowed", values={"swallow": True, "ports": [587]}, options={"ports": [587, 465]}),
    Row("egress_firewall", values={"swallow": True}, options={"ports": [587, 465, 25]}),
    Row("starttls_not_offered", values={"no_starttls": True}),
    said("starttls_refused", "starttls", "454 TLS not available due to temporary reason"),
    Row("certificate_expired", values={"certificate": "expired"}),
    Row("certificate_not_yet_valid", values={"certificate": "not_yet_valid"}),
    Row("certificate_other_name", values={"certificate": "other_name"}),
    Row("certificate_untrusted", values={"certificate": "untrusted"}),
    Row(
        "hostname_mismatch", options={"endpoint": LOAD_BALANCERS[REGION], "region": REGION}, says="shows a certificate"
    ),
    Row("tls_too_old", values={"tls_max": "TLSv1.1"}),
    Row("tls_too_old", values={"tls_max": "TLSv1.1"}, options={"ports": [465]}),
    Row("tls_timeout", values={"stage": "tls", "silent": True}, says="could not be told"),
    Row("tls_failed", values={"stage": "tls", "garbage": "16030100050200000000"}, options={"ports": [465]}),
    Row("auth_not_offered", values={"stage": "ehlo", "reply": EHLO_WITHOUT_AUTH}),
    said("account_not_subscribed", "auth", "535 Account not subscribed to SES"),
    Row("password_of_another_region", "credentials", {USER: {"secret_access_key": SECRET}}, {"password": OTHER_REGION}),
    Row("password_of_another_key", "credentials", {USER: "right"}, {"password": "another"}),
    Row("credentials_invalid", "credentials", {USER: "right"}, says="AWS keys used as they are"),
    said("starttls_required", "mail", "530 Must issue a STARTTLS command first"),
    Row("authentication_required", options={**ONLY_SENDER}),
    said(
        "iam_access_denied",
        "eod",
        "554 Access denied: User `arn:aws:iam::1:user/mail' is not authorized to perform `ses:SendRawEmail' on "
        "resource `arn:aws:ses:us-east-1:1:identity/corp.example'",
        says="it lacks",
    ),
    said("iam_access_denied", "eod", "554 Access denied: the account is paused", says="the account's state"),
    said(
        "sending_paused",
        "eod",
        "554 Message rejected: Sending paused for this account. For more information, please check the inbox of the "
        "email address associated with your AWS account.",
    ),
    said("tenant_paused", "eod", "554 Message rejected: Sending is paused for tenant t-1: tenant t-1 is paused"),
    said("tenant_paused", "eod", "554 Message rejected: Sending is paused for tenant t-1 in this Region"),
    said(
        "configuration_set_missing",
        "eod",
        "554 Configuration Set does not exist: Configuration set <x> does not exist.",
    ),
    said("configuration_set_missing", "eod", "554 Message rejected: Configuration set x does not exist."),
    said("recipient_suppressed", "eod", "554 Transaction failed: Address blacklisted: you@there.example"),
    Row("identity_not_verified", "identities", {"verified": ["there.example"]}, ALL, says="These identities"),
    Row("identity_not_verified", "identities", {"verified": [], "sandbox": True}, ALL, says="These identities"),
    said(
        "identity_not_verified",
        "eod",
        "554 Message rejected: Email address is not verified.",
        says="is not a verified identity",
    ),
    Row("sandbox_recipient", "identities", {"verified": ["corp.example"], "sandbox": True}, ALL),
    said("mail_from_domain_not_verified", "eod", "554 MAIL FROM domain not verified: mail.corp.example"),
    Row("rate_exceeded", "limits", {"rate": 0}, ALL),
    Row("daily_quota_exceeded", "limits", {"quota": 0}, ALL),
    said("throttled", "eod", "454 Throttling failure: a kind that is new"),
    Row("too_many_connections", "limits", {"concurrency": 0}),
    Row("message_cap_reached", "limits", {"messages_per_session": 0}, ALL),
    Row("idle_timeout", "limits", {"idle": 0.2}, ALL),
    said("temporary_authentication_failure", "auth", "454 Temporary authentication failure"),
    said("temporary_service_failure", "eod", "454 Temporary service failure"),
    said("temporary_service_failure", "mail", "451 Temporary service failure"),
    said("server_closing", "rcpt", "421 Service not available"),
    said("message_malformed", "eod", "554 Transaction failed: Duplicate header 'Subject'."),
    said("message_malformed", "eod", "554 Transaction failed: Missing final '@domain'"),
    said("message_malformed", "eod", "554 5.6.0 Transaction failed: User name is missing: '@corp.example'."),
    said("too_many_recipients", "eod", "554 Transaction failed: Recipient count exceeds 50."),
    said("smtputf8_required", "mail", "550 5.6.7 SMTPUTF8 is required"),
    said("requiretls_required", "mail", "550 5.7.30 REQUIRETLS is required"),
    Row("message_too_long", "limits", {"size": 10}, ALL),
    said("sender_invalid", "mail", "501 Invalid MAIL FROM address provided", says="SES does not"),
    said("sender_invalid", "mail", "553 <web@corp.example> Invalid email address", says="SES does not"),
    said("sender_invalid", "mail", "501 Syntax error", says="The server does not"),
    said("recipient_invalid", "rcpt", "553 <you@there.example> address unknown", says="SES does not"),
    said("recipient_invalid", "rcpt", "553 No such mailbox", says="The server does not"),
    Row("connection_lost", values={"stage": "data", "drop": True, "after": 20}, options=ALL),
    Row("connection_lost", values={"stage": "ehlo", "drop": "reset"}),
    Row("not_smtp", values={"stage": "banner", "garbage": True}),
    Row("not_smtp", values={"stage": "banner", "endless": "line"}),
    Row("reply_unfinished", values={"stage": "banner", "split": "bytes", "endless": True}, options={"timeout": 1.0}),
    Row("server_silent", values={"stage": "banner", "silent": True}),
    said("refused_temporarily", "rcpt", "452 Insufficient system storage"),
    said("refused_permanently", "banner", "554 No SMTP service here"),
]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated(tmp_path_factory.mktemp("simulator"), {USER: {"secret_access_key": SECRET}}, REGION) as simulator:
        yield simulator


@pytest.fixture
def sim(simulator: Simulator) -> Simulator:
    simulator.wait(closed=simulator.counters()["total"])  # reset forgets only what has ended
    simulator.reset()
    return simulator


def diagnosed(sim: Simulator, options: dict[str, Any]) -> list[list[dict[str, str]]]:
    params: dict[str, Any] = {
        **{"region": REGION, "endpoint": NAME, "ports": [587], "username": USER, "password": None},
        **{"secret_access_key": SECRET, "timeout": 10.0, "ca_file": sim.ca_file, "sender": SENDER},
        **{"recipient": RECIPIENT, "send": False, "retries": 0, "delay": 0.0, "option_names": {}, "mta": None},
        **options,
    }
    try:
        job = request_of(params, "web1", "Tue, 24 Nov 2026 13:00:00 -0000")
    except OptionError as fault:
        return [fault.diagnosis]
    return [port["diagnosis"] for port in check(job, net(sim.ports))["ports"]]


@pytest.mark.parametrize(
    ("cause", "row"), [provokes(row.id, row, says=row.says, id=f"{number}-{row.id}") for number, row in enumerate(ROWS)]
)
def test_a_cause_that_is_provoked(sim: Simulator, cause: str, row: Row) -> None:
    actions: dict[str, Callable[[dict[str, Any]], Any]] = {
        "fault": lambda values: sim.fault(**values) if values else None,
        "credentials": sim.credentials,
        "identities": lambda values: sim.identities(**values),
        "limits": lambda values: sim.limits(**values),
    }
    if row.id == "idle_timeout":
        sim.latency(0.5)
    actions[row.act](row.values)
    options = dict(row.options)
    if options.get("password") == OTHER_REGION:
        options["password"] = smtp_password(SECRET, OTHER_REGION)
    if any(row.values.get(action) is True for action in LASTING):
        options.setdefault("timeout", 3.0)
    found = diagnosed(sim, options)
    assert found[0][0]["id"] == cause
    assert row.says in found[0][0]["cause"]


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Of all tests, those in namespaces and containers too."""
    return provoked(tmp_path_factory.mktemp("causes"))


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.id}-{row.cause[:40]}") for row in CAUSES])
def test_every_row_is_provoked_somewhere(marks: set[tuple[str, str]], row: Cause) -> None:
    alone = sum(other.id == row.id for other in CAUSES) == 1
    assert any(cause == row.id and (alone or says) and says in row.cause for cause, says in marks)


def test_every_mark_is_of_a_row(marks: set[tuple[str, str]]) -> None:
    unknown = {mark for mark in marks if not any(mark[0] == row.id and mark[1] in row.cause for row in CAUSES)}
    assert unknown == set()
