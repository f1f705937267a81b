# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts registered, as one plain description of the fleet: report.json is this, the other reports show it.

Only named values are taken out of a result, so nothing that a host registered besides can reach a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

VERSION = 1
STATES = ("can_send", "cannot_send", "unreachable", "not_checked")

# What a host shows that gave no result of its own: the id, how its cause begins, the remedy.
_NO_RESULT = {
    "unreachable": (
        "host_unreachable",
        "Ansible could not reach the host",
        "See that the host runs and that `ansible HOST -m ansible.builtin.ping` reaches it, then check again.",
    ),
    "not_checked": (
        "not_checked",
        "The check gave no result",
        "Correct what the message names, then check again.",
    ),
}
_QUEUE_UNREADABLE = (
    "queue_unreadable",
    "The mail queue could not be read",
    "See that the user Ansible logs in as may read the queue (become), and that the MTA answers its own queue command.",
)
_CERTIFICATE = ("subject", "names", "issuer", "not_after", "verified")
_MAX_MESSAGE = 500


def fleet(results: Mapping[str, Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """RESULTS has for each host what smtp_check and mail_queue_info registered: {"check": …, "queue": …}."""
    hosts = [_host(name, result, now) for name, result in results.items()]
    return {
        "version": VERSION,
        "generated_at": now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "summary": {"hosts": len(hosts), **{state: sum(host["state"] == state for host in hosts) for state in STATES}},
        "causes": _causes(hosts),
        "hosts": hosts,
    }


def _host(name: str, result: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    check = result.get("check") or {}
    ports = check.get("ports") or []
    state = _state(check)
    queue, queue_error = _queue(result.get("queue") or {}) if state != "unreachable" else (None, None)
    message = _message(check) if state in _NO_RESULT else None
    host: dict[str, Any] = {
        "host": str(name),
        "state": state,
        "message": message,
        "endpoint": check.get("endpoint"),
        "canonical_name": check.get("canonical_name"),
        "addresses": list(check.get("addresses") or []),
        "recommended_port": check.get("recommended_port"),
        "ports": [_port(port) for port in ports],
        "certificates": _certificates(ports, now),
        "queue": queue,
        "queue_error": queue_error,
    }
    host["diagnosis"] = _diagnosis(check, ports, result, host)
    return host


def _state(check: Mapping[str, Any]) -> str:
    if check.get("unreachable"):
        return "unreachable"
    if "reachable" not in check:
        return "not_checked"
    return "can_send" if check["reachable"] else "cannot_send"


def _message(result: Mapping[str, Any]) -> str:
    text = str(result.get("msg") or "it ended without a word").strip()
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…"


def _port(port: Mapping[str, Any]) -> dict[str, Any]:
    reply = port.get("reply")
    return {
        "port": port["port"],
        "tls": port.get("tls"),
        "ok": bool(port["ok"]),
        "stage": port.get("stage"),
        "timings_ms": {str(stage): round(ms, 1) for stage, ms in (port.get("timings_ms") or {}).items()},
        "tls_version": port.get("tls_version"),
        "tls_cipher": port.get("tls_cipher"),
        "auth_mechanisms": list(port.get("auth_mechanisms") or []),
        "path_mtu": port.get("path_mtu"),
        "reply": {"code": reply.get("code"), "text": reply.get("text")} if reply else None,
        "diagnosis": [item["id"] for item in port.get("diagnosis") or []],
    }


def _certificates(ports: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Each certificate once, with the ports that showed it."""
    found: list[dict[str, Any]] = []
    for port in ports:
        if not port.get("certificate"):
            continue
        shown = {key: port["certificate"].get(key) for key in _CERTIFICATE}
        same = next((entry for entry in found if all(entry[key] == shown[key] for key in _CERTIFICATE)), None)
        if same:
            same["ports"].append(port["port"])
        else:
            found.append({"ports": [port["port"]], **shown, "days_left": _days_left(shown["not_after"], now)})
    return found


def _days_left(not_after: Any, now: datetime) -> int | None:
    try:
        end = datetime.strptime(str(not_after), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return (end - now).days


def _queue(result: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
    """The queue, or why it could not be read."""
    if "messages" not in result:
        return None, _message(result)
    return {
        "mta": result.get("mta"),
        "messages": result["messages"],
        "states": dict(result.get("states") or {}),
        "oldest_age_seconds": result.get("oldest_age_seconds"),
        "reasons": [
            {
                "count": reason.get("count"),
                "text": reason.get("text"),
                "oldest_age_seconds": reason.get("oldest_age_seconds"),
                "diagnosis": (reason.get("diagnosis") or {}).get("id"),
            }
            for reason in result.get("reasons") or []
        ],
    }, None


def _diagnosis(
    check: Mapping[str, Any], ports: Iterable[Mapping[str, Any]], result: Mapping[str, Any], host: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Each cause once: the ports that show it, the queued messages that wait for it, whether it stops the host."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}

    def add(item: Mapping[str, Any], stops_sending: bool) -> dict[str, Any]:
        entry = {key: str(item.get(key) or "") for key in ("id", "cause", "remedy", "source")}
        known = found.setdefault(tuple(entry.values()), {**entry, "stops_sending": False, "ports": [], "queued": 0})
        known["stops_sending"] |= stops_sending
        return known

    stopped = host["state"] != "can_send"
    for port in ports:
        for item in port.get("diagnosis") or []:
            add(item, stopped)["ports"].append(port["port"])
    for item in check.get("diagnosis") or []:
        add(item, stopped)
    if host["state"] in _NO_RESULT and not found:
        add(_note(_NO_RESULT[host["state"]], host["message"]), True)
    if host["queue"]:
        for reason in result["queue"].get("reasons") or []:
            if reason.get("diagnosis"):
                add(reason["diagnosis"], False)["queued"] += reason.get("count") or 0
    if host["queue_error"]:
        add(_note(_QUEUE_UNREADABLE, host["queue_error"]), False)
    return list(found.values())


def _note(words: tuple[str, str, str], message: str) -> dict[str, str]:
    return {"id": words[0], "cause": f"{words[1]}: {message}", "remedy": words[2]}


def _causes(hosts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The causes of all hosts by id; first those that keep the most hosts from sending."""
    found: dict[str, dict[str, Any]] = {}
    wordings: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for host in hosts:
        for item in host["diagnosis"]:
            empty = {"id": item["id"], "hosts": [], "cannot_send": 0, "ports": [], "queued": 0, "wordings": []}
            group = found.setdefault(item["id"], empty)
            if host["host"] not in group["hosts"][-1:]:
                group["hosts"].append(host["host"])
                group["cannot_send"] += item["stops_sending"]
            group["ports"] = sorted({*group["ports"], *item["ports"]})
            group["queued"] += item["queued"]
            words = {key: item[key] for key in ("cause", "remedy", "source")}
            key = (item["id"], *words.values())
            if key not in wordings:
                wordings[key] = {"hosts": 0, **words}
                group["wordings"].append(wordings[key])
            wordings[key]["hosts"] += 1
    for group in found.values():
        group["wordings"].sort(key=lambda wording: -wording["hosts"])
    return sorted(found.values(), key=lambda group: (-group["cannot_send"], -len(group["hosts"]), group["id"]))
