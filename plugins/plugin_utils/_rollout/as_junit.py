# SPDX-License-Identifier: GPL-3.0-or-later
"""rollout.xml: a test suite a wave, and in it a test case a host. A host that failed is a failure, a dead one an error,
one that was not reached is skipped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from xml.sax.saxutils import quoteattr

from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import visible
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import GOOD, STATES
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Host, Rollout

_ENDS = {
    "rolled_back": "failure",
    "unproven": "failure",
    "broken": "failure",
    "dead": "error",
    "not_reached": "skipped",
}


def render(rollout: Rollout) -> str:
    """The whole file."""
    suites: dict[str, dict[str, Host]] = {}
    for name, host in rollout.hosts.items():
        suites.setdefault(f"wave {host.wave}" if host.wave else "no wave", {})[name] = host
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', _open("testsuites", name="mailops.ses.rollout")]
    for name in sorted(suites, key=lambda name: (name == "no wave", len(name), name)):
        lines += _suite(name, suites[name], rollout.updated)
    return "\n".join([*lines, "</testsuites>", ""])


def _suite(name: str, hosts: Mapping[str, Host], updated: float) -> list[str]:
    kinds = [_ENDS.get(host.state) for host in hosts.values()]
    when = datetime.fromtimestamp(updated, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    counts = {"failures": kinds.count("failure"), "errors": kinds.count("error"), "skipped": kinds.count("skipped")}
    lines = [_open("testsuite", name=name, tests=len(hosts), **counts, time="0.000", timestamp=when)]
    for host, found in hosts.items():
        # CI servers take what stands before a class name's last dot for a package: a host is one class.
        classname = f"ses_rollout.{host.replace('.', '_')}"
        lines.append(_open("testcase", classname=classname, name="rolled out", time="0.000"))
        if found.state not in GOOD:
            kind = _ENDS[found.state]
            cause = found.causes[0]["id"] if found.causes else found.state
            message = f"{host} {STATES[found.state]}: {found.message}".removesuffix(": ")
            lines.append(f"{_open(kind, type=cause, message=message)}</{kind}>")
        lines.append("</testcase>")
    return [*lines, "</testsuite>"]


def _open(element: str, **attributes: Any) -> str:
    return f"<{element} {' '.join(f'{name}={quoteattr(visible(value))}' for name, value in attributes.items())}>"
