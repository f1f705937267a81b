# SPDX-License-Identifier: GPL-3.0-or-later
"""junit.xml: a testsuite a host, in it "can send", each port and the queue; and one an account that was asked.

What a host that cannot send fails is "can send", and nothing else: the failures of the file are as many as the hosts
that cannot send (those whose mail waits among them), its errors as many as those that could not be checked. A host of
which a log-in alone is known, or not even that, a port that does not work and a queue with deferred mail are skipped
with a message, which CI servers show without failing the run.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from ansible_collections.mailops.ses.plugins.plugin_utils._report.account import heading, quota_words
from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import (
    STATE_WORDS,
    age,
    failure_words,
    listed,
    milliseconds,
    ordered,
    plural,
    stage_words,
    total,
    visible,
    way_words,
)

NAME = "mailops.ses.check"
# How "can send" ends: what is known to fail is a failure, what could not be tried an error.
_ENDS = {
    "can_log_in": "skipped",
    "not_logged_in": "skipped",
    "only_accepted": "skipped",
    "cannot_send": "failure",
    "mail_waits": "failure",
    "unreachable": "error",
    "not_checked": "error",
}


def render(fleet: dict[str, Any]) -> str:
    """The whole file; times are in seconds."""
    suites = [_suite(host, fleet["generated_at"]) for host in fleet["hosts"]]
    suites += [_account(account, fleet["generated_at"]) for account in fleet["accounts"]]
    totals = {key: sum(counts[key] for counts, _suite_lines in suites) for key in ("tests", "failures", "errors")}
    seconds = max((_seconds(host) for host in fleet["hosts"]), default=0.0)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', _open("testsuites", name=NAME, time=_time(seconds), **totals)]
    for _counts, suite in suites:
        lines += suite
    return "\n".join([*lines, "</testsuites>", ""])


def _suite(host: dict[str, Any], timestamp: str) -> tuple[dict[str, int], list[str]]:
    cases = [
        _can_send(host),
        *(_port(host, port) for port in host["ports"]),
        *_queue(host),
        *_probe(host),
        *_ways(host),
    ]
    return _of_cases(host["host"], cases, _seconds(host), timestamp)


def _account(account: dict[str, Any], timestamp: str) -> tuple[dict[str, int], list[str]]:
    """An account is a suite: what in it stops a host is a failure there, and is skipped with a message here."""
    name = heading(account)
    named = {"host": f"account.{account['region']}"}
    cases = [
        _case(named, item["id"], 0, _result("skipped", item["id"], f"{item['cause']} {item['remedy']}"))
        for item in account["findings"]
    ]
    if account["message"]:
        cases.append(_case(named, "account", 0, _result("skipped", "not_checked", account["message"])))
    return _of_cases(name, cases or [_case(named, "account", 0, out=quota_words(account))], 0, timestamp)


def _of_cases(name: str, cases: list[list[str]], seconds: float, timestamp: str) -> tuple[dict[str, int], list[str]]:
    text = "".join(line for case in cases for line in case)
    counts = {
        "tests": len(cases),
        "failures": text.count("<failure "),
        "errors": text.count("<error "),
        "skipped": text.count("<skipped "),
    }
    start = _open("testsuite", name=name, **counts, time=_time(seconds), timestamp=timestamp[:-1], hostname=name)
    return counts, [start, *(line for case in cases for line in case), "</testsuite>"]


def _can_send(host: dict[str, Any]) -> list[str]:
    state = host["state"]
    tested = next((port for port in host["ports"] if port["port"] == host["recommended_port"]), None)
    out = f"{host['endpoint']}, port {tested['port']}, {_dialogue(tested)}" if tested else ""
    if state == "can_send":
        return _case(host, "can send", _seconds(host), out=out)
    causes = [item for item in host["diagnosis"] if item["stops_sending"] or item["id"] == state]
    first = causes[0] if causes else diagnose(Symptom("", host["message"] or ""))
    message = f"{host['host']} {STATE_WORDS[state]}: {first['cause']} {first['remedy']}"
    body = "\n".join(_cause(item) for item in causes)
    return _case(host, "can send", _seconds(host), _result(_ENDS[state], first["id"], message, body), out)


def _port(host: dict[str, Any], port: dict[str, Any]) -> list[str]:
    name, seconds = f"port {port['port']}", total(port["timings_ms"]) / 1000
    out = _dialogue(port)
    if port["ok"]:
        return _case(host, name, seconds, out=out)
    causes = [item for item in host["diagnosis"] if port["port"] in item["ports"]]
    message = f"{failure_words(port)}: " + " ".join(item["cause"] for item in causes)
    identifier = ", ".join(item["id"] for item in causes) or "unknown"
    return _case(host, name, seconds, _result("skipped", identifier, message.strip()), out)


def _queue(host: dict[str, Any]) -> list[list[str]]:
    """The queue, or why it was not read; no case where nobody asked for it."""
    queue = host["queue"]
    if queue is None:
        causes = [item for item in host["diagnosis"] if item["stops_sending"] or item["id"] == "queue_unreadable"]
        return [_case(host, "queue", 0, _result("skipped", cause["id"], cause["cause"])) for cause in causes[-1:]]
    if queue["mta"] is None:
        cause = diagnose(Symptom("no_mta"))
        return [_case(host, "queue", 0, _result("skipped", cause["id"], cause["cause"]))]
    states = ", ".join(f"{count:,} {state}" for state, count in queue["states"].items() if count)
    oldest = f", the oldest for {age(queue['oldest_age_seconds'])}" if queue["oldest_age_seconds"] is not None else ""
    said = f"{queue['mta']}: {plural(queue['messages'], 'message')}" + (f" ({states}){oldest}" if states else "")
    if not queue["reasons"]:
        return [_case(host, "queue", 0, out=said)]
    lines = [f"{plural(reason['count'] or 0, 'message')}: {reason['text']}" for reason in queue["reasons"]]
    identifier = queue["reasons"][0]["diagnosis"] or "unknown"
    return [_case(host, "queue", 0, _result("skipped", identifier, f"{said}; {lines[0]}"), "\n".join([said, *lines]))]


def _probe(host: dict[str, Any]) -> list[list[str]]:
    """The mail that was sent; that it did not arrive is a failure of "can send"."""
    probe = host["probe"]
    if not probe:
        return []
    seconds = probe["seconds"] or 0.0
    if probe["delivered"]:
        return [_case(host, "mail", seconds, out=probe["message"])]
    causes = [item["id"] for item in host["diagnosis"] if item["stops_sending"]]
    return [_case(host, "mail", seconds, _result("skipped", (causes or ["unknown"])[-1], probe["message"]))]


def _ways(host: dict[str, Any]) -> list[list[str]]:
    """The further ways out: one that cannot be used is skipped with its message, since mail takes the first."""
    return [
        _case(
            host,
            f"way {number}",
            0,
            _result("skipped", "fallback_fails", f"{way_words(way)}: {way['message']}") if way["message"] else "",
            out=way_words(way),
        )
        for number, way in enumerate(host["fallback"], start=2)
    ]


def _dialogue(port: dict[str, Any]) -> str:
    """What a port's dialogue was like, in a line."""
    stages = [f"{stage_words(stage)} {milliseconds(ms)}" for stage, ms in ordered(port["timings_ms"], port["tls"])]
    reply = port["reply"]
    said = f"; last reply: {reply['code']} {reply['text']}" if reply else ""
    return f"{port['tls_version'] or 'no TLS'}; {', '.join(stages) or 'no stage'}{said}"


def _cause(item: dict[str, Any]) -> str:
    where = f" (port {listed([str(port) for port in item['ports']], len(item['ports']))})" if item["ports"] else ""
    return f"{item['id']}{where}: {item['cause']} {item['remedy']} {item['source']}".rstrip()


def _case(host: dict[str, Any], name: str, seconds: float, result: str = "", out: str = "") -> list[str]:
    # CI servers take what stands before a class name's last dot for a package: a host is one class.
    classname = f"ses_check.{host['host'].replace('.', '_')}"
    start = _open("testcase", classname=classname, name=name, time=_time(seconds))
    inside = [result, f"<system-out>{escape(visible(out))}</system-out>" if out else ""]
    return [start, *(line for line in inside if line), "</testcase>"]


def _result(kind: str, identifier: str, message: str, body: str = "") -> str:
    return f"{_open(kind, type=identifier, message=message)}{escape(visible(body))}</{kind}>"


def _open(element: str, **attributes: Any) -> str:
    return f"<{element} {' '.join(f'{name}={quoteattr(visible(value))}' for name, value in attributes.items())}>"


def _seconds(host: dict[str, Any]) -> float:
    """The ports are checked at the same time: a host takes as long as its slowest."""
    return max((total(port["timings_ms"]) for port in host["ports"]), default=0.0) / 1000


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"
