# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check playbook prints: short for any number of hosts."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._report import WIDTH, table
from ansible_collections.mailops.ses.plugins.plugin_utils._words import listed, plural, ports_words, visible

TABLE_UP_TO = 30  # hosts; of more the causes alone are printed
_NAMES = 10


def summary(fleet: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]], directory: str) -> list[str]:
    checks = {host: result.get("check") or {} for host, result in results.items()}
    lines = table(checks) if len(checks) <= TABLE_UP_TO else _grouped(fleet)
    return [visible(line) for line in [*lines, "", f"Reports in {directory}: report.html, report.json, junit.xml"]]


def verdict(fleet: Mapping[str, Any]) -> str:
    """Which hosts cannot send, in a line; empty when all can."""
    failed = sorted(host["host"] for host in fleet["hosts"] if host["state"] != "can_send")
    return f"Cannot send: {listed(failed, _NAMES)}." if failed else ""


def _grouped(fleet: Mapping[str, Any]) -> list[str]:
    counts = fleet["summary"]
    lines = [f"{counts['can_send']:,} of {plural(counts['hosts'], 'host')} can send."]
    for cause in fleet["causes"]:
        ports = f" ({ports_words(cause['ports'])})" if cause["ports"] else ""
        stopped = f", {cause['cannot_send']:,} cannot send" if cause["cannot_send"] else ""
        lines += [
            "",
            f"{plural(len(cause['hosts']), 'host')}{stopped}: {cause['id']}{ports}: {listed(cause['hosts'], _NAMES)}",
        ]
        words = cause["wordings"][0]
        lines += textwrap.wrap(
            f"{words['cause']} {words['remedy']}", WIDTH, initial_indent="  ", subsequent_indent="  "
        )
    return lines
