# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts registered, as one description of the fleet."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
import report_samples as samples
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import Message, summarize
from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from ansible_collections.mailops.ses.plugins.plugin_utils._report import as_html, as_junit
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet, stopped_by
from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import FAILING, STATES

SCHEMA = json.loads((Path(__file__).parents[5] / "docs" / "report.schema.json").read_text())


def of(check, queue=None, now=samples.NOW):
    """The one host of a fleet."""
    (host,) = fleet({"web1": {"check": check, "queue": queue}}, now)["hosts"]
    return host


def causes(found):
    return [(cause["id"], cause["hosts"], cause["cannot_send"], cause["ports"]) for cause in found["causes"]]


@pytest.mark.parametrize(
    ("check", "state", "ids"),
    [
        (samples.healthy(), "can_send", []),
        (samples.no_port_25(), "can_send", ["port_25_swallowed"]),
        (samples.wrong_password(), "cannot_send", ["credentials_invalid"]),
        (samples.DEAD, "unreachable", ["host_unreachable"]),
        (samples.not_logged_in(), "not_logged_in", ["not_logged_in"]),
        ({"failed": True, "msg": "MODULE FAILURE"}, "not_checked", ["module_failed"]),
        ({"failed": True, "msg": "ses_region is empty."}, "not_checked", ["not_checked"]),
        ({"failed": True, "msg": "no", "diagnosis": [{"id": "temporary_keys"}]}, "cannot_send", ["temporary_keys"]),
        ({}, "not_checked", ["not_checked"]),
        (None, "not_checked", ["not_checked"]),
    ],
)
def test_the_state_of_a_host_and_its_causes(check, state, ids):
    host = of(check, samples.QUEUES["empty"])
    assert (host["state"], [item["id"] for item in host["diagnosis"]]) == (state, ids)
    assert all(item["stops_sending"] == (state not in ("can_send", "not_logged_in")) for item in host["diagnosis"])


@pytest.mark.parametrize("password", ["587", "5", "1", "25", "2", "0", ".", "a", "auth", "true", "wrapper"])
def test_a_password_that_ansible_sees_everywhere_costs_no_report(password):
    mail = {"check": samples.healthy(), "queue": samples.throttled(12), "probe": samples.PROBES["delivered"]}
    shown = {**samples.every_state(), "web9": mail}
    found = fleet(remove_values(shown, {password}), samples.NOW)
    plain = fleet(shown, samples.NOW)
    if len(password) > 1:  # else the endpoint's name is hidden too, and no MTA is known to lead there
        assert [host["state"] for host in found["hosts"]] == [host["state"] for host in plain["hosts"]]
    numbers = [[port["port"] for port in host["ports"]] for host in found["hosts"]]
    assert numbers == [[port["port"] for port in host["ports"]] for host in plain["hosts"]]
    if password.isdigit():
        jsonschema.validate(found, SCHEMA)
    for report in (as_html, as_junit):
        report.render(found)


def test_a_host_without_a_result_says_why():
    assert of(samples.DEAD)["message"].endswith("Connection timed out")
    assert "ses_region is empty" in of({"msg": "ses_region is empty."})["diagnosis"][0]["cause"]
    assert of({"msg": "region is empty.", "diagnosis": [{"id": "temporary_keys"}]})["message"] == "region is empty."
    assert of(samples.wrong_password())["message"] is None
    assert len(of({"msg": "x" * 10000})["message"]) < 600


def test_a_queue_keeps_its_counts_and_brings_its_causes():
    host = of(samples.healthy(), samples.throttled(12))
    assert (host["queue"]["messages"], host["queue"]["states"]) == (13, {"active": 1, "deferred": 12})
    assert host["queue"]["reasons"][0]["diagnosis"] == "rate_exceeded"
    (cause,) = host["diagnosis"]
    assert (cause["id"], cause["queued"], cause["ports"], cause["stops_sending"]) == ("rate_exceeded", 12, [], False)


@pytest.mark.parametrize("queue", [samples.QUEUES["unreadable"], {}, None])
def test_a_queue_that_cannot_be_read_is_named_and_stops_nothing(queue):
    host = of(samples.healthy(), queue)
    assert (host["state"], host["queue"]) == ("can_log_in", None)
    assert host["queue_error"]
    assert [item["id"] for item in host["diagnosis"]] == ["can_log_in", "queue_unreadable"]
    assert not any(item["stops_sending"] for item in host["diagnosis"])


EMPTY = samples.QUEUES["empty"]


@pytest.mark.parametrize(
    ("queue", "state", "said"),
    [
        ({**EMPTY, "relay": {"host": samples.ENDPOINT.upper() + ".", "logs_in": True}}, "can_send", ""),
        ({**EMPTY, "relay": {"host": samples.healthy()["canonical_name"], "logs_in": True}}, "can_send", ""),
        ({**EMPTY, "relay": {"host": samples.ENDPOINT, "logs_in": False}}, "can_log_in", "and has no log-in for it."),
        ({**EMPTY, "relay": {"host": samples.ENDPOINT}}, "can_log_in", "and its log-in could not be read."),
        (
            {**EMPTY, "relay": {"host": "hub.corp.example", "logs_in": True}},
            "can_log_in",
            "domains to hub.corp.example.",
        ),
        ({**EMPTY, "relay": {"host": None}}, "can_log_in", "leads such mail to no relay."),
        ({**EMPTY, "relay": None}, "can_log_in", "where its MTA leads mail for other domains could not be read."),
        (samples.QUEUES["none"], "can_log_in", "it has neither Postfix nor Sendmail."),
        (samples.QUEUES["unreadable"], "can_log_in", "what its MTA does could not be read."),
    ],
)
@pytest.mark.cause("can_log_in")
def test_a_log_in_proves_no_mail_unless_the_mta_leads_it_there(queue, state, said):
    found = fleet({"web1": {"check": samples.healthy(), "queue": queue}}, samples.NOW)
    jsonschema.validate(found, SCHEMA)
    (host,) = found["hosts"]
    assert (host["state"], stopped_by(found["causes"][0]) if found["causes"] else 0) == (state, 0)
    told = [item["cause"] for item in host["diagnosis"] if item["id"] == "can_log_in"]
    assert [cause[-len(said) :] for cause in told] == ([said] if said else [])


def test_an_endpoint_that_has_no_name_is_no_relay():
    queue = {**EMPTY, "relay": {"host": "", "logs_in": True}}
    assert of({**samples.healthy(), "canonical_name": None}, queue)["state"] == "can_log_in"


def test_what_keeps_every_module_from_running_is_told_once():
    broken = {"msg": "MODULE FAILURE", "module_stderr": "Segmentation fault"}
    host = of(broken, broken)
    assert [item["id"] for item in host["diagnosis"]] == ["module_failed"]
    assert (host["queue"], host["queue_error"], host["message"]) == (None, None, "Segmentation fault")


def test_nobody_asks_for_the_queue_of_a_dead_host():
    host = of(samples.DEAD, {"skipped": True})
    assert (host["queue"], host["queue_error"]) == (None, None)


def test_a_certificate_stands_once_with_its_ports_and_its_days():
    (certificate,) = of(samples.no_port_25())["certificates"]
    assert certificate["ports"] == [587, 2587, 465, 2465]
    assert certificate["days_left"] == 176
    later = of(samples.healthy(), now=samples.NOW + timedelta(days=180))
    assert later["certificates"][0]["days_left"] == -4
    check = samples.check([samples.works(587, certificate={**samples.CERTIFICATE, "not_after": "some day"})])
    assert of(check)["certificates"][0]["days_left"] is None


def test_causes_are_grouped_by_id_and_those_that_stop_most_hosts_come_first():
    found = fleet(
        {
            "web1": {"check": samples.no_port_25(), "queue": samples.QUEUES["empty"]},
            "web2": {"check": samples.no_port_25(), "queue": samples.QUEUES["empty"]},
            "web3": {"check": samples.wrong_password(), "queue": samples.throttled()},
        },
        samples.NOW,
    )
    assert causes(found) == [
        ("credentials_invalid", ["web3"], 1, [25, 465, 587, 2465, 2587]),
        ("port_25_swallowed", ["web1", "web2"], 0, [25]),
        ("rate_exceeded", ["web3"], 0, []),
    ]
    assert found["summary"] == {
        **{"hosts": 3, "can_send": 2, "can_log_in": 0, "not_logged_in": 0, "only_accepted": 0},
        **{"cannot_send": 1, "mail_waits": 0, "unreachable": 0, "not_checked": 0},
    }


def test_a_cause_that_is_worded_in_several_ways_keeps_each_once():
    dead = {f"web{n}": {"check": {"unreachable": True, "msg": text}} for n, text in enumerate(["a", "b", "b"])}
    (cause,) = fleet(dead, samples.NOW)["causes"]
    assert [(wording["hosts"], wording["cause"][-2:]) for wording in cause["wordings"]] == [
        (["web1", "web2"], "b."),
        (["web0"], "a."),
    ]
    assert cause["hosts"] == ["web0", "web1", "web2"]


@pytest.mark.parametrize(
    ("texts", "wordings"),
    [
        (["connect to host 192.0.2.1 port 22: timed out", "connect to host 192.0.2.29 port 22: timed out"], 1),
        (["connect to host 2001:db8::1 port 22: timed out", "connect to host 2001:db8::2 port 22: timed out"], 1),
        (["web0 is not known", "web1 is not known"], 1),
        (["connect to port 22: timed out", "connect to port 22: refused"], 2),
        (["connect to port 22: timed out", "connect to port 2222: timed out"], 2),
    ],
)
def test_messages_that_differ_by_names_and_addresses_alone_are_one(texts, wordings):
    dead = {f"web{n}": {"check": {"unreachable": True, "msg": text}} for n, text in enumerate(texts)}
    (cause,) = fleet(dead, samples.NOW)["causes"]
    assert len(cause["wordings"]) == wordings
    assert sorted(host for wording in cause["wordings"] for host in wording["hosts"]) == cause["hosts"]


@pytest.mark.parametrize("results", [samples.every_state(), samples.mixed(300)], ids=["every-state", "many"])
def test_the_counts_of_the_causes_are_those_of_the_states(results):
    found = fleet(results, samples.NOW)
    summary = found["summary"]
    assert sum(summary[state] for state in STATES) == summary["hosts"] == len(found["hosts"])
    for state in FAILING:
        hosts = {host["host"] for host in found["hosts"] if host["state"] == state}
        named = [host for cause in found["causes"] if cause[state] for host in cause["hosts"]]
        assert len(hosts) == summary[state]
        assert hosts <= set(named)
        assert sum(cause[state] for cause in found["causes"]) == summary[state]  # none of these has two causes
    (quiet,) = [cause for cause in found["causes"] if cause["id"] == "not_logged_in"]
    assert (len(quiet["hosts"]), stopped_by(quiet)) == (summary["not_logged_in"], 0)


def test_a_cause_in_two_wordings_stops_a_host_once():
    said = [{"id": "refused_permanently", "cause": f"The server refuses: {n}.", "remedy": "No."} for n in (1, 2)]
    ports = [samples.works(port, ok=False, diagnosis=[item]) for port, item in zip((25, 587), said, strict=True)]
    (cause,) = fleet({"web1": {"check": samples.check(ports), "queue": samples.QUEUES["empty"]}}, samples.NOW)["causes"]
    assert (cause["hosts"], cause["cannot_send"], len(cause["wordings"])) == (["web1"], 1, 2)


def test_nothing_but_the_named_values_gets_in():
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    extra = {"invocation": {"module_args": {"password": secret}}, "module_stdout": secret, "exception": secret}
    broken = {"msg": "MODULE FAILURE", "module_stderr": f"ValueError: {secret}", "module_stdout": secret}
    check = {**samples.healthy(), **extra}
    check["ports"] = [{**port, **extra} for port in check["ports"]]
    queue = {**samples.throttled(), **extra}
    queue["reasons"] = [{**reason, **extra} for reason in queue["reasons"]]
    found = fleet({"a": {"check": check, "queue": queue}, "b": {"check": {**samples.DEAD, **extra}}}, samples.NOW)
    found = [found, fleet({"c": {"check": broken, "queue": broken}}, samples.NOW)]
    assert secret not in json.dumps(found)


@pytest.mark.parametrize("results", [samples.small(), samples.mixed(60), {}], ids=["three", "sixty", "none"])
def test_it_has_the_documented_shape(results):
    jsonschema.validate(json.loads(json.dumps(fleet(results, samples.NOW))), SCHEMA)


def test_the_documented_shape_names_every_value():
    (host, *_) = fleet(samples.small(), samples.NOW)["hosts"]
    definitions = SCHEMA["$defs"]
    for name, value in {
        "host": host,
        "port": host["ports"][0],
        "certificate": host["certificates"][0],
        "queue": host["queue"],
        "diagnosis": host["diagnosis"][0],
    }.items():
        assert set(value) == set(definitions[name]["required"]) == set(definitions[name]["properties"]), name


REFUSED = f"connect to {samples.ENDPOINT}[192.0.2.10]:587: Connection refused"
DENIED = f"SASL authentication failed; server {samples.ENDPOINT}[192.0.2.10] said: 535 Credentials Invalid"
RATE = f"host {samples.ENDPOINT}[192.0.2.10] said: 454 Throttling failure: Maximum sending rate exceeded."
FILTER = "connect to 127.0.0.1[127.0.0.1]:10024: Connection refused"
PARTNER = "connect to mx.partner.example[192.0.2.7]:25: Connection refused"
GREYLISTED = "host mx.partner.example[192.0.2.7] said: 450 4.2.0 Greylisted (in reply to RCPT TO command)"
MAILBOX = "host 127.0.0.1[127.0.0.1] said: 452 4.2.2 Mailbox full (in reply to end of DATA command)"


@pytest.mark.parametrize(
    ("queue", "state"),
    [
        (samples.QUEUES["empty"], "can_send"),
        (samples.waiting(REFUSED), "mail_waits"),
        (samples.waiting(REFUSED, DENIED), "mail_waits"),
        (samples.waiting(REFUSED, states={"deferred": 1, "active": 3, "hold": 2}), "mail_waits"),
        (samples.waiting(REFUSED, PARTNER), "mail_waits"),  # mail for others tells nothing of the way to SES
        (samples.waiting(REFUSED, GREYLISTED), "mail_waits"),
        (samples.waiting(REFUSED, MAILBOX), "mail_waits"),
        (samples.waiting(REFUSED, FILTER), "mail_waits"),
        (samples.waiting(REFUSED, RATE), "can_send"),
        (samples.waiting(RATE), "can_send"),
        (samples.waiting(FILTER), "mail_waits"),
        (samples.waiting(FILTER, PARTNER), "mail_waits"),
        (samples.waiting(FILTER, RATE), "can_send"),
        (samples.waiting(PARTNER), "can_send"),
        (samples.waiting(PARTNER, GREYLISTED), "can_send"),
        (samples.waiting(MAILBOX), "can_send"),
        (samples.waiting(REFUSED, "no such thing in the table"), "can_send"),
        (samples.waiting("no such thing in the table"), "can_send"),
        (samples.waiting(REFUSED, states={"deferred": 2}), "can_send"),  # of one message the reason is not known
        (samples.waiting(states={"active": 2, "incoming": 1}), "can_send"),
        (samples.waiting(REFUSED, states={"client": 1}), "mail_waits"),  # Sendmail's submission queue
    ],
)
def test_a_host_whose_mail_all_waits_for_the_way_to_ses_cannot_send(queue, state):
    host = of(samples.healthy(), queue)
    assert host["state"] == state
    holding = {"port_refused", "credentials_invalid", "own_service_down"} if state == "mail_waits" else set()
    assert {item["id"] for item in host["diagnosis"] if item["stops_sending"]} == holding & {
        item["id"] for item in host["diagnosis"]
    }


def test_a_neighbours_dead_service_keeps_no_mail_for_ses():
    queue = summarize([Message("deferred", reasons=(FILTER,))], 0.0, samples.ENDPOINT, Way(samples.ENDPOINT))
    host = of(samples.healthy(), {"mta": "postfix", "relay": samples.TO_SES, **queue})
    assert (host["state"], [item["id"] for item in host["diagnosis"]]) == ("can_send", ["side_service_down"])


def test_a_log_in_that_fails_stays_the_cause_whatever_waits():
    host = of(samples.wrong_password(), samples.waiting(REFUSED))
    assert (host["state"], [item["id"] for item in host["diagnosis"] if item["stops_sending"]]) == (
        "cannot_send",
        ["credentials_invalid"],
    )
    assert of(samples.not_logged_in(), samples.waiting(REFUSED))["state"] == "not_logged_in"


def test_a_blocked_port_is_not_why_mail_waits():
    host = of(samples.no_port_25(), samples.waiting(REFUSED))
    assert {item["id"]: item["stops_sending"] for item in host["diagnosis"]} == {
        "port_25_swallowed": False,
        "port_refused": True,
    }


def test_a_mail_that_mail_manager_accepts_is_not_said_to_be_sent():
    host = of(samples.mail_manager(), samples.QUEUES["empty"])
    assert (host["state"], [item["id"] for item in host["diagnosis"]]) == ("only_accepted", ["only_accepted"])
    assert not host["diagnosis"][0]["stops_sending"]


@pytest.mark.parametrize("check", [samples.mail_manager(), samples.healthy()])
def test_the_newer_states_fit_the_schema(check):
    results = {"web1": {"check": check, "queue": samples.waiting(REFUSED)}}
    jsonschema.validate(fleet(results, samples.NOW), SCHEMA)


HELD = diagnose(Symptom("mail_held", "hold"))
UNTOLD = diagnose(Symptom("mail_log_unreadable", "no log"))


@pytest.mark.parametrize(
    ("check", "probe", "state"),
    [
        (samples.healthy(), samples.PROBES["delivered"], "can_send"),
        (samples.not_logged_in(), samples.PROBES["delivered"], "can_send"),
        (samples.wrong_password(), samples.PROBES["delivered"], "cannot_send"),
        (samples.healthy(), samples.probed("waits", HELD), "cannot_send"),
        (samples.not_logged_in(), samples.probed("waits", HELD), "cannot_send"),
        (samples.healthy(), samples.probed("unknown", UNTOLD), "not_checked"),
        (samples.healthy(), {"failed": True, "msg": "recipient 'x' is no mail address."}, "not_checked"),
        (
            samples.healthy(),
            {"delivered": False, "state": "skipped", "msg": "In check mode no mail is sent."},
            "can_send",
        ),
        (samples.healthy(), {"skipped": True, "changed": False}, "can_send"),
        (samples.healthy(), {}, "can_send"),
        (samples.DEAD, {}, "unreachable"),
    ],
)
def test_a_mail_tells_more_than_a_log_in(check, probe, state):
    found = fleet({"web1": {"check": check, "queue": samples.QUEUES["empty"], "probe": probe}}, samples.NOW)
    (host,) = found["hosts"]
    jsonschema.validate(found, SCHEMA)
    assert host["state"] == state
    if state not in ("can_send", "unreachable") and probe.get("state") != "delivered":
        assert any(item["stops_sending"] for item in host["diagnosis"])


@pytest.mark.parametrize("queue", [samples.QUEUES["unreadable"], {**EMPTY, "relay": None}, samples.waiting(FILTER)])
def test_a_mail_that_arrives_is_proof_whatever_else_is_known(queue):
    result = {"check": samples.healthy(), "queue": queue, "probe": samples.PROBES["delivered"]}
    (host,) = fleet({"web1": result}, samples.NOW)["hosts"]
    assert host["state"] == "can_send"
    assert "can_log_in" not in [item["id"] for item in host["diagnosis"]]


def test_a_mail_that_waits_is_the_cause_and_no_port_is():
    result = {"check": samples.no_port_25(), "probe": samples.probed("waits", HELD)}
    (host,) = fleet({"web1": result}, samples.NOW)["hosts"]
    stops = {item["id"]: item["stops_sending"] for item in host["diagnosis"]}
    assert (stops["mail_held"], stops["port_25_swallowed"]) == (True, False)
    assert host["probe"]["state"] == "waits"
