# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of smtp_check, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import printable
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS
from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import note_of

_WIDTH = 100
_REPLIES = 3  # so many different ones are shown of a cause


def table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A row a host and a column a port; below it each cause once, with the hosts and ports that it holds for."""
    header = ["host", *(f"{port}" for port in sorted(PORTS)), "use", "TLS", "endpoint"]
    rows = [_row(host, result) for host, result in sorted(results.items())]
    return [*_aligned([header, *rows]), *_causes(results)]


def _row(host: str, result: Mapping[str, Any]) -> list[str]:
    ports = {entry["port"]: entry for entry in result.get("ports") or []}
    cells = [_cell(ports[port]) if port in ports else "-" for port in sorted(PORTS)]
    used = ports.get(result.get("recommended_port") or 0, {})
    recommended = result.get("recommended_port") or "none"
    return [host, *cells, str(recommended), used.get("tls_version") or "-", result.get("endpoint") or "-"]


def _cell(entry: Mapping[str, Any]) -> str:
    """The time a working port took, or the last stage that a failing one completed."""
    if entry["ok"]:
        return f"{sum(entry['timings_ms'].values()):.0f} ms"
    return f"after {entry['stage']}" if entry.get("stage") else "failed"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def _causes(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    places: dict[tuple[str, str, str], list[str]] = {}
    replies: dict[tuple[str, str, str], list[str]] = {}
    for host, result in sorted(results.items()):
        for cause, ports in _by_cause(result).items():
            suffix = f" ({', '.join(str(port) for port in ports)})" if ports else ""
            places.setdefault(cause, []).append(host + suffix)
            replies.setdefault(cause, []).extend(_refusals(result, ports))
    lines = []
    for cause, hosts in places.items():
        name, words, remedy = cause
        lines += ["", f"{name}: {'; '.join(hosts)}"]
        lines += wrapped(f"{words} {remedy}")
        lines += [f"  The server said: {reply}" for reply in list(dict.fromkeys(replies[cause]))[:_REPLIES]]
    return lines


def _refusals(result: Mapping[str, Any], ports: list[int]) -> Iterable[str]:
    """What the server said on these ports, where that is why they failed."""
    for entry in result.get("ports") or []:
        reply = entry.get("reply") or {}
        if entry["port"] in ports and not entry["ok"] and (reply.get("code") or 0) >= 400:
            yield printable(f"{reply['code']} {reply['text']}")


def _by_cause(result: Mapping[str, Any]) -> dict[tuple[str, str, str], list[int]]:
    found: dict[tuple[str, str, str], list[int]] = {}
    for entry in result.get("ports") or []:
        for item in entry.get("diagnosis") or []:
            found.setdefault(_key(item), []).append(entry["port"])
    for item in result.get("diagnosis") or []:
        found.setdefault(_key(item), [])
    note = note_of(result)
    if note:
        found.setdefault(_key(note), [])
    return found


def _key(item: Mapping[str, Any]) -> tuple[str, str, str]:
    return item["id"], item["cause"], item["remedy"]


def wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")
