# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check playbook prints: short for any number of hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import FAILING
from ansible_collections.mailops.ses.plugins.plugin_utils._report.text_table import table, wrapped
from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import (
    STATE_WORDS,
    headline,
    listed,
    plural,
    ports_words,
    visible,
)

TABLE_UP_TO = 30  # hosts; of more the causes alone are printed
_NAMES = 10
_WORDINGS = 3  # of a cause


def summary(fleet: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]], directory: str) -> list[str]:
    checks = {host: result.get("check") or {} for host, result in results.items()}
    lines = [f"{headline(fleet['summary'])}{_others(fleet['summary'])}.", ""]
    if checks:
        if len(checks) <= TABLE_UP_TO:
            untold = [cause for cause in fleet["causes"] if cause["mail_waits"] or cause["id"] == "can_log_in"]
            lines = [*table(checks), "", *_grouped(untold), *_probes(fleet["hosts"]), *lines]  # of these no check tells
        else:
            lines = [*lines, *_grouped(fleet["causes"])]
    return [visible(line) for line in [*lines, f"Reports in {directory}: report.html, report.json, junit.xml"]]


def _probes(hosts: Iterable[Mapping[str, Any]]) -> list[str]:
    """What came of each host's mail."""
    lines: list[str] = []
    for host in hosts:
        lines += [f"mail: {host['host']}", *wrapped(host["probe"]["message"]), ""] if host["probe"] else []
    return lines


def verdict(fleet: Mapping[str, Any]) -> str:
    """Which hosts cannot send or were not checked, in a line; empty when there is none."""
    failed = {state: sorted(host["host"] for host in fleet["hosts"] if host["state"] == state) for state in FAILING}
    return " ".join(
        f"{STATE_WORDS[state].capitalize()}: {listed(hosts, _NAMES)}." for state, hosts in failed.items() if hosts
    )


def _others(summary: Mapping[str, int]) -> str:
    """How many are in each of the states that the headline leaves out."""
    return "".join(f"; {summary[state]:,} {STATE_WORDS[state]}" for state in FAILING if summary[state])


def _grouped(causes: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for cause in causes:
        ports = f" ({ports_words(cause['ports'])})" if cause["ports"] else ""
        stopped = "".join(f", {cause[state]:,} {STATE_WORDS[state]}" for state in FAILING if cause[state])
        hosts = listed(cause["hosts"], _NAMES)
        lines.append(f"{plural(len(cause['hosts']), 'host')}{stopped}: {cause['id']}{ports}: {hosts}")
        lines += [line for text in _worded(cause["wordings"]) for line in wrapped(text)] + [""]
    return lines


def _worded(wordings: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """The most frequent messages with their counts, and each remedy once."""
    if len(wordings) == 1:
        return [f"{wordings[0]['cause']} {wordings[0]['remedy']}"]
    causes = [f"{plural(len(wording['hosts']), 'host')}: {wording['cause']}" for wording in wordings[:_WORDINGS]]
    more = sum(len(wording["hosts"]) for wording in wordings[_WORDINGS:])
    causes += [f"{plural(more, 'host')}: otherwise, see report.html"] if more else []
    return [*causes, *list(dict.fromkeys(wording["remedy"] for wording in wordings))[:_WORDINGS]]
