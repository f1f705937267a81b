# SPDX-License-Identifier: GPL-3.0-or-later
"""A second way out: mail takes it while the first one cannot be had, comes back by itself, and none is lost."""

from __future__ import annotations

import json
import time

import pytest
from testbed.relay import RELAYS, until
from testbed.stream import Stream

testinfra_hosts = RELAYS
FIRST, SECOND = "us-east-1", "eu-west-1"
VARIABLES = {"ses_fallback": [{"region": SECOND}], "ses_masquerade_domain": "example.com"}
TAKEN_OVER, BACK = 30, 300  # seconds
RATE = 3  # mails a second: a tenth of the connections waits for the first way at any time
# What the first way does -> how the second one has the mail all the same.
OUTAGES = {
    "refuses connections": {"refuse": True},
    "swallows connections": {"swallow": True},
    "says nothing": {"stage": "banner", "silent": True},
    "has too many connections": {"stage": "banner", "reply": "421 Too many concurrent SMTP connections"},
    "shows a certificate that nobody trusts": {"certificate": "untrusted"},
    "offers no TLS": {"no_starttls": True},
    "refuses the log-in": {"stage": "auth", "reply": "535 Authentication Credentials Invalid"},
    "has mail wait": {"stage": "mail", "reply": "454 Throttling failure: Maximum sending rate exceeded."},
    "has a mail wait at its end": {"stage": "eod", "reply": "451 Temporary service failure"},
}


@pytest.fixture
def both(relay, endpoint):
    """A relay that has two ways."""
    relay.settle(**VARIABLES)
    return relay


def passed(endpoint, region):
    """How many mails the region has taken."""
    return sum(len(session["messages"]) for session in endpoint.sessions() if session["region"] == region)


def seconds_until(what, probe, most):
    """How long it took until PROBE was true."""
    begun = time.monotonic()
    until(what, probe, most)
    return time.monotonic() - begun


def test_a_second_run_changes_nothing(both):
    again = both.playbook(**VARIABLES)
    assert again.returncode == 0, again.stdout
    assert "changed=0" in again.stdout


def test_a_swallowed_region_is_taken_over_and_comes_back_and_no_mail_is_lost(both, quiet):
    with Stream(both, quiet, RATE) as stream:
        assert not passed(quiet, SECOND)
        for fault in ({"swallow": True}, {"stage": "rset", "silent": True}, {"stage": "mail", "silent": True}):
            quiet.fault(region=FIRST, **fault)
        over = seconds_until("mail takes the second way", lambda: passed(quiet, SECOND), TAKEN_OVER)
        stream.flows()
        quiet.clear()
        before = passed(quiet, FIRST)
        back = seconds_until("mail is back on the first way", lambda: passed(quiet, FIRST) > before, BACK)
        stream.flows()
    fate = stream.fate
    print(f"{both.mta.name}: taken over after {over:.1f} s, back after {back:.1f} s, {fate}")
    assert (fate.lost, fate.bounced, fate.waiting, fate.twice) == (0, 0, 0, 0), fate


@pytest.mark.parametrize("outage", OUTAGES)
def test_mail_takes_the_second_way_by_its_own_log_in_when_the_first(both, quiet, outage):
    quiet.fault(region=FIRST, **OUTAGES[outage])
    session, _message = both.arrived(quiet, both.send())
    assert session["region"] == SECOND
    assert session["user"]
    assert session["tls"]
    assert not session["auth_in_clear"]


def test_a_permanent_refusal_of_a_mail_never_leads_to_the_second_way(both, quiet):
    quiet.fault(region=FIRST, stage="eod", reply="554 Message rejected: Email address is not verified.")
    both.send()
    assert both.mailbox("root", "Email address is not verified")
    assert not passed(quiet, SECOND)


@pytest.mark.parametrize("certificate", ["untrusted", "other_name"])
def test_the_second_way_proves_its_own_name_or_gets_neither_log_in_nor_mail(both, quiet, certificate):
    quiet.fault(region=FIRST, refuse=True)
    quiet.fault(region=SECOND, certificate=certificate)
    subject = both.send()
    until(f"{subject} waits", lambda: [reason for reason in both.queue() if reason.strip()])
    assert quiet.sessions()
    assert {(session["region"], session["user"]) for session in quiet.sessions()} == {(SECOND, None)}
    assert len(both.queue()) == 1


def test_the_check_tells_of_each_way_whether_it_can_be_used(both, endpoint, tmp_path):
    ways = [{"region": SECOND}, {"region": "us-west-2", "smtp_password": "B" + "x" * 43}]
    done = both.playbook(name="mailops.ses.check", ses_report_dir=str(tmp_path), ses_fallback=ways)
    assert done.returncode == 0, done.stdout
    assert f"way: {both.name}: email-smtp.{SECOND}.amazonaws.com, port 587: can log in" in done.stdout
    assert f"way: {both.name}: email-smtp.us-west-2.amazonaws.com, port 587 cannot be used" in done.stdout
    (host,) = json.loads((tmp_path / "report.json").read_text())["hosts"]
    assert (host["state"], [way["logs_in"] for way in host["fallback"]]) == ("can_send", [True, False])
    assert {"fallback_fails", "fallback_identities"} <= {item["id"] for item in host["diagnosis"]}
