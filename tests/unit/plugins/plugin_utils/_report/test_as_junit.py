# SPDX-License-Identifier: GPL-3.0-or-later
"""junit.xml, parsed back."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import report_samples as samples
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from ansible_collections.mailops.ses.plugins.plugin_utils._report.as_junit import render
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet

# What the schema of Jenkins' xUnit plugin (junit-10.xsd) allows of what is used here: attributes, those that must be
# there, children.
SCHEMA = {
    "testsuites": ("name time tests failures errors", "", "testsuite"),
    "testsuite": (
        "name tests failures errors group time skipped timestamp hostname id package file log url",
        "name tests failures errors",
        "testcase properties system-out system-err",
    ),
    "testcase": ("name time classname group", "name", "skipped error failure system-out system-err"),
    "skipped": ("type message", "", ""),
    "error": ("type message", "", ""),
    "failure": ("type message", "", ""),
    "system-out": ("", "", ""),
}


def parsed(results):
    return ElementTree.fromstring(render(fleet(results, samples.NOW)).encode())


def case(results, name, host="web1"):
    (suite,) = [suite for suite in parsed(results) if suite.get("name") == host]
    (found,) = [entry for entry in suite if entry.get("name") == name]
    return found


def one(check, queue=None):
    return {"web1": {"check": check, "queue": samples.QUEUES["empty"] if queue is None else queue}}


def kinds(element):
    return [child.tag for child in element]


def test_a_suite_a_host_with_a_case_a_port_and_two_more():
    suites = {suite.get("name"): suite for suite in parsed(samples.small())}
    assert list(suites) == list(samples.small())
    assert [entry.get("name") for entry in suites["web1.corp.example.com"]] == [
        *("can send", "port 587", "port 2587", "port 465", "port 2465", "port 25", "queue"),
    ]
    assert [entry.get("name") for entry in suites["web3.corp.example.com"]] == ["can send", "queue"]


@pytest.mark.parametrize("results", [samples.mixed(200), samples.every_state()], ids=["many", "every-state"])
def test_what_fails_is_as_many_as_the_hosts_that_cannot_send(results):
    summary = fleet(results, samples.NOW)["summary"]
    root = parsed(results)
    lost = summary["unreachable"] + summary["not_checked"]
    assert int(root.get("failures")) == summary["cannot_send"] == len(list(root.iter("failure")))
    assert int(root.get("errors")) == lost == len(list(root.iter("error")))
    skipped = [
        entry for entry in root.iter("testcase") if entry.get("name") == "can send" and "skipped" in kinds(entry)
    ]
    assert len(skipped) == summary["not_logged_in"] + summary["can_log_in"]
    assert {entry.get("name") for entry in root.iter("testcase") if {"failure", "error"} & set(kinds(entry))} == {
        "can send"
    }


def test_counts_agree_with_what_is_there():
    root = parsed(samples.mixed(100))
    assert int(root.get("tests")) == len(list(root.iter("testcase")))
    for suite in root:
        for tag, attribute in (
            ("testcase", "tests"),
            ("failure", "failures"),
            ("error", "errors"),
            ("skipped", "skipped"),
        ):
            assert int(suite.get(attribute)) == len(list(suite.iter(tag)))


def test_a_host_that_sends_passes():
    found = case(one(samples.healthy()), "can send")
    assert kinds(found) == ["system-out"]
    assert "port 587" in found[0].text
    assert float(found.get("time")) == pytest.approx(0.122, abs=0.01)


def test_a_host_that_cannot_send_fails_with_the_cause_and_the_remedy():
    found = case(one(samples.wrong_password(), samples.throttled()), "can send")
    (failure,) = found
    assert (failure.tag, failure.get("type")) == ("failure", "credentials_invalid")
    assert failure.get("message").startswith("web1 cannot send: SES does not accept")
    assert "smtp-credentials.html" in failure.text
    assert "rate_exceeded" not in failure.text


@pytest.mark.parametrize(
    ("check", "identifier", "word"),
    [
        (samples.DEAD, "host_unreachable", "web1 unreachable: Ansible could not reach the host: Failed to connect"),
        ({"msg": "MODULE FAILURE", "module_stderr": "Killed"}, "module_failed", "on the host: Killed. Mostly"),
        ({"msg": "no such region"}, "not_checked", "web1 not checked: The check gave no result: no such region. Corr"),
    ],
)
def test_a_host_that_was_not_checked_is_an_error(check, identifier, word):
    (error,) = case(one(check), "can send")
    assert (error.tag, error.get("type")) == ("error", identifier)
    assert word in error.get("message")


def test_a_host_that_was_not_logged_in_says_so_and_fails_nothing():
    found = case(one(samples.not_logged_in()), "can send")
    assert kinds(found) == ["skipped", "system-out"]
    assert found[0].get("type") == "not_logged_in"
    assert found[0].get("message").startswith("web1 reached SES, not logged in: The host reaches email-smtp.us-east-1")


def test_a_host_that_can_log_in_says_why_no_more_is_known_and_fails_nothing():
    found = case(one(samples.healthy(), samples.QUEUES["none"]), "can send")
    assert kinds(found) == ["skipped", "system-out"]
    assert found[0].get("type") == "can_log_in"
    assert found[0].get("message").startswith("web1 can log in: The host logs in to email-smtp.us-east-1")


@pytest.mark.parametrize(
    ("check", "queue", "identifier"),
    [
        (samples.DEAD, None, "host_unreachable"),
        ({"msg": "MODULE FAILURE"}, {"msg": "MODULE FAILURE"}, "module_failed"),
        (samples.wrong_password(), samples.QUEUES["unreadable"], "queue_unreadable"),
        (samples.healthy(), samples.QUEUES["none"], "no_mta"),
    ],
)
def test_a_queue_that_was_not_read_has_the_id_of_why(check, queue, identifier):
    assert case({"web1": {"check": check, "queue": queue}}, "queue")[0].get("type") == identifier


def test_a_swallowed_port_of_a_host_that_sends_is_skipped_with_a_message():
    found = case(one(samples.no_port_25()), "port 25")
    assert kinds(found) == ["skipped", "system-out"]
    assert found[0].get("type") == "port_25_swallowed"
    assert found[0].get("message").startswith("fails at connect: Connections to port 25 time out")


@pytest.mark.parametrize(
    ("queue", "tag", "words"),
    [
        (samples.QUEUES["empty"], "system-out", "postfix: 0 messages"),
        (samples.QUEUES["none"], "skipped", "Neither Postfix nor Sendmail"),
        (samples.QUEUES["unreadable"], "skipped", "Permission denied"),
        (
            samples.throttled(12),
            "skipped",
            "13 messages (1 active, 12 deferred), the oldest for 3 h; 12 messages: host",
        ),
    ],
)
def test_the_queue_is_a_case_of_its_own(queue, tag, words):
    found = case(one(samples.healthy(), queue), "queue")[0]
    assert found.tag == tag
    assert words in (found.get("message") or found.text)


def test_a_host_is_one_class_of_one_package():
    assert {entry.get("classname") for entry in parsed(samples.small()).iter("testcase")} == {
        f"ses_check.web{n}_corp_example_com" for n in (1, 2, 3)
    }


def test_the_schema_of_ci_servers_is_kept():
    root = parsed({**samples.small(), **samples.mixed(60)})
    for element in root.iter():
        attributes, required, children = (set(words.split()) for words in SCHEMA[element.tag])
        assert required <= set(element.keys()) <= attributes, element.tag
        assert set(kinds(element)) <= children, element.tag
        assert re.fullmatch(r"\d+\.\d{3}", element.get("time", "0.000"))
        assert not (children and (element.text or "").strip()), element.tag
    assert next(root.iter("testsuite")).get("timestamp") == "2026-11-24T16:30:00"


def test_any_bytes_are_well_formed():
    said = "".join(map(chr, range(0x20))) + "\x7f\x85\ud800\ufffe]]></system-out><failure/>&\"'"
    port = samples.works(
        587, ok=False, reply={"code": 554, "text": said}, diagnosis=[{"id": said, "cause": said, "remedy": said}]
    )
    results = {said: {"check": samples.check([port]), "queue": {"msg": said}}}
    (suite,) = parsed(results)
    assert suite.get("failures") == "1"
    assert "␀␁␂" in suite.get("name")


def test_mail_that_waits_is_a_failure_with_its_cause_and_an_only_accepted_one_is_skipped():
    text = f"connect to {samples.ENDPOINT}[192.0.2.10]:587: Connection refused"
    results = {
        "web1": {"check": samples.healthy(), "queue": samples.waiting(text)},
        "web2": {"check": samples.mail_manager(), "queue": samples.QUEUES["empty"]},
    }
    root = ElementTree.fromstring(render(fleet(results, samples.NOW)))
    cases = [case for case in root.iter("testcase") if case.get("name") == "can send"]
    assert [(case[0].tag, case[0].get("type")) for case in cases] == [
        ("failure", "port_refused"),
        ("skipped", "only_accepted"),
    ]
    assert root.get("failures") == "1"


def test_a_mail_that_was_sent_is_a_case_of_its_own():
    held = diagnose(Symptom("mail_held", "hold"))
    arrived, waits = samples.PROBES["delivered"], samples.probed("waits", held)
    found = case({"web1": {"check": samples.healthy(), "probe": arrived}}, "mail")
    assert (kinds(found), found.get("time")) == (["system-out"], "0.700")
    results = {"web1": {"check": samples.healthy(), "probe": waits}}
    assert kinds(case(results, "can send"))[:1] == ["failure"]
    skipped = case(results, "mail")[0]
    assert (skipped.tag, skipped.get("type"), skipped.get("message")) == ("skipped", "mail_held", held["cause"])
    assert parsed(results).get("failures") == "1"
