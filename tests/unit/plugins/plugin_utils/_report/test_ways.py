# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reports say of further ways out: each way whether it takes a log-in, and what a log-in does not show."""

from __future__ import annotations

import pytest
import report_samples as samples
from ansible_collections.mailops.ses.plugins.plugin_utils._report import as_html, as_junit, terminal
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet

NAME = "email-smtp.eu-west-1.amazonaws.com"
GOOD = {**samples.healthy(), "name": "ses_fallback[0]", "endpoint": NAME, "port": 587}
REFUSED = {
    **samples.wrong_password(),
    **{"name": "ses_fallback[0]", "endpoint": NAME, "port": 587, "failed": True, "msg": "Port 587 did not take it."},
}
AT_FAULT = {"failed": True, "msg": "ses_fallback[0] has no credentials for eu-west-1."}


def of(*ways, check=None):
    """The fleet of one host that has these further ways."""
    result = {"check": check or samples.healthy(), "queue": samples.QUEUES["empty"], "fallback": list(ways)}
    return fleet({"web1": result}, samples.NOW)


def causes(found):
    return [item["id"] for item in found["hosts"][0]["diagnosis"]]


def printed(found):
    """The lines of the terminal as one text."""
    return " ".join(" ".join(terminal.summary(found, "reports")).split())


@pytest.mark.cause("fallback_identities")
def test_a_way_that_takes_the_log_in_is_told_with_what_no_log_in_shows():
    found = of(GOOD)
    assert found["hosts"][0]["fallback"] == [
        {"name": "ses_fallback[0]", "endpoint": NAME, "port": 587, "reachable": True, "logs_in": True, "message": ""}
    ]
    assert "fallback_identities" in causes(found)
    assert f"way: web1: {NAME}, port 587: can log in" in printed(found)
    assert '<testcase classname="ses_check.web1" name="way 2"' in as_junit.render(found)
    assert f"<dt>Further way<dd>{NAME}, port 587: can log in" in as_html.render(found)


@pytest.mark.cause("fallback_fails")
def test_a_way_that_fails_is_told_with_its_cause_and_the_hosts_state_is_the_firsts():
    found = of(REFUSED)
    assert causes(found) == ["fallback_fails", *causes(of())]
    assert found["hosts"][0]["state"] == of()["hosts"][0]["state"]
    assert not any(item["stops_sending"] for item in found["hosts"][0]["diagnosis"])
    assert f"way: web1: {NAME}, port 587 cannot be used" in printed(found)
    assert "Port 587 did not take it." in printed(found)
    junit = as_junit.render(found)
    assert 'type="fallback_fails"' in junit
    assert "<failure" not in junit


def test_an_entry_at_fault_is_told_in_its_own_words():
    found = of(AT_FAULT)
    assert found["hosts"][0]["fallback"][0]["endpoint"] is None
    assert f"way: web1: {AT_FAULT['msg']}" in printed(found)


def test_without_a_log_in_it_is_not_said_that_a_way_takes_one():
    way = {**samples.not_logged_in(), "name": "ses_fallback[0]", "endpoint": NAME, "port": 587}
    assert f"way: web1: {NAME}, port 587: reached SES, not logged in" in printed(of(way))


def test_when_the_first_way_is_down_the_further_one_is_told_beside_it():
    found = of(GOOD, check=samples.wrong_password())
    assert found["hosts"][0]["state"] == "cannot_send"
    assert f"way: web1: {NAME}, port 587: can log in" in printed(found)


def test_a_host_without_further_ways_has_none_in_any_report():
    found = of()
    assert found["hosts"][0]["fallback"] == []
    assert "way: " not in printed(found)
    assert "Further way" not in as_html.render(found)
