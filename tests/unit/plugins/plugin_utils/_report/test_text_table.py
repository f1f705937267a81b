# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet as lines that a person reads."""

from __future__ import annotations

import re

import report_samples as samples
from ansible_collections.mailops.ses.plugins.plugin_utils._report import text_table
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet

REFUSED = {"id": "port_refused", "cause": "The port is refused.", "remedy": "Open it."}


def table(checks):
    return text_table.table(fleet({host: {"check": check} for host, check in checks.items()}, samples.NOW))


def causes(checks, **queues):
    results = {host: {"check": check} for host, check in checks.items()}
    for host, queue in queues.items():
        results[host]["queue"] = queue
    return text_table.causes(fleet(results, samples.NOW))


def port(number, ok=True, stage="auth", diagnosis=()):
    timings = {"connect": 1.4, "auth": 2.3}
    return {
        "port": number,
        "ok": ok,
        "stage": stage,
        "timings_ms": timings,
        "tls_version": "TLSv1.3",
        "diagnosis": diagnosis,
    }


GOOD = {"reachable": True, "recommended_port": 587, "endpoint": "smtp.test", "ports": [port(587)], "diagnosis": []}
BAD = {
    "reachable": False,
    "recommended_port": None,
    "endpoint": "smtp.test",
    "ports": [
        port(25, ok=False, stage=None, diagnosis=[REFUSED]),
        port(587, ok=False, stage="resolve", diagnosis=[REFUSED]),
    ],
    "diagnosis": [REFUSED],
}


def test_a_row_a_host_and_a_column_a_port():
    header, row = table({"web1": GOOD})
    assert header.split() == ["host", "25", "465", "587", "2465", "2587", "use", "TLS", "endpoint"]
    assert row.split() == ["web1", "-", "-", "4", "ms", "-", "-", "587", "TLSv1.3", "smtp.test"]


def test_a_failing_port_shows_the_stage_at_which_it_failed():
    ports = [samples.fails(25, "timeout", "connect"), samples.fails(587, "timeout", "tls")]
    _, row = table({"web1": {**BAD, "ports": ports}})
    assert re.split("  +", row) == ["web1", "fails at connect", "-", "fails at TLS", "-", "-", "none", "-", "smtp.test"]


def test_a_cause_stands_once_with_its_hosts_and_ports():
    lines = causes({"web2": BAD, "web1": BAD, "web3": GOOD})
    assert lines == ["", "port_refused: web1 (ports 25, 587); web2 (ports 25, 587)", "  The port is refused. Open it."]


def test_of_a_cause_of_many_hosts_the_number_stands_and_the_first_names():
    (heading, *_) = causes({f"web{number:02}": BAD for number in range(12)})[1:]
    assert heading.startswith("port_refused (ports 25, 587): 12 hosts, 12 cannot send: web00, web01, ")
    assert heading.endswith(", web09 and 2 more")


def test_what_the_server_said_stands_once_below_its_cause():
    reply = {"code": 535, "text": "Invalid\x1b"}
    ports = [{**port(number, ok=False, diagnosis=[REFUSED]), "reply": reply} for number in (25, 587)]
    ports.append({**port(465, ok=False, diagnosis=[REFUSED]), "reply": {"code": 220, "text": "Ready"}})
    lines = causes({"web1": {**BAD, "ports": ports}})
    assert [line for line in lines if "said" in line] == ["  The server said: 535 Invalid "]


def test_a_host_without_a_result_is_named():
    lines = causes(
        {"wrong": {"msg": "ses_region is empty."}, "dead": {"unreachable": True, "msg": "gone"}, "never": {}}
    )
    assert "not_checked: never; wrong" in lines
    assert "  1 host: The check gave no result: ses_region is empty." in lines
    assert "host_unreachable: dead" in lines


def test_a_host_that_was_not_logged_in_is_named():
    assert "not_logged_in: web1" in causes({"web1": {**GOOD, "ports": [{**port(587), "timings_ms": {"tls": 1.4}}]}})


def test_why_mail_waits_stands_below_the_table_too():
    assert "rate_exceeded: web1" in causes({"web1": samples.healthy()}, web1=samples.throttled())


def test_of_a_queue_that_nobody_asked_for_nothing_is_told():
    assert causes({"web1": samples.healthy()}) == []
    assert "queue_unreadable: web1" in causes({"web1": samples.healthy()}, web1=None)


def test_no_line_ends_within_a_messages_id():
    found = "010701a2283dfe83-3ad3a9de-ddbe-ae08-4909-5a3869c0478f-000000"
    for before in range(1, 60):
        lines = text_table.wrapped(f"{'x ' * before}took it as {found}.")
        assert [line.split()[-1] for line in lines if found in line] == [f"{found}."]
