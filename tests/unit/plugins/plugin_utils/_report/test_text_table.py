# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of smtp_check, as a table that a person reads."""

from __future__ import annotations

from ansible_collections.mailops.ses.plugins.plugin_utils._report.text_table import table

REFUSED = {"id": "port_refused", "cause": "The port is refused.", "remedy": "Open it."}


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


def test_a_failing_port_shows_its_last_stage():
    _, row = table({"web1": BAD})[:2]
    assert row.split() == ["web1", "failed", "-", "after", "resolve", "-", "-", "none", "-", "smtp.test"]


def test_a_cause_stands_once_with_its_hosts_and_ports():
    lines = table({"web2": BAD, "web1": BAD, "web3": GOOD})
    assert lines.count("port_refused: web1 (25, 587); web2 (25, 587)") == 1
    assert "  The port is refused. Open it." in lines


def test_what_the_server_said_stands_once_below_its_cause():
    reply = {"code": 535, "text": "Invalid\x1b"}
    ports = [{**port(number, ok=False, diagnosis=[REFUSED]), "reply": reply} for number in (25, 587)]
    ports.append({**port(465, ok=False, diagnosis=[REFUSED]), "reply": {"code": 220, "text": "Ready"}})
    lines = table({"web1": {**BAD, "ports": ports}})
    assert [line for line in lines if "said" in line] == ["  The server said: 535 Invalid "]


def test_a_host_without_a_result_is_named():
    lines = table({"wrong": {"msg": "ses_region is empty."}, "dead": {"unreachable": True, "msg": "gone"}, "never": {}})
    assert "not_checked: wrong" in lines
    assert any(line.startswith("  The check gave no result: ses_region is empty. Correct") for line in lines)
    assert "host_unreachable: dead" in lines
    assert "not_checked: never" in lines


def test_a_host_that_was_not_logged_in_is_named():
    assert "not_logged_in: web1" in table({"web1": {**GOOD, "ports": [{**port(587), "timings_ms": {"tls": 1.4}}]}})
