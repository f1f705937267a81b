# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's "hostname mismatch": a host fails for it, and the role cures it, by its settings and by the page's rows."""

from __future__ import annotations

import pytest
from ses_simulator.credentials import derive
from ses_simulator.model import load_balancer_of
from testbed.relay import ALL_RELAYS

testinfra_hosts = ALL_RELAYS
USER, SECRET_ACCESS_KEY = "AKIATESTBEDUSEAST123", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLETEST1"  # testbed.toml's
HERE = "us-east-1"  # the inventory's region
# The names that AWS's page writes; those of other regions are what DNS says.
PAGE = {
    HERE: "ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com",
    "us-west-2": "ses-smtp-us-west-2-prod-14896026.us-west-2.elb.amazonaws.com",
    "eu-west-1": "ses-smtp-eu-west-1-prod-345515633.eu-west-1.elb.amazonaws.com",
}
ELSEWHERE = "ap-northeast-1"
UNDOCUMENTED = load_balancer_of(ELSEWHERE)


def fails(relay, endpoint, name):
    """The symptom: over TLS the endpoint, reached by this name, is not told who sends, and refuses the mail."""
    before = len(endpoint.sessions())
    words = relay.words(relay.send())
    assert "530 Authentication required" in words
    assert name in words
    sessions = endpoint.sessions()[before:]
    assert sessions
    assert all(session["tls"] and not session["user"] and not session["messages"] for session in sessions)


def causes(relay):
    """Why mail waits, as mail_queue_info tells it."""
    return [reason["diagnosis"]["id"] for reason in relay.module("mailops.ses.mail_queue_info")["reasons"]]


def delivers(relay, endpoint, region=HERE):
    session, _ = relay.arrived(endpoint, relay.send())
    assert (session["user"], session["region"]) == (USER, region)
    assert session["tls"]


def delivers_to_nobody_else(relay, endpoint, region=HERE):
    """A server that proves the load balancer's name alone gets neither a log-in nor a mail; then the mail arrives."""
    assert endpoint.wait(open=0, timeout=30)  # over a connection that is kept open it would go to the endpoint
    before = len(endpoint.sessions())
    endpoint.fault(certificate="load_balancer")
    subject = relay.send()
    relay.deferred(subject, relay.mta.unverified)
    sessions = endpoint.sessions()[before:]
    assert sessions
    assert not any(session["auth_mechanism"] or session["user"] or session["messages"] for session in sessions)
    endpoint.clear()
    relay.mta.flush()
    session, _ = relay.arrived(endpoint, subject)
    assert (session["user"], session["region"]) == (USER, region)


def page_rows(relay, name, region):
    """The rows as AWS's page has them, and those of the tables."""
    told = {"name": name, "user": USER, "password": derive(SECRET_ACCESS_KEY, region)}
    wanted = {key.format(**told): value.format(**told) for key, value in relay.page.values()}
    return wanted, {
        key.format(**told): relay.mta.row(table, key.format(**told)) for table, (key, _) in relay.page.items()
    }


def test_by_awss_steps_the_host_does_not_log_in(relay, quiet):
    relay.by_hand()
    fails(relay, quiet, PAGE[HERE])
    assert causes(relay) == relay.no_log_in
    # The network and the credentials are right, and what is wrong has a name.
    options = {"ca_file": "/etc/ssl/testbed-ca.pem", "ports": 587, "timeout": 5}
    assert relay.module("mailops.ses.smtp_check", endpoint=f"email-smtp.{HERE}.amazonaws.com", **options)["reachable"]
    found = relay.module("mailops.ses.smtp_check", endpoint=PAGE[HERE], **options)
    assert [one["id"] for one in found["diagnosis"]] == ["hostname_mismatch"]


def test_the_role_cures_it_by_its_settings(relay, quiet):
    relay.by_hand()
    relay.demand_the_name()
    subject = relay.send()
    relay.deferred(subject, "")
    assert causes(relay) == [relay.unproved]
    assert not any(session["auth_mechanism"] or session["messages"] for session in quiet.sessions())
    relay.converge(ses_hostname_fix=False)
    relay.mta.flush()
    session, _ = relay.arrived(quiet, subject)
    assert session["user"] == USER
    assert not any(page_rows(relay, PAGE[HERE], HERE)[1].values())
    delivers_to_nobody_else(relay, quiet)
    # It was these settings: without them and without rows, it fails as before.
    relay.expand(HERE)
    fails(relay, quiet, PAGE[HERE])


@pytest.mark.parametrize("region", PAGE)
def test_the_role_cures_it_by_the_pages_rows(relay, quiet, region):
    relay.converge(ses_region=region)
    wanted, found = page_rows(relay, PAGE[region], region)
    assert found == wanted
    relay.expand(region)
    delivers(relay, quiet, region)
    relay.logs(relay.verified.format(name=PAGE[region]))


def test_the_load_balancer_changes_its_name(relay, quiet):
    relay.converge(ses_region=ELSEWHERE)
    wanted, found = page_rows(relay, UNDOCUMENTED, ELSEWHERE)
    assert found == wanted
    delivers(relay, quiet, ELSEWHERE)
    new = f"ses-smtp-new-1.{ELSEWHERE}.elb.amazonaws.com"
    quiet.dns(region=ELSEWHERE, load_balancer=new)
    delivers(relay, quiet, ELSEWHERE)
    assert "changed=0" not in relay.converge(ses_region=ELSEWHERE).stdout.partition("PLAY RECAP")[2]
    wanted, found = page_rows(relay, new, ELSEWHERE)
    assert found == wanted
    assert not any(page_rows(relay, UNDOCUMENTED, ELSEWHERE)[1].values())
    relay.expand(ELSEWHERE)
    delivers_to_nobody_else(relay, quiet, ELSEWHERE)
    relay.logs(relay.verified.format(name=new))
    # It was these rows.
    relay.drop_rows(new)
    fails(relay, quiet, new)
