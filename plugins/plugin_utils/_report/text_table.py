# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet as lines of text: a table of hosts and ports, and each cause once with where it holds."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import printable
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS
from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import FAILING
from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import (
    STATE_WORDS,
    failure_words,
    listed,
    milliseconds,
    plural,
    ports_words,
    total,
)

HOSTS = 10  # of a cause are named; of so few each with its ports
_WIDTH = 100
_REPLIES = 3  # so many different ones are shown of a cause
_WORDINGS = 3  # of a cause


def table(fleet: Mapping[str, Any]) -> list[str]:
    """A row a host, by name, and a column a port."""
    header = ["host", *(f"{port}" for port in sorted(PORTS)), "use", "TLS", "endpoint"]
    rows = [_row(host) for host in sorted(fleet["hosts"], key=lambda host: str(host["host"]))]
    return _aligned([header, *rows])


def causes(fleet: Mapping[str, Any]) -> list[str]:
    """A paragraph a cause, with an empty line before it: where it holds, what it is, what to do, what servers said."""
    hosts = {host["host"]: host for host in fleet["hosts"]}
    lines = []
    for cause in fleet["causes"]:
        lines += ["", _heading(cause, hosts)]
        lines += [line for text in _worded(cause["wordings"]) for line in wrapped(text)]
        lines += [f"  The server said: {reply}" for reply in list(dict.fromkeys(_refusals(cause, hosts)))[:_REPLIES]]
    return lines


def wrapped(text: str) -> list[str]:
    """A sentence as indented lines. A word stays whole: it may be a message's id, for which somebody searches a log."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _row(host: Mapping[str, Any]) -> list[str]:
    ports = {port["port"]: port for port in host["ports"]}
    cells = [_cell(ports[port]) if port in ports else "-" for port in sorted(PORTS)]
    used = ports.get(host["recommended_port"] or 0, {})
    recommended = host["recommended_port"] or "none"
    return [host["host"], *cells, str(recommended), used.get("tls_version") or "-", host["endpoint"] or "-"]


def _cell(port: Mapping[str, Any]) -> str:
    """The time that a working port took, or the stage at which a failing one failed."""
    return milliseconds(total(port["timings_ms"])) if port["ok"] else failure_words(port)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def _heading(cause: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> str:
    """A cause's id and its hosts; those of many as a number, and the first by name."""
    names = sorted(cause["hosts"])
    if len(names) <= HOSTS:
        return f"{cause['id']}: {'; '.join(name + _in_brackets(_ports(cause, hosts[name])) for name in names)}"
    stopped = "".join(f", {cause[state]:,} {STATE_WORDS[state]}" for state in FAILING if cause[state])
    return f"{cause['id']}{_in_brackets(cause['ports'])}: {plural(len(names), 'host')}{stopped}: {listed(names, HOSTS)}"


def _in_brackets(ports: list[int]) -> str:
    return f" ({ports_words(ports)})" if ports else ""


def _ports(cause: Mapping[str, Any], host: Mapping[str, Any]) -> list[int]:
    """The ports of a host that show the cause."""
    return sorted({port for item in host["diagnosis"] if item["id"] == cause["id"] for port in item["ports"]})


def _worded(wordings: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """The most frequent messages with their counts, and each remedy once."""
    if len(wordings) == 1:
        return [f"{wordings[0]['cause']} {wordings[0]['remedy']}"]
    found = [f"{plural(len(wording['hosts']), 'host')}: {wording['cause']}" for wording in wordings[:_WORDINGS]]
    more = sum(len(wording["hosts"]) for wording in wordings[_WORDINGS:])
    found += [f"{plural(more, 'more host')}: other messages"] if more else []
    return [*found, *list(dict.fromkeys(wording["remedy"] for wording in wordings))[:_WORDINGS]]


def _refusals(cause: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """What servers said on the ports that show the cause, where that is why they failed."""
    for name in sorted(cause["hosts"]):
        shown = _ports(cause, hosts[name])
        for port in hosts[name]["ports"]:
            reply = port["reply"] or {}
            if port["port"] in shown and not port["ok"] and (reply.get("code") or 0) >= 400:
                yield printable(f"{reply['code']} {reply['text']}")
