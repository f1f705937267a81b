# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that was killed comes back by itself, and so does one whose host was booted again; then mail leaves."""

from __future__ import annotations

import re

import pytest
from testbed import engine
from testbed.relay import ALL_RELAYS, Relay, until

testinfra_hosts = ALL_RELAYS
THROTTLED = "454 Throttling failure: Maximum sending rate exceeded."
TOO_LATE = 8  # seconds after which a restart would have come


@pytest.fixture(autouse=True)
def settings(host, layout):
    """The host with the defaults, whatever it had before."""
    Relay(host, layout).settle()


@pytest.mark.parametrize("number", [0, 1])
def test_each_process_that_is_killed_comes_back_and_mail_leaves(relay, endpoint, number):
    process = relay.mta.processes[number]

    def pid():
        return relay.host.run(process).stdout.strip()

    killed = until("it runs", pid)
    relay.host.check_output(f"kill -9 {killed}")
    subject = relay.send()
    relay.arrived(endpoint, subject)
    until("the process is back", lambda: pid() not in ("", killed))
    until("the queue is empty", lambda: relay.queue() == [])


@pytest.mark.parametrize("number", [0, 1])
def test_one_that_is_stopped_stays_so(relay, number):
    unit = relay.mta.unit()
    relay.host.check_output(f"{relay.mta.stops[number].format(unit=unit)}; sleep {TOO_LATE}")
    assert not relay.mta.runs()
    relay.host.check_output(f"systemctl start {unit}")
    assert relay.mta.runs()


def test_it_loads_its_files_and_systemd_still_knows_it(relay, endpoint):
    unit = relay.mta.unit()
    for command in (relay.mta.reload, f"systemctl reload {unit}"):
        relay.host.check_output(command)
        assert relay.host.check_output(f"systemctl show -p MainPID --value {unit}") == relay.mta.pid()
    relay.arrived(endpoint, relay.send())


def test_mail_whose_next_attempt_is_far_leaves_after_a_reboot(relay, endpoint, layout):
    endpoint.fault(stage="mail", reply=THROTTLED)
    subject = relay.send()
    relay.deferred(subject, "454")
    relay.host.check_output(f"systemctl stop {relay.mta.unit()}")
    relay.mta.postpone()
    endpoint.reset()
    engine.reboot(layout, [relay.name])
    relay.arrived(endpoint, subject)


def test_what_the_host_says_of_restarts_stays(relay):
    unit = relay.mta.unit()
    path = f"/etc/systemd/system/{unit}.service.d"

    def restart():
        return relay.host.check_output(f"systemctl show -p Restart --value {unit}")

    ours = restart()
    assert ours != "no"
    relay.host.check_output(f"printf '[Service]\\nRestart=no\\n' > {path}/own.conf; systemctl daemon-reload")
    assert re.search(r"\bchanged=1\b", relay.converge().stdout)
    assert restart() == "no"
    assert "Restart" not in relay.host.check_output(f"cat {path}/50-mailops-ses.conf")
    relay.host.check_output(f"rm {path}/own.conf")
    relay.converge()
    assert restart() == ours


def test_check_mode_tells_of_it_and_writes_nothing(relay):
    path = f"/etc/systemd/system/{relay.mta.unit()}.service.d/50-mailops-ses.conf"
    relay.host.check_output(f"mv {path} /root/kept")
    said = relay.playbook("--check", "--diff")
    there = relay.host.file(path).exists
    relay.host.check_output(f"mv /root/kept {path}")
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"+++ after: {path}" in said.stdout
    assert "+Restart=" in said.stdout
    assert not there
