# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts registered, as one plain description of the fleet: report.json is this, the other reports show it.

Only named values are taken out of a result, so nothing that a host registered besides can reach a report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose, holds_mail
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from ansible_collections.mailops.ses.plugins.plugin_utils._report.account import (
    accounts_of,
    state_by_account,
    stopped_by_accounts,
)
from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import (
    FAILING,
    STATES,
    has_result,
    is_number,
    message_of,
    note_of,
    number_of,
    probe_causes,
    probe_of,
    state_by_mta,
    state_by_probe,
    state_of,
    ways_causes,
    ways_of,
    why_unproven,
)

VERSION = 1

# host_check is given secrets, and Ansible hides in all of its result what has one's letters or digits.
_HIDDEN = "Ansible hides its counts, since a secret that was given has the same digits"
_CERTIFICATE = ("subject", "names", "issuer", "not_after", "verified")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|(?<![\w:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])")


def fleet(
    results: Mapping[str, Mapping[str, Any]], now: datetime, accounts: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """RESULTS has for each host what the modules registered: {"check": …, "queue": …, "probe": …}. ACCOUNTS has what a
    loop of ses_account_info registered.

    Of a queue that a host has no entry for nothing is told; one that is None or has no messages could not be read.
    """
    told = accounts_of(accounts)
    stopped = stopped_by_accounts(told)
    hosts = [_host(name, result, now, stopped.get(str(name), [])) for name, result in results.items()]
    return {
        "version": VERSION,
        "generated_at": now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "summary": {"hosts": len(hosts), **{state: sum(host["state"] == state for host in hosts) for state in STATES}},
        "causes": _causes(hosts),
        "accounts": told,
        "hosts": hosts,
    }


def _host(name: str, result: Mapping[str, Any], now: datetime, stops: list[dict[str, Any]]) -> dict[str, Any]:
    check = _with_numbers(result.get("check") or {})
    ports = check.get("ports") or []
    state = state_of(check)
    message = None if has_result(check) and state != "unreachable" else message_of(check)
    asked = "queue" in result and state != "unreachable"
    queue, queue_error = _queue(result["queue"] or {}) if asked else (None, None)
    if queue_error and queue_error == message:
        queue_error = None  # what keeps every module from running is told once
    probe = probe_of(result.get("probe") or {})
    state = state_by_probe(state_by_mta(state, check, queue), probe)
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
        "probe": probe,
        "fallback": ways_of(result.get("fallback")),
    }
    host["diagnosis"] = _diagnosis(check, ports, result, host)
    if stops:
        host["state"] = state_by_account(state, stops)
        told = {"stops_sending": host["state"] in {"cannot_send", "mail_waits"}, "ports": [], "queued": 0}
        by_account = [{**item, **told} for item in stops]
        host["diagnosis"] = [*by_account, *host["diagnosis"]]
    return host


def _with_numbers(check: Mapping[str, Any]) -> Mapping[str, Any]:
    """The check without the words that Ansible puts in place of numbers where a password has their digits (587). The
    place of a port tells its number, where all were asked; the other numbers are left out."""
    ports = check.get("ports") or []
    places = PORTS if len(ports) == len(PORTS) else [port["port"] for port in ports]
    told = [_port_with_numbers(number, port) for number, port in zip(places, ports) if is_number(number)]
    recommended = check.get("recommended_port")
    if isinstance(recommended, str):
        recommended = next((port["port"] for port in told if port["ok"]), None)
    return {**check, "ports": told, "recommended_port": recommended} if check else check


def _port_with_numbers(number: int, port: Mapping[str, Any]) -> dict[str, Any]:
    timings = {stage: ms for stage, ms in (port.get("timings_ms") or {}).items() if is_number(ms)}
    mtu, reply = port.get("path_mtu"), port.get("reply")
    return {
        **port,
        "port": port["port"] if is_number(port["port"]) else number,
        "timings_ms": timings,
        "path_mtu": mtu if is_number(mtu) else None,
        "reply": reply if reply and is_number(reply.get("code")) else None,
    }


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
        return None, message_of(result)
    reasons = result.get("reasons") or []
    counts = [result["messages"], *(result.get("states") or {}).values(), *(reason.get("count") for reason in reasons)]
    if any(isinstance(count, str) for count in counts):
        return None, _HIDDEN
    return {
        "mta": result.get("mta"),
        "messages": result["messages"],
        "states": dict(result.get("states") or {}),
        "oldest_age_seconds": number_of(result.get("oldest_age_seconds")),
        "relay": _relay(result.get("relay")),
        "reasons": [
            {
                "count": reason.get("count"),
                "text": reason.get("text"),
                "oldest_age_seconds": number_of(reason.get("oldest_age_seconds")),
                "diagnosis": (reason.get("diagnosis") or {}).get("id"),
            }
            for reason in reasons
        ],
    }, None


def _relay(relay: Any) -> dict[str, Any] | None:
    if not relay or not isinstance(relay, Mapping):
        return None
    logs_in = relay.get("logs_in")
    via = list(relay.get("via") or [])
    return {"host": relay.get("host"), "via": via, "logs_in": logs_in if isinstance(logs_in, bool) else None}


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

    waits = host["state"] == "mail_waits"
    proven = (host["probe"] or {}).get("state") not in {None, "delivered"}  # what a mail shows is why, and no port is
    usable = bool(check.get("reachable"))
    stopped = host["state"] in FAILING and not waits and not (proven and usable)
    for port in ports:
        for item in port.get("diagnosis") or []:
            add(item, stopped)["ports"].append(port["port"])
    for item in check.get("diagnosis") or []:
        add(item, stopped)
    note = note_of(check)
    if note:
        add(note, stopped)
    if host["state"] == "can_log_in" and "queue" in result:
        facts = {"endpoint": str(check.get("endpoint") or "")}
        add(diagnose(Symptom("can_log_in", why_unproven(check, host["queue"]), facts=facts)), False)
    for item in probe_causes(result.get("probe") or {}, host["probe"]):
        add(item, host["state"] in FAILING)
    if host["queue"]:
        for reason in result["queue"].get("reasons") or []:
            if reason.get("diagnosis"):
                stops = waits and holds_mail(reason["diagnosis"].get("id", ""))
                add(reason["diagnosis"], stops)["queued"] += reason.get("count") or 0
    for item in ways_causes(host["fallback"]):
        add(item, False)
    if host["queue_error"]:
        add(diagnose(Symptom("queue_unreadable", host["queue_error"])), False)
    return list(found.values())


def _causes(hosts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The causes of all hosts by id; first those that keep the most hosts from sending."""
    found: dict[str, dict[str, Any]] = {}
    wordings: dict[tuple[str, ...], dict[str, Any]] = {}
    for host in hosts:
        for item in host["diagnosis"]:
            empty = {"id": item["id"], "hosts": {}, **dict.fromkeys(FAILING, 0), "ports": [], "queued": 0}
            group = found.setdefault(item["id"], {**empty, "wordings": []})
            # The same cause in two wordings is one host, which it stops when one of them does.
            if item["stops_sending"] and not group["hosts"].get(host["host"]):
                group[host["state"]] += 1
            group["hosts"][host["host"]] = group["hosts"].get(host["host"], False) or item["stops_sending"]
            group["ports"] = sorted({*group["ports"], *item["ports"]})
            group["queued"] += item["queued"]
            words = {key: item[key] for key in ("cause", "remedy", "source")}
            key = (item["id"], *(_alike(text, host["host"]) for text in words.values()))
            if key not in wordings:
                wordings[key] = {"hosts": [], **words}
                group["wordings"].append(wordings[key])
            wordings[key]["hosts"] += [] if host["host"] in wordings[key]["hosts"][-1:] else [host["host"]]
    for group in found.values():
        group["hosts"] = list(group["hosts"])
        group["wordings"].sort(key=lambda wording: -len(wording["hosts"]))
    return sorted(found.values(), key=lambda group: (-stopped_by(group), -len(group["hosts"]), group["id"]))


def stopped_by(cause: Mapping[str, Any]) -> int:
    """How many hosts it keeps from sending, or from telling whether they can."""
    return sum(cause[state] for state in FAILING)


def _alike(text: str, host: str) -> str:
    """A sentence without the host's own name and without addresses: so the same message of many hosts is one."""
    return _ADDRESS.sub("*", re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", "*", text))
