# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as hosts register them, for the tests of the reports: causes come from the collection's own table."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose, diagnose_text
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import LOAD_BALANCERS, PORTS
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import union

NOW = datetime(2026, 11, 24, 16, 30, tzinfo=timezone.utc)
ENDPOINT = "email-smtp.us-east-1.amazonaws.com"
CERTIFICATE = {
    "subject": f"CN={ENDPOINT}",
    "names": [ENDPOINT, "email-smtp-fips.us-east-1.amazonaws.com"],
    "issuer": "C=US, O=Amazon, CN=Amazon RSA 2048 M02",
    "not_after": "2027-05-19T23:59:59Z",
    "verified": True,
}
DEAD = {
    "unreachable": True,
    "changed": False,
    "msg": "Failed to connect to the host via ssh: ssh: connect to host 10.20.30.40 port 22: Connection timed out",
}
TO_SES = {"host": ENDPOINT, "via": [], "logs_in": True}
QUEUES = {
    "empty": {
        "mta": "postfix",
        "messages": 0,
        "states": {},
        "oldest_age_seconds": None,
        "relay": TO_SES,
        "reasons": [],
    },
    "none": {"mta": None, "messages": 0, "states": {}, "oldest_age_seconds": None, "relay": None, "reasons": []},
    "unreadable": {"failed": True, "msg": "postqueue: fatal: open /etc/postfix/main.cf: Permission denied"},
}


PROBES = {
    "delivered": {
        "delivered": True,
        "state": "delivered",
        "message_id": "0107017033dbb64d-be13a01e-dbf1-44b7-b876-3622165dacc1-000000",
        "mta": "postfix",
        "queue_ids": ["702671C0002"],
        "mailer": "ses-relay/smtp",
        "relay": {"host": ENDPOINT, "address": "192.0.2.10", "port": 587},
        "sender": "root@example.com",
        "recipient": "success@simulator.amazonses.com",
        "seconds": 0.7,
        "reply": "250 Ok 0107017033dbb64d-be13a01e-dbf1-44b7-b876-3622165dacc1-000000",
        "diagnosis": [],
        "msg": "The mail to success@simulator.amazonses.com is delivered.",
    }
}


def probed(state: str, cause: dict[str, str]) -> dict[str, Any]:
    """What mail_probe returns of a mail that SES did not take."""
    changes = {"delivered": False, "state": state, "message_id": None, "diagnosis": [cause], "msg": cause["cause"]}
    return {**PROBES["delivered"], **changes}


def throttled(count: int = 12, age: int = 11520) -> dict[str, Any]:
    text = (
        f"host {ENDPOINT}[192.0.2.10] said: 454 Throttling failure: Maximum sending rate exceeded. "
        "(in reply to end of DATA command)"
    )
    reason = {"count": count, "text": text, "oldest_age_seconds": age, "diagnosis": diagnose_text(text)}
    states = {"active": 1, "deferred": count}
    return {
        "mta": "postfix",
        "messages": count + 1,
        "states": states,
        "oldest_age_seconds": age,
        "relay": TO_SES,
        "reasons": [reason],
    }


def waiting(*texts: str, states: dict[str, int] | None = None, age: int = 11520) -> dict[str, Any]:
    """A Postfix queue with a deferred message for each of these reasons."""
    counts = {"deferred": len(texts)} if states is None else states
    return {
        "mta": "postfix",
        "messages": sum(counts.values()),
        "states": counts,
        "oldest_age_seconds": age if counts else None,
        "relay": TO_SES,
        "reasons": [
            {
                "count": 1,
                "text": text,
                "oldest_age_seconds": age,
                "diagnosis": diagnose_text(text, {"endpoint": ENDPOINT}),
            }
            for text in texts
        ],
    }


def works(port: int, rtt: float = 12.0, **changes: Any) -> dict[str, Any]:
    """A port that took the whole dialogue over a path with this round trip, in milliseconds."""
    times = {
        "resolve": 2.1,
        "connect": rtt,
        "banner": rtt + 1,
        "ehlo": 2 * rtt + 1.5,
        "tls": 2.5 * rtt + 6,
        "auth": 2 * rtt + 9,
    }
    if PORTS[port] == "wrapper":
        times = {stage: times[stage] for stage in ("resolve", "connect", "tls", "banner", "ehlo", "auth")}
    return {
        "port": port,
        "tls": PORTS[port],
        "ok": True,
        "stage": "auth",
        "timings_ms": times,
        "tls_version": "TLSv1.3",
        "tls_cipher": "TLS_AES_128_GCM_SHA256",
        "certificate": CERTIFICATE,
        "auth_mechanisms": ["PLAIN", "LOGIN"],
        "path_mtu": 1500,
        "reply": {"code": 235, "text": "Authentication successful."},
        "diagnosis": [],
        **changes,
    }


def fails(
    port: int, kind: str, stage: str, text: str = "", *, rtt: float = 12.0, scope: str = "works", **changes: Any
) -> dict[str, Any]:
    """A port that failed at STAGE; what it says is the table's."""
    whole = works(port, rtt)
    stages = list(whole["timings_ms"])
    done = stages[: stages.index(stage)]
    times = {name: whole["timings_ms"][name] for name in [*done, stage]}
    if kind == "timeout":
        times[stage] = round(9999 - sum(times[name] for name in done), 1)
    facts = {"endpoint": ENDPOINT, "region": "us-east-1"}
    late = stage in ("auth",)
    return {
        **whole,
        "ok": False,
        "stage": done[-1] if done else None,
        "timings_ms": times,
        "tls_version": "TLSv1.3" if late else None,
        "tls_cipher": "TLS_AES_128_GCM_SHA256" if late else None,
        "certificate": CERTIFICATE if late else None,
        "auth_mechanisms": ["PLAIN", "LOGIN"] if late else [],
        "path_mtu": 1500 if "connect" in done else None,
        "reply": {"code": int(text[:3]), "text": text[4:]} if text[:3].isdigit() else None,
        "diagnosis": [diagnose(Symptom(kind, text, stage, port, scope, facts))],
        **changes,
    }


def check(ports: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """What smtp_check returns for these ports."""
    usable = {port["port"] for port in ports if port["ok"]}
    return {
        "changed": False,
        "failed": not usable,
        "reachable": bool(usable),
        "recommended_port": next((port for port in PORTS if port in usable), None),
        "endpoint": ENDPOINT,
        "canonical_name": LOAD_BALANCERS["us-east-1"],
        "addresses": ["192.0.2.10", "192.0.2.11", "192.0.2.12"],
        "ports": ports,
        "diagnosis": union(item for port in ports for item in port["diagnosis"]),
        **changes,
    }


def healthy(rtt: float = 12.0) -> dict[str, Any]:
    return check([works(port, rtt) for port in PORTS])


def not_logged_in(rtt: float = 12.0) -> dict[str, Any]:
    """A check without credentials ends after TLS."""
    ports = [works(port, rtt, stage="ehlo", reply={"code": 250, "text": "Ok"}) for port in PORTS]
    for port in ports:
        del port["timings_ms"]["auth"]
    return check(ports)


def mail_manager(rtt: float = 12.0) -> dict[str, Any]:
    """A log-in at an ingress endpoint of Mail Manager."""
    name = "abc.fips.wxyz.mail-manager-smtp.amazonaws.com"
    warning = diagnose(Symptom("only_accepted", facts={"endpoint": name}))
    return check([works(port, rtt) for port in (587, 25)], endpoint=name, diagnosis=[warning])


def no_port_25(rtt: float = 12.0) -> dict[str, Any]:
    return check([works(port, rtt) if port != 25 else fails(25, "timeout", "connect") for port in PORTS])


def swallowed() -> dict[str, Any]:
    return check([fails(port, "timeout", "connect", scope="swallowed") for port in PORTS])


def wrong_password(rtt: float = 12.0) -> dict[str, Any]:
    said = "535 Authentication Credentials Invalid"
    return check([fails(port, "reply", "auth", said, rtt=rtt) for port in PORTS])


def unresolved() -> dict[str, Any]:
    ports = [fails(port, "unresolved", "resolve", "Name or service not known", scope="") for port in PORTS]
    return check(ports, canonical_name=None, addresses=[])


def untrusted(rtt: float = 12.0) -> dict[str, Any]:
    shown = {
        **CERTIFICATE,
        "issuer": "O=Example Corp, CN=Inspecting Proxy",
        "not_after": "2026-12-01T00:00:00Z",
        "verified": False,
    }
    words = "self-signed certificate in certificate chain"
    ports = [
        fails(port, "certificate_untrusted", "tls", words, rtt=rtt, certificate=shown, path_mtu=1500) for port in PORTS
    ]
    return check(ports)


def mtu_hole(rtt: float = 12.0) -> dict[str, Any]:
    return check([fails(port, "timeout", "tls", rtt=rtt, path_mtu=1400) for port in PORTS])


def refused_587(rtt: float = 12.0) -> dict[str, Any]:
    return check([fails(587, "refused", "connect") if port == 587 else works(port, rtt) for port in PORTS])


def mixed(count: int, seed: int = 1) -> dict[str, dict[str, Any]]:
    """A fleet as one finds it: most hosts send, port 25 is swallowed in the cloud, some are broken, a few are gone."""
    source = random.Random(seed)
    kinds = [
        (healthy, 51), (not_logged_in, 1), (no_port_25, 31), (refused_587, 3), (wrong_password, 3), (swallowed, 3),
        (untrusted, 1), (unresolved, 1), (mtu_hole, 1), (None, 2),
    ]  # fmt: skip
    chosen = source.choices([kind for kind, _weight in kinds], [weight for _kind, weight in kinds], k=count)
    found = {}
    for number, kind in enumerate(chosen):
        role = source.choice(["web", "app", "db", "batch", "mail"])
        name = f"{role}{number + 1}.{source.choice(['use1', 'usw2', 'euw1'])}.corp.example.com"
        if kind is None:
            found[name] = {"check": DEAD, "queue": {"skipped": True}}
            continue
        rtt = source.lognormvariate(2.6, 0.6)
        result = kind() if kind in (swallowed, unresolved) else kind(rtt)  # type: ignore[operator]
        for port in result["ports"]:
            port["timings_ms"] = {
                name: ms if ms > 5000 else round(ms * source.uniform(0.9, 1.25), 1)
                for name, ms in port["timings_ms"].items()
            }
        queue = QUEUES["empty"]
        if kind in (wrong_password, swallowed, untrusted) or source.random() < 0.02:
            queue = throttled(source.randint(1, 400), source.randint(40, 400000))
        elif source.random() < 0.05:
            queue = QUEUES[source.choice(["none", "unreadable"])]
        found[name] = {"check": result, "queue": queue}
    return found


def every_state() -> dict[str, dict[str, Any]]:
    """A host in each state, and of those without a result one of each kind."""
    checks = {
        "web1": no_port_25(),
        "web2": not_logged_in(),
        "web3": wrong_password(),
        "web4": DEAD,
        "web5": {"failed": True, "msg": "ses_region lacks a hyphen before its number: write it like us-east-1."},
        "web6": {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "ImportError: no _ssl"},
        "web7": {"failed": True, "msg": "keys", "diagnosis": [diagnose(Symptom("temporary_keys"))]},
    }
    found = {host: {"check": check, "queue": QUEUES["empty"]} for host, check in checks.items()}
    return {**found, "web8": {"check": healthy(), "queue": QUEUES["none"]}}


def small() -> dict[str, dict[str, Any]]:
    """Three hosts: one sends, one does not, one is gone."""
    return {
        "web1.corp.example.com": {"check": no_port_25(), "queue": QUEUES["empty"]},
        "web2.corp.example.com": {"check": wrong_password(), "queue": throttled()},
        "web3.corp.example.com": {"check": DEAD, "queue": {"skipped": True}},
    }
