# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts behind the hosts: what ses_account_info found, as the reports have it, and what it means for a host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import FAILING, message_of
from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import plural

_FINDING = ("id", "cause", "remedy", "source")
_NO_REGION = "The region is not known: set ses_region, so that AWS can be asked."


def accounts_of(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a loop over the filter account_requests registered, an entry for each question."""
    return [_account(result.get("item") or {}, result) for result in results]


def _account(request: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    sender = next(iter(request.get("identities") or []), None)
    found = result.get("findings")
    message = None
    if not request.get("region"):
        message = _NO_REGION
    elif found is None:
        message = message_of(result)
    way = str(request.get("way") or "")
    account, caller = result.get("account") or {}, result.get("caller") or {}
    return {
        "region": request.get("region"),
        "user": request.get("access_key_id"),
        "sender": sender,
        "configuration_set": request.get("configuration_set"),
        "hosts": list(request.get("hosts") or []),
        "connections": request.get("connections"),
        "way": way,
        "number": caller.get("account"),
        "quota": dict(account["quota"]) if account.get("quota") else None,
        "message": message,
        "findings": [
            {
                **{key: str(item.get(key) or "") for key in _FINDING},
                # A host whose first way works can send; a sender of its own may be another account's.
                "stops_sending": item.get("stops_sending") is True and not way,
            }
            for item in found or []
        ],
    }


def stopped_by_accounts(accounts: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """For each host that its account stops the findings that do."""
    stopped: dict[str, list[dict[str, Any]]] = {}
    for account in accounts:
        stops = [item for item in account["findings"] if item["stops_sending"]]
        for host in account["hosts"] if stops else ():
            stopped.setdefault(host, []).extend(stops)
    return stopped


def state_by_account(state: str, stops: Iterable[Mapping[str, Any]]) -> str:
    """A host's state once its account has shown that SES refuses its mail; what fails already keeps its state."""
    return "cannot_send" if any(stops) and state not in FAILING else state


def heading(account: Mapping[str, Any]) -> str:
    """Which account, and for whom, in a line."""
    whose = ", ".join(str(account[key]) for key in ("user", "sender", "configuration_set") if account[key])
    number = f" {account['number']}" if account["number"] else ""
    place = account["region"] or "no region"
    for_whom = plural(len(account["hosts"]), "host") + (f", by {account['way']}" if account["way"] else "")
    return f"account{number} in {place}{f' ({whose})' if whose else ''}: {for_whom}"


def quota_words(account: Mapping[str, Any]) -> str:
    """What the account may send, and what its hosts may open; empty where that was not read."""
    quota = account["quota"]
    if not quota:
        return ""
    left = (
        "without a daily limit"
        if quota["left"] is None
        else f"{quota['left']:,.0f} of {quota['max_24_hours']:,.0f} left"
    )
    rate = f"{quota['max_per_second']:,.0f} a second"
    return f"{left}, {rate}; its hosts may open {plural(account['connections'] or 0, 'connection')}"
