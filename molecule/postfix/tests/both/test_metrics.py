# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host tells node_exporter of its queue: written by a timer, read by Prometheus's own parser, gone again."""

from __future__ import annotations

import time

import pytest
from prometheus_client.parser import text_string_to_metric_families
from testbed.relay import RELAYS, Relay, until

testinfra_hosts = RELAYS[-1:]  # nothing of it differs between releases
DIRECTORY = "/var/lib/prometheus/node-exporter"
FILE = f"{DIRECTORY}/ses_relay.prom"
PROGRAM = "/usr/local/lib/ses-metrics.pyz"
UNITS = "/etc/systemd/system/ses-metrics"
SOONER = "/run/systemd/system/ses-metrics.timer.d"
STATE = "/var/lib/ses-metrics"
DOMAIN = {"ses_masquerade_domain": "example.com"}
METRICS = {**DOMAIN, "ses_metrics_dir": DIRECTORY}
THROTTLED = "454 Throttling failure: Maximum sending rate exceeded."
SECRETS = ("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLETEST1", "AKIATESTBEDUSEAST123")


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """A host with node_exporter's directory and without metrics, before and after."""
    relay = Relay(host, layout)
    relay.settle(**DOMAIN)
    host.check_output(f"install -d {DIRECTORY}")
    yield
    relay.settle(**DOMAIN)
    host.check_output(f"rm -rf {DIRECTORY}")


def samples(host):
    """The file's samples: name and labels' values -> value."""
    families = text_string_to_metric_families(host.file(FILE).content_string)
    return {
        (sample.name.removeprefix("ses_relay_"), *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def look(host):
    """The samples of a look now."""
    # More often than a timer's, whose starts systemd counts as well.
    host.check_output("systemctl reset-failed ses-metrics.service; systemctl start ses-metrics.service")
    return samples(host)


def changes(done):
    return "changed=0" not in done.stdout.partition("PLAY RECAP")[2]


def test_check_mode_announces_them_and_a_second_run_changes_nothing(relay):
    announced = relay.playbook("--check", "--diff", **METRICS)
    assert changes(announced)
    assert f"ReadWritePaths={DIRECTORY}" in announced.stdout
    assert not relay.host.file(PROGRAM).exists
    assert changes(relay.converge(**METRICS))
    found = samples(relay.host)  # of the look that the role itself has started
    assert found["info", relay.mta.name, "email-smtp.us-east-1.amazonaws.com"] == 1
    assert abs(found["proof_timestamp_seconds", "log_in"] - time.time()) < 60
    paths = f"{PROGRAM} {UNITS}.service {UNITS}.timer"
    before = relay.host.check_output(f"stat -c '%n %Z %i %a %U' {paths}")
    done = relay.playbook("-vvv", **METRICS)
    assert not changes(done)
    assert [line.rpartition("/")[2] for line in done.stdout.splitlines() if "Using module file" in line] == [
        "relay_config.py"
    ]
    assert relay.host.check_output(f"stat -c '%n %Z %i %a %U' {paths}") == before
    assert before.count(" 644 root") == 3


def test_deferred_mail_is_told_with_its_cause(relay, endpoint):
    relay.settle(**METRICS)
    endpoint.fault(stage="mail", reply=THROTTLED)
    before = time.time()
    relay.deferred(relay.send(), "454")
    found = look(relay.host)
    assert found["queue_read_success",] == 1
    assert found["queue_messages", "deferred"] == 1
    assert found["queue_cause_messages", "rate_exceeded"] == 1
    assert before - 2 <= found["queue_oldest_message_timestamp_seconds",] <= time.time()
    file = relay.host.file(FILE)
    assert (file.user, oct(file.mode)) == ("root", "0o644")
    relay.empty()
    found = look(relay.host)
    assert found["queue_messages", "deferred"] == 0
    assert ("queue_oldest_message_timestamp_seconds",) not in found


def test_the_timer_writes_it_by_itself_and_says_nothing(relay):
    relay.settle(**METRICS)
    relay.host.check_output(f"rm {FILE}")
    # A minute is long for a test.
    sooner = f"mkdir -p {SOONER} && printf '[Timer]\nOnActiveSec=\nOnActiveSec=1\n' > {SOONER}/test.conf"
    try:
        relay.host.check_output(f"{sooner} && systemctl daemon-reload && systemctl restart ses-metrics.timer")
        until("the timer's look", lambda: relay.host.file(FILE).exists)
    finally:
        relay.host.check_output(f"rm -r {SOONER}; systemctl daemon-reload; systemctl restart ses-metrics.timer")
    said = relay.host.check_output("journalctl -u ses-metrics.service --since -60s -o cat --quiet")
    assert said.strip() == ""


def test_the_queue_of_an_mta_that_is_down_is_told(relay, endpoint):
    relay.settle(**METRICS)
    endpoint.fault(stage="mail", reply=THROTTLED)
    relay.deferred(relay.send(), "454")
    try:
        relay.host.check_output(f"systemctl stop {relay.mta.unit()}")
        found = look(relay.host)
    finally:
        relay.host.check_output(f"systemctl start {relay.mta.unit()}")
    assert found["queue_read_success",] == 1
    assert found["queue_messages", "deferred"] == 1


def test_a_mail_that_ses_took_is_a_proof(relay, endpoint):
    done = relay.playbook(**METRICS, ses_probe_recipient="success@simulator.amazonses.com")
    assert done.returncode == 0, done.stdout
    assert abs(look(relay.host)["proof_timestamp_seconds", "mail"] - time.time()) < 60


def test_no_secret_is_in_what_everybody_may_read(relay):
    relay.settle(**METRICS)
    look(relay.host)
    for secret in SECRETS:
        assert relay.host.run(f"grep -rlF {secret} {DIRECTORY} {STATE} {PROGRAM} {UNITS}.*").rc == 1


def test_they_go_with_the_variable(relay):
    relay.settle(**METRICS)
    assert changes(relay.converge(**DOMAIN))
    for path in (FILE, PROGRAM, f"{UNITS}.service", f"{UNITS}.timer", STATE):
        assert not relay.host.file(path).exists, path
    assert relay.host.run("systemctl list-units --all --no-legend 'ses-metrics*'").stdout.strip() == ""
    assert relay.host.run("ls /etc/systemd/system/timers.target.wants/ses-metrics.timer").rc != 0
