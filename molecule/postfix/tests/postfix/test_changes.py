# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes while mail flows, and while a run is killed: each mail leaves once, by the old way or the new one."""

from __future__ import annotations

import re

import pytest
from testbed.kill import killed_after, killed_at
from testbed.relay import ALL_RELAYS
from testbed.stream import Stream

testinfra_hosts = ALL_RELAYS
# With the password of the region, by ses_secret_access_key.
OTHER_REGION = {"ses_region": "eu-west-1", "ses_verify": False}
FILES = "find /etc/postfix -maxdepth 1 -name 'ses_*' -o -maxdepth 1 -name '.mailops-*' | sort"
FATE = {"twice": 0, "bounced": 0, "waiting": 0, "lost": 0}


def fate(stream):
    return {name: getattr(stream.fate, name) for name in FATE}


def files(relay):
    return relay.host.check_output(FILES).split()


def test_the_endpoint_the_port_and_the_password_change_under_mail(relay, endpoint):
    relay.settle()
    with Stream(relay, endpoint) as stream:
        relay.converge(ses_port=465)
        relay.converge(**OTHER_REGION)
        relay.converge()
    assert fate(stream) == FATE
    assert stream.fate.delivered == stream.fate.handed_over
    regions = {session["region"] for session in endpoint.sessions() if session["messages"]}
    assert regions == {"us-east-1", "eu-west-1"}


def test_a_run_that_is_killed_at_a_rename_leaves_a_host_that_delivers(relay, endpoint):
    """At the table of the log-in, at master.cf, at main.cf, and at what comes after."""
    relay.settle()
    before = files(relay)
    killed = []
    with Stream(relay, endpoint, rate=20) as stream:
        for number in (2, 3, 4, 5):
            target = OTHER_REGION if number % 2 == 0 else {}
            with killed_after(relay.host, number, "/etc/postfix"):
                relay.playbook(**target)
            killed.append(re.sub(r"-2|\.db", "", killed_at(relay.host).rpartition("/")[2]))
            stream.flows()
            relay.converge(**target)
            assert [re.sub("-2", "", name) for name in files(relay)] == [re.sub("-2", "", name) for name in before]
    assert killed == ["ses_sasl_passwd", "master.cf", "main.cf", "master.cf"]
    assert fate(stream) == FATE


def test_back_to_the_previous_configuration_under_mail(relay, endpoint):
    relay.converge()
    relay.converge(**OTHER_REGION)
    for region in ("us-east-1", "eu-west-1"):
        options = {"state": "previous", "unit": "postfix@-" if "12" in relay.name else "postfix"}
        announced = relay.module("mailops.ses.postfix_config", "--check", **options)
        assert (announced["changed"], announced["action"]) == (True, "reload")
        with Stream(relay, endpoint) as stream:
            assert relay.module("mailops.ses.postfix_config", **options)["changed"]
        assert fate(stream) == FATE
        session, _message = relay.arrived(endpoint, relay.send())
        assert session["region"] == region


@pytest.mark.parametrize(
    ("stage", "reply"),
    [("mail", "530 Authentication required"), ("auth", "535 Authentication Credentials Invalid")],
)
def test_a_log_in_that_is_missing_or_refused_says_nothing_of_the_mail_which_waits(relay, quiet, stage, reply):
    relay.settle()
    fault = quiet.fault(stage=stage, reply=reply)
    subject = relay.send()
    assert reply.split(" ", 1)[1] in relay.deferred(subject, reply[:3])
    quiet.clear(fault)
    relay.arrived(quiet, subject)
