# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check playbook prints."""

from __future__ import annotations

import report_samples as samples
from ansible_collections.mailops.ses.plugins.plugin_utils._report import terminal
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet


def lines(results):
    return terminal.summary(fleet(results, samples.NOW), "/tmp/ses-report")


def test_few_hosts_have_a_table():
    printed = lines(samples.small())
    assert printed[0].startswith("host ")
    assert any(line.startswith("credentials_invalid: web2.corp.example.com") for line in printed)
    assert any(line.startswith("host_unreachable: web3.corp.example.com") for line in printed)
    assert printed[-1] == "Reports in /tmp/ses-report: report.html, report.json, junit.xml"


def test_many_hosts_have_their_causes_alone():
    printed = lines(samples.mixed(1000))
    assert len(printed) < 100
    counts = fleet(samples.mixed(1000), samples.NOW)["summary"]
    assert printed[0] == (
        f"{counts['can_send']} of 1,000 hosts can send; {counts['can_log_in']} can log in; "
        f"{counts['not_logged_in']} reached SES, not logged in; "
        f"{counts['cannot_send']} cannot send; {counts['unreachable']} unreachable."
    )
    assert any(
        line.startswith("port_25_swallowed (port 25): ") and " hosts: " in line and "more" in line for line in printed
    )
    assert max(len(line) for line in printed) < 500


def test_a_cause_of_many_hosts_shows_its_messages_with_their_counts():
    texts = {**dict.fromkeys(range(20), "timed out"), **dict.fromkeys(range(20, 30), "refused")}
    texts |= {30: "host key changed", 31: "no such name", 32: "no such user"}
    dead = {f"web{n}": {"check": {"unreachable": True, "msg": text}} for n, text in texts.items()}
    printed = lines(dead)
    assert printed[2].startswith("host_unreachable: 33 hosts, 33 unreachable: web0, web1, ")
    assert [line.partition("Ansible could not reach the host: ")[::2] for line in printed[3:6]] == [
        ("  20 hosts: ", "timed out."),
        ("  10 hosts: ", "refused."),
        ("  1 host: ", "host key changed."),
    ]
    assert printed[6] == "  2 more hosts: other messages"
    assert sum("See that the host runs" in line for line in printed) == 1


def test_what_came_of_a_mail_is_printed():
    printed = lines({"web1": {"check": samples.healthy(), "probe": samples.PROBES["delivered"]}})
    at = printed.index("mail: web1")
    assert printed[at + 1] == "  The mail to success@simulator.amazonses.com is delivered."


def test_no_host_is_said_plainly():
    assert lines({}) == ["No host was checked.", "", "Reports in /tmp/ses-report: report.html, report.json, junit.xml"]


def test_replies_cannot_steer_the_terminal():
    said = {"a": {"check": {"unreachable": True, "msg": "\x1b[2Jgone"}}}
    assert not [line for line in lines(said) if "\x1b" in line]


def test_the_verdict_names_who_cannot_send():
    assert terminal.verdict(fleet({"a": {"check": samples.healthy()}}, samples.NOW)) == ""
    failing = {f"web{n:02}": {"check": samples.swallowed()} for n in range(12)}
    assert terminal.verdict(fleet(failing, samples.NOW)).endswith("web08, web09 and 2 more.")
    assert terminal.verdict(fleet({"a": {"check": samples.not_logged_in()}}, samples.NOW)) == ""
    assert terminal.verdict(fleet(samples.every_state(), samples.NOW)) == (
        "Cannot send: web3, web7. Unreachable: web4. Not checked: web5, web6."
    )


WAITING = samples.waiting(f"connect to {samples.ENDPOINT}[192.0.2.10]:587: Connection refused")


def test_mail_that_waits_is_told_with_its_cause_and_fails():
    results = {"web1": {"check": samples.healthy(), "queue": WAITING}}
    printed = lines(results)
    assert "port_refused: web1" in printed
    assert printed[-3] == "0 of 1 host can send; 1 logged in, but mail waits."
    assert terminal.verdict(fleet(results, samples.NOW)) == "Logged in, but mail waits: web1."


def test_a_log_in_alone_is_told_with_its_reason_and_passes():
    results = {"web1": {"check": samples.healthy(), "queue": samples.QUEUES["none"]}}
    printed = lines(results)
    assert "can_log_in: web1" in printed
    assert "The host can log in." in printed
    assert terminal.verdict(fleet(results, samples.NOW)) == ""


def test_of_mail_manager_nobody_says_that_the_host_can_send():
    results = {"web1": {"check": samples.mail_manager(), "queue": samples.QUEUES["empty"]}}
    assert "The host logged in, sending not known." in lines(results)
    assert any(line.startswith("only_accepted: web1") for line in lines(results))
    assert terminal.verdict(fleet(results, samples.NOW)) == ""


def test_a_report_with_holes_is_not_printed():
    """As ansible-core 2.22 makes them, of each word that a vaulted file has."""
    whole = lines(samples.small())
    assert terminal.legible(whole, lambda line: line, "/tmp/ses-report") == whole
    told = terminal.legible(whole, lambda line: line.replace("587", "$REDACTED$"), "/tmp/ses-report")
    assert "/tmp/ses-report: report.html" in told[0]
    assert "encrypt_string" in told[1]
    assert not [line for line in told if line in whole]
