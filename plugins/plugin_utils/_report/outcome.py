# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of a host's check: its state, and the cause of what no dialogue shows, from the table of causes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose, holds_mail, tells_nothing
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom

# Of these the first four pass; each host is in one of them.
STATES = (
    *("can_send", "can_log_in", "not_logged_in", "only_accepted"),
    *("cannot_send", "mail_waits", "unreachable", "not_checked"),
)
FAILING = STATES[4:]
# Mail in these states of a queue proves nothing: it was not tried yet, is being tried, or an administrator stopped it.
_UNTRIED = {"maildrop", "incoming", "active", "hold", "queued", "lost", "unreadable"}
# What a report has of mail_probe's result.
_PROBE = (
    "delivered",
    "state",
    "message_id",
    "mta",
    "queue_ids",
    "mailer",
    "relay",
    "sender",
    "recipient",
    "seconds",
    "reply",
)
_UNTOLD = {"unknown", "failed"}  # states of a probe that tell nothing of the host

_MAX_MESSAGE = 500
# Ansible's words around what matters, and those that say nothing at all.
_AROUND = re.compile(r"^(?:Task failed: )?(?:Module failed: )?")
_EMPTY = re.compile(r"(?s)\s*(?:MODULE FAILURE.*|Module result deserialization failed.*)?")
_CRASHED = re.compile(r"(?:Task failed: )?(?:MODULE FAILURE|Module (?:failed|result)|The module interpreter )")
# Of what a module that crashed printed: no word of SSH's, no source or data, which may hold what the module was given.
_NOISE = re.compile(r"(?i)(?:shared )?connection to .* closed\.?|[{\[].*|.*ansi(?:ball|ble_module).*|.*json_params.*")
_TELLING = re.compile(r"(?:[A-Za-z_][\w.]*(?:Error|Exception|Interrupt)\b|Fatal Python error).*")
# As long as a secret access key or an SMTP password.
_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])(?:[A-Za-z0-9/+=]{40}|[A-Za-z0-9/+=]{44})(?![A-Za-z0-9/+=])")


def has_result(check: Mapping[str, Any]) -> bool:
    """Whether the module came as far as the ports."""
    return "reachable" in check


def state_of(check: Mapping[str, Any]) -> str:
    """What the dialogue alone shows: a log-in is no mail."""
    if check.get("unreachable"):
        return "unreachable"
    if not has_result(check):
        # The table of causes knows credentials with which nobody can log in before a connection is opened.
        return "cannot_send" if check.get("diagnosis") else "not_checked"
    if not check["reachable"]:
        return "cannot_send"
    if not any(_logged_in(port) for port in check.get("ports") or []):
        return "not_logged_in"
    warned = any(item.get("id") == "only_accepted" for item in check.get("diagnosis") or [])
    return "only_accepted" if warned else "can_log_in"


def state_by_mta(state: str, check: Mapping[str, Any], queue: Mapping[str, Any] | None) -> str:
    """A host's state once its MTA's queue and way have shown more than a log-in does."""
    if state != "can_log_in":
        return state
    if mail_waits(queue):
        return "mail_waits"
    return "can_send" if _leads_there(check, queue) and ((queue or {})["relay"]).get("logs_in") else state


def _leads_there(check: Mapping[str, Any], queue: Mapping[str, Any] | None) -> bool:
    """Whether the MTA leads mail for other domains to the endpoint that was checked."""
    names = {str(check.get(name) or "").lower().rstrip(".") for name in ("endpoint", "canonical_name")}
    return _next_server(queue) in names - {""}


def why_unproven(check: Mapping[str, Any], queue: Mapping[str, Any] | None) -> str:
    """Why a log-in proves nothing of the host's mail."""
    if queue is None:
        return "what its MTA does could not be read"
    if queue.get("mta") is None:
        return "it has neither Postfix nor Sendmail"
    if not queue.get("relay"):
        return "where its MTA leads mail for other domains could not be read"
    server = _next_server(queue)
    if _leads_there(check, queue):
        told = "has no log-in for it" if queue["relay"].get("logs_in") is False else "its log-in could not be read"
        return f"its MTA leads mail for other domains to {server}, and {told}"
    return f"its MTA leads mail for other domains to {server}" if server else "its MTA leads such mail to no relay"


def _next_server(queue: Mapping[str, Any] | None) -> str:
    """Where the MTA leads mail for other domains, if that is known and one server."""
    return str(((queue or {}).get("relay") or {}).get("host") or "").lower().rstrip(".")


def mail_waits(queue: Mapping[str, Any] | None) -> bool:
    """Whether nothing leaves for SES: all mail that was tried waits, some on the way there, and nothing of it passes.

    QUEUE is a host's as report.json has it. What waits for another server or in the host's own mailboxes tells nothing
    of that way; a reply of SES's that passes, or a reason that nobody knows, is enough for False.
    """
    queue = queue or {}
    reasons = queue.get("reasons") or []
    tried = sum(count for state, count in (queue.get("states") or {}).items() if state not in _UNTRIED)
    told = sum(reason.get("count") or 0 for reason in reasons)
    causes = [str(reason.get("diagnosis") or "") for reason in reasons]
    on_the_way = [cause for cause in causes if not tells_nothing(cause)]
    return 0 < tried <= told and bool(on_the_way) and all(map(holds_mail, on_the_way))


def probe_of(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a host's mail_probe found, None where no mail was asked for or sent in check mode."""
    if not result or result.get("skipped") or result.get("state") == "skipped" or result.get("unreachable"):
        return None
    if "delivered" not in result:
        return {**dict.fromkeys(_PROBE), "delivered": False, "state": "failed", "message": message_of(result)}
    relay = result.get("relay")
    return {
        **{name: result.get(name) for name in _PROBE},
        "delivered": result["delivered"] is True,
        "relay": {**relay, "port": number_of(relay.get("port"))} if isinstance(relay, Mapping) else None,
        "seconds": number_of(result.get("seconds")),
        "message": str(result.get("msg") or ""),
    }


def is_number(value: Any) -> bool:
    """False for what Ansible puts in place of a number that has the digits of a secret."""
    return isinstance(value, (int, float))


def number_of(value: Any) -> Any:
    """The number, None for what is none."""
    return value if is_number(value) else None


def state_by_probe(state: str, probe: Mapping[str, Any] | None) -> str:
    """A host's state once a mail has shown more than a log-in does."""
    if probe is None or state in {"unreachable", "not_checked"}:
        return state
    if probe["delivered"]:
        return "can_send" if state in {"can_log_in", "not_logged_in", "mail_waits"} else state
    return "not_checked" if probe["state"] in _UNTOLD else "cannot_send"


def probe_causes(result: Mapping[str, Any], probe: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """Why the mail did not arrive."""
    if probe and probe["state"] == "failed":
        return [diagnose(Symptom("module_failed" if crashed(result) else "not_checked", probe["message"]))]
    return list(result.get("diagnosis") or []) if probe else []


def ways_of(results: Any) -> list[dict[str, Any]]:
    """What a report has of each further way: its endpoint and port, and whether it takes a log-in."""
    return [_way(way) for way in results or [] if isinstance(way, Mapping)] if isinstance(results, list) else []


def _way(way: Mapping[str, Any]) -> dict[str, Any]:
    logs_in = any(map(_logged_in, way.get("ports") or [])) if way.get("reachable") else False
    return {
        "name": str(way.get("name") or "ses_fallback"),
        "endpoint": way.get("endpoint"),
        "port": number_of(way.get("port")),
        "reachable": bool(way.get("reachable")),
        "logs_in": logs_in,
        "message": "" if way.get("reachable") else message_of(way),
    }


def ways_causes(ways: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What is wrong with further ways, and what a log-in does not show of them."""
    named = [(way, {"endpoint": str(way["endpoint"] or way["name"])}) for way in ways]
    found = [diagnose(Symptom("fallback_fails", way["message"], facts=facts)) for way, facts in named if way["message"]]
    other = ", ".join(dict.fromkeys(str(way["endpoint"]) for way in ways if way["reachable"]))
    return [*found, *([diagnose(Symptom("fallback_identities", facts={"endpoint": other}))] if other else [])]


def _logged_in(port: Mapping[str, Any]) -> bool:
    return bool(port.get("ok")) and "auth" in (port.get("timings_ms") or {})


def note_of(check: Mapping[str, Any]) -> dict[str, str] | None:
    """The cause of a state that no port's diagnosis tells of."""
    state = state_of(check)
    if state == "not_logged_in":
        return diagnose(Symptom("not_logged_in", facts={"endpoint": str(check.get("endpoint") or "")}))
    if state == "unreachable":
        return diagnose(Symptom("host_unreachable", message_of(check)))
    if state == "not_checked" and not check.get("diagnosis"):
        return diagnose(Symptom("module_failed" if crashed(check) else "not_checked", message_of(check)))
    return None


def message_of(result: Mapping[str, Any]) -> str:
    """Why there is no result, in a line and a half."""
    text = _AROUND.sub("", str(result.get("msg") or "")).strip()
    if _EMPTY.fullmatch(text):
        text = _printed(result) or _silence(result)
    text = _SECRET.sub("********", text)
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…"


def crashed(result: Mapping[str, Any]) -> bool:
    """Whether a module ended without a result of its own."""
    return "module_stderr" in result or bool(_CRASHED.match(str(result.get("msg") or "")))


def _printed(result: Mapping[str, Any]) -> str:
    """The last line that names an error, or the last one."""
    text = "\n".join(str(result.get(name) or "") for name in ("module_stdout", "module_stderr"))
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not _NOISE.fullmatch(line)]
    return next((line for line in reversed(lines) if _TELLING.fullmatch(line)), lines[-1] if lines else "")


def _silence(result: Mapping[str, Any]) -> str:
    code = result.get("rc")
    return "it ended without a word" + (f", with exit code {code}" if code else "")
