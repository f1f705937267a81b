# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check playbook prints: the table of a small fleet, the causes, and the fleet in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.plugin_utils._report.account import heading, quota_words
from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import FAILING
from ansible_collections.mailops.ses.plugins.plugin_utils._report.text_table import HOSTS, causes, table, wrapped
from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import (
    STATE_WORDS,
    headline,
    listed,
    visible,
    way_words,
)

TABLE_UP_TO = 30  # hosts; of more the causes alone are printed


def summary(fleet: Mapping[str, Any], directory: str) -> list[str]:
    """The lines to print. Of more than TABLE_UP_TO hosts the headline comes first and only causes follow; of fewer it
    comes last, where it does not scroll away."""
    lines = [f"{headline(fleet['summary'])}{_others(fleet['summary'])}."]
    if len(fleet["hosts"]) > TABLE_UP_TO:
        lines = [*lines, *causes(fleet), *_accounts(fleet["accounts"])]
    elif fleet["hosts"]:
        told = [*_probes(fleet["hosts"]), *_ways(fleet["hosts"]), *_accounts(fleet["accounts"])]
        lines = [*table(fleet), *causes(fleet), *told, "", *lines]
    return [visible(line) for line in [*lines, "", f"Reports in {directory}: report.html, report.json, junit.xml"]]


def legible(lines: list[str], mask: Callable[[str], str], directory: str) -> list[str]:
    """The lines, or where MASK, which hides secrets in what Ansible prints, would make holes in them: why they are not
    printed, and where they are whole."""
    if all(mask(line) == line for line in lines):
        return lines
    return [
        f"Ansible would hide words of this report, which a vaulted file has too. It is whole in {directory}: "
        "report.html, report.json, junit.xml.",
        "Vault the secrets alone (ansible-vault encrypt_string), and it is printed here.",
    ]


def verdict(fleet: Mapping[str, Any]) -> str:
    """Which hosts cannot send or were not checked, in a line; empty when there is none."""
    failed = {state: sorted(host["host"] for host in fleet["hosts"] if host["state"] == state) for state in FAILING}
    return " ".join(
        f"{STATE_WORDS[state].capitalize()}: {listed(hosts, HOSTS)}." for state, hosts in failed.items() if hosts
    )


def _probes(hosts: Iterable[Mapping[str, Any]]) -> list[str]:
    """What came of each host's mail."""
    lines: list[str] = []
    for host in hosts:
        lines += ["", f"mail: {host['host']}", *wrapped(host["probe"]["message"])] if host["probe"] else []
    return lines


def _ways(hosts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each host's further ways out."""
    lines = [f"way: {host['host']}: {way_words(way)}" for host in hosts for way in host["fallback"]]
    return ["", *lines] if lines else []


def _accounts(accounts: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the accounts say: what stops mail stands among the causes in full."""
    lines: list[str] = []
    for account in accounts:
        said = [account["message"], quota_words(account)]
        for item in account["findings"]:
            said.append(item["id"] if item["stops_sending"] else f"{item['cause']} {item['remedy']}")
        lines += ["", heading(account), *(line for text in said if text for line in wrapped(text))]
    return lines


def _others(summary: Mapping[str, int]) -> str:
    """How many are in each of the states that the headline leaves out."""
    return "".join(f"; {summary[state]:,} {STATE_WORDS[state]}" for state in FAILING if summary[state])
