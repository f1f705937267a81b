# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS says of the accounts, in each report, and what it does to a host's state."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import jsonschema
import pytest
import report_samples as samples
from ansible_collections.mailops.ses.plugins.plugin_utils._report import as_html, as_json, as_junit, terminal
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet
from testbed.engine import ROOT

ELSEWHERE = {
    "id": "domain_verified_elsewhere",
    "cause": "example.com is verified in eu-west-1, not in us-east-1.",
    "remedy": "Verify it in us-east-1 too, or have the hosts use the endpoint of eu-west-1.",
    "source": "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html",
    "stops_sending": True,
}
UNUSED = {**ELSEWHERE, "id": "key_unused", "cause": "The key <b>was</b> never used.", "stops_sending": False}


def asked(hosts, *findings, **changes):
    """What a loop over account_requests registers."""
    item = {
        "region": "us-east-1",
        "access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "identities": ["example.com"],
        "configuration_set": None,
        "connections": 10 * len(hosts),
        "hosts": list(hosts),
    }
    quota = {"max_24_hours": 50_000.0, "max_per_second": 14.0, "sent_24_hours": 100.0, "left": 49_900.0}
    return {
        "item": item,
        "findings": list(findings),
        "account": {"quota": quota},
        "caller": {"account": "123456789012", "arn": "arn:aws:iam::123456789012:user/x"},
        "secret": "hunter2",
        **changes,
    }


def of(count, *findings, **changes):
    hosts = {f"web{n}": {"check": samples.healthy(), "queue": samples.QUEUES["empty"]} for n in range(count)}
    return fleet(hosts, samples.NOW, [asked(hosts, *findings, **changes)])


def test_a_finding_that_stops_mail_is_a_cause_of_its_hosts():
    found = of(31, ELSEWHERE, UNUSED)
    assert (found["summary"]["cannot_send"], found["summary"]["can_send"]) == (31, 0)
    cause = found["causes"][0]
    assert (cause["id"], cause["cannot_send"], len(cause["hosts"])) == ("domain_verified_elsewhere", 31, 31)
    assert "key_unused" not in {cause["id"] for cause in found["causes"]}
    lines = terminal.summary(found, "/tmp/r")
    assert any(line.startswith("domain_verified_elsewhere: 31 hosts, 31 cannot send: web0") for line in lines)


@pytest.mark.parametrize("way", ["ses_fallback", "ses_identities"])
def test_what_a_further_ways_account_lacks_stops_no_host(way):
    item = {**asked(["web0"])["item"], "way": way}
    found = of(1, ELSEWHERE, item=item)
    assert found["summary"]["can_send"] == 1
    printed = "\n".join(terminal.summary(found, "/tmp/r"))
    assert f": 1 host, by {way}" in printed
    assert ELSEWHERE["cause"] in printed


def test_a_warning_changes_no_state():
    found = of(2, UNUSED)
    assert found["summary"]["can_send"] == 2
    assert found["causes"] == []


@pytest.mark.parametrize("state", ["unreachable", "not_checked"])
def test_a_host_that_was_not_checked_is_not_stopped_by_its_account(state):
    results = {"unreachable": samples.DEAD, "not_checked": {"failed": True, "msg": "no Python"}}
    found = fleet({"web1": {"check": results[state]}}, samples.NOW, [asked(["web1"], ELSEWHERE)])
    assert found["hosts"][0]["state"] == state
    (cause,) = (cause for cause in found["causes"] if cause["id"] == "domain_verified_elsewhere")
    assert cause[state] == 0


def test_each_report_has_the_accounts():
    found = of(2, ELSEWHERE, UNUSED)
    (account,) = json.loads(as_json.render(found))["accounts"]
    assert (account["number"], account["sender"], account["quota"]["left"]) == ("123456789012", "example.com", 49_900)
    printed = "\n".join(terminal.summary(found, "/tmp/r"))
    assert "account 123456789012 in us-east-1 (AKIAIOSFODNN7EXAMPLE, example.com): 2 hosts" in printed
    assert "49,900 of 50,000 left, 14 a second; its hosts may open 20 connections" in printed
    page = as_html.render(found)
    assert "The key &lt;b&gt;was&lt;/b&gt; never used." in page
    assert 'id="h-accounts"' in page
    suite = ElementTree.fromstring(as_junit.render(found)).findall("testsuite")[-1]
    assert suite.get("name") == "account 123456789012 in us-east-1 (AKIAIOSFODNN7EXAMPLE, example.com): 2 hosts"
    assert [case.get("name") for case in suite] == ["domain_verified_elsewhere", "key_unused"]
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "2")  # hosts fail, an account says why
    for text in (page, as_json.render(found), as_junit.render(found), printed):
        assert "hunter2" not in text


def test_no_account_leaves_no_trace():
    found = fleet(samples.small(), samples.NOW)
    assert found["accounts"] == []
    assert 'id="h-accounts"' not in as_html.render(found)


def test_an_account_that_lacks_nothing_is_a_case_that_passes():
    (case,) = ElementTree.fromstring(as_junit.render(of(1))).findall("testsuite")[-1]
    assert case.find("skipped") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"failed": True, "msg": "Unable to locate credentials.", "findings": None}, "Unable to locate credentials."),
        ({"item": {"region": None, "hosts": ["web0"], "connections": 10}, "findings": None}, "set ses_region"),
    ],
)
def test_an_account_that_could_not_be_asked_says_why(changes, words):
    found = of(1, **changes)
    assert words in found["accounts"][0]["message"]
    assert words in " ".join(terminal.summary(found, "/tmp/r"))
    assert words in as_junit.render(found)
    assert found["summary"]["can_send"] == 1


def test_it_is_as_the_schema_says():
    schema = json.loads((ROOT / "docs/report.schema.json").read_text())
    jsonschema.validate(of(3, ELSEWHERE, UNUSED), schema)
    assert set(schema["$defs"]["account"]["properties"]) == set(of(1)["accounts"][0])
