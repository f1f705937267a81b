# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts over hosts of both MTAs, with mail on them all the time: none is lost, and each host has old or new."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from fleet import NAMES, REFUSED, Fleet
from testbed.relay import until


@pytest.fixture
def fleet(tmp_path, layout):
    """A directory to start rollouts in, and the hosts with empty queues."""
    found = Fleet(tmp_path, layout)
    for relay in found.hosts.values():
        relay.empty()
    return found


@pytest.fixture
def refused(endpoint):
    """SES refuses one sender."""
    endpoint.fault(stage="mail", matching=REFUSED, reply="554 Message rejected: Email address is not verified.")
    return REFUSED


def test_a_first_installation_that_fails_leaves_its_mta_stopped(fleet, refused):
    directories = {"debian12": "/etc/postfix", "debian13s": "/etc/mail"}
    done = fleet.run(ses_hosts=list(directories), ses_sender=refused)
    assert done.returncode != 0
    assert "Message rejected: Email address is not verified" in done.stdout
    assert fleet.states() == dict.fromkeys(directories, "rolled_back"), done.stdout
    for name, directory in directories.items():
        host = fleet.hosts[name].host
        assert host.file(directory).exists
        assert host.run("systemctl is-active postfix postfix@- sendmail").stdout.split() == ["inactive"] * 3
        assert host.run("systemctl is-enabled postfix sendmail | grep -x enabled").stdout == ""
        assert host.run(f"grep -r {REFUSED.partition('@')[0]}@ {directory} --include=main.cf --include=*.mc").rc == 1
        assert not host.file(f"{directory}/.mailops-rollout").exists


def test_bare_hosts_become_relays_and_a_second_run_changes_nothing(fleet, endpoint):
    fleet.passes()
    assert fleet.states() == dict.fromkeys(NAMES, "done")
    for relay in fleet.hosts.values():
        relay.arrived(endpoint, relay.send())
    before = {name: fleet.settled(name) for name in NAMES}
    done = fleet.passes()
    assert "4 nothing to do" in done.stdout
    assert {name: fleet.settled(name) for name in NAMES} == before


def test_all_hosts_change_under_streams_of_mail(fleet, endpoint):
    with fleet.streams(endpoint):
        fleet.passes(ses_configuration_set="all", ses_canaries=["debian12", "debian12s"])
    assert fleet.states() == dict.fromkeys(NAMES, "done")
    assert [wave["hosts"] for wave in fleet.report()["waves"]] == [
        ["debian12", "debian12s"],
        ["debian13"],
        ["debian13s"],
    ]
    for relay in fleet.hosts.values():
        _session, message = relay.arrived(endpoint, relay.send())
        assert ["X-SES-CONFIGURATION-SET", "all"] in message["headers"]


@pytest.mark.parametrize("canary", ["debian13", "debian12s"])
def test_a_host_whose_mail_is_refused_has_again_what_it_had(fleet, endpoint, refused, canary):
    before = {name: fleet.settled(name) for name in NAMES}
    with fleet.streams(endpoint, [name for name in NAMES if name != canary]):
        done = fleet.run(ses_configuration_set="wave", ses_sender=refused, ses_canaries=canary)
    assert done.returncode != 0
    assert f"The first wave has to pass whole: {canary} did not." in done.stdout
    assert fleet.states()[canary] == "rolled_back", done.stdout
    assert {name: fleet.settled(name) for name in NAMES} == before
    relay = fleet.hosts[canary]
    _session, message = relay.arrived(endpoint, relay.send())
    assert message["from"] == "root@example.com"


def test_an_outage_rolls_nothing_back_and_the_rollout_goes_on_after_it(fleet, endpoint):
    endpoint.fault(stage="mail", reply="454 Temporary service failure")
    done = fleet.run(ses_configuration_set="other", ses_canaries="debian13s")
    assert "SES or the network is at fault, not this change" in done.stdout, done.stdout
    assert {**fleet.states(), "debian13s": ""} == {**dict.fromkeys(NAMES, "not_reached"), "debian13s": ""}
    assert fleet.states()["debian13s"] == "unproven"
    endpoint.clear()
    fleet.passes(ses_configuration_set="other", ses_canaries="debian13s")
    assert fleet.states() == dict.fromkeys(NAMES, "done")


def test_a_run_that_was_killed_goes_on_and_no_mail_is_lost(fleet, endpoint):
    with fleet.streams(endpoint):
        command = fleet.command(ses_configuration_set="killed", ses_canaries=["debian12", "debian12s"])
        with (fleet.folder / "killed.log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=fleet.folder, stdout=log, stderr=log, start_new_session=True, env=os.environ
            )
            rollout = fleet.folder / "ses-report" / "rollout.json"
            until("a wave begins", lambda: rollout.exists() and fleet.report()["waves"], 120)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        fleet.passes(ses_configuration_set="killed", ses_canaries=["debian12", "debian12s"])
    assert set(fleet.states().values()) <= {"done", "unchanged"}
    for relay in fleet.hosts.values():
        _session, message = relay.arrived(endpoint, relay.send())
        assert ["X-SES-CONFIGURATION-SET", "killed"] in message["headers"]


@pytest.mark.parametrize(
    ("mta", "earlier", "directory", "reply"),
    [
        ("sendmail", "postfix", "/etc/postfix", "454 4.7.0 Throttling failure: Maximum sending rate exceeded."),
        ("postfix", "sendmail", "/etc/mail", "554 Message rejected: Email address is not verified."),
    ],
)
def test_an_mta_that_was_replaced_comes_back_unless_its_successor_is_proven(
    fleet, endpoint, mta, earlier, directory, reply
):
    name, recipient = "debian13", "success@simulator.amazonses.com"
    asked = {"ses_hosts": [name], "ses_mta": mta, "ses_replace_mta": True, "ses_probe_recipient": recipient}
    relay = fleet.hosts[name]
    before = fleet.settled(name, directory, earlier)
    endpoint.fault(stage="mail", matching=REFUSED, reply=reply)
    done = fleet.run(**asked, ses_sender=REFUSED)
    assert done.returncode != 0
    assert fleet.states()[name] == "rolled_back", done.stdout
    assert f"It has {earlier} again, as it was. A mail left by it." in done.stdout
    assert fleet.settled(name, directory, earlier) == before
    assert not relay.host.file("/var/lib/ses-rollout").exists
    _session, message = relay.arrived(endpoint, relay.send())
    assert message["from"] == "root@example.com"
    fleet.passes(**asked, ses_rollout_restart=True)
    assert fleet.states()[name] == "done"
    assert not relay.host.file("/var/lib/ses-rollout").exists
    relay.arrived(endpoint, relay.send())
