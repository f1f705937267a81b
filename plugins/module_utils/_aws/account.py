# SPDX-License-Identifier: GPL-3.0-or-later
"""ses_account_info: what the account says of itself. Each part fails alone, and none outlasts the time-out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, Callable, NamedTuple, Protocol

from ansible_collections.mailops.ses.plugins.module_utils._aws.faults import CallError

Result = dict[str, Any]
SEND = "ses:SendRawEmail"
_LIST_PAGE = 1000


class Asker(Protocol):
    """What is needed of session.Aws."""

    region: str

    def ask(self, service: str, method: str, region: str | None = None, **values: Any) -> Result:
        """The result of one call; CallError where there is none."""

    def client(self, service: str, region: str | None = None) -> Any:
        """The client of a service."""


class Wanted(NamedTuple):
    """What to ask for: names of identities (None lists all), a key, a configuration set, regions to look in as well."""

    identities: list[str] | None
    access_key_id: str | None
    configuration_set: str | None
    other_regions: list[str]


def candidates(name: str) -> list[str]:
    """The identities by which SES may verify a sender: the address, its domain, and the domains above that."""
    domain = name.rpartition("@")[2]
    labels = domain.split(".")
    domains = [".".join(labels[at:]) for at in range(len(labels) - 1)] or [domain]
    return [name, *domains] if "@" in name else domains


def look(aws: Asker, wanted: Wanted, timeout: float) -> Result:
    """All parts, and in `unread` those that failed. TIMEOUT is in seconds, for all together."""
    found: Result = {
        **dict.fromkeys(("caller", "account", "suppression", "key", "configuration_set", "policy")),
        "identities": [],
        "unread": {},
    }
    lines = (_ses_parts(aws, wanted, found), _iam_parts(aws, wanted, found))
    for service in ("sesv2", "sts", "iam"):
        aws.client(service)  # here, since threads may not make one at the same time
    for region in wanted.other_regions:
        aws.client("sesv2", region)
    _side_by_side(lines, found["unread"], timeout)
    return {**found, "unread": dict(found["unread"])}


Part = tuple[str, Callable[[], None]]


def _side_by_side(lines: tuple[list[Part], ...], unread: Result, timeout: float) -> None:
    """Each line's parts one after the other: SES takes one call a second of most operations."""
    waiting = [[name for name, _part in line] for line in lines]

    def work(line: list[Part], names: list[str]) -> None:
        for name, part in line:
            try:
                part()
            except CallError as fault:
                unread[name] = _unread(fault)
            except (KeyError, TypeError, ValueError) as error:  # of an answer in a form that AWS does not document
                unread[name] = _unread(CallError("ses", name, type(error).__name__, "The answer has an unknown form"))
            names.remove(name)

    threads = [
        threading.Thread(target=work, args=(line, names), daemon=True)  # a call that hangs does not hold up the end
        for line, names in zip(lines, waiting)
    ]
    end = time.monotonic() + timeout
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    for name in [name for names in waiting for name in names]:
        unread[name] = _unread(CallError("ses", name, "Timeout", f"No answer within {timeout:g} s"))


def _unread(fault: CallError) -> Result:
    return {"code": fault.code, "operation": fault.operation, "message": fault.sentence(), "remedy": fault.remedy}


def _ses_parts(aws: Asker, wanted: Wanted, found: Result) -> list[Part]:
    def account() -> None:
        told = aws.ask("sesv2", "get_account")
        found["account"] = _account(told)
        found["suppression"] = {"reasons": list(told.get("SuppressionAttributes", {}).get("SuppressedReasons", []))}

    def configuration_set() -> None:
        found["configuration_set"] = configuration_set_of(aws, str(wanted.configuration_set))

    def identities() -> None:
        for name in wanted.identities or []:
            found["identities"].append(_sender(aws, name, wanted.other_regions))

    def listed() -> None:
        found["identities"] += _listed(aws)

    return [
        ("account", account),
        *([("configuration_set", configuration_set)] if wanted.configuration_set else []),
        ("identities", listed if wanted.identities is None else identities),
    ]


def _iam_parts(aws: Asker, wanted: Wanted, found: Result) -> list[Part]:
    def caller() -> None:
        told = aws.ask("sts", "get_caller_identity")
        found["caller"] = {"account": told["Account"], "arn": told["Arn"]}

    def key() -> None:
        found["key"] = _key(aws, str(wanted.access_key_id))

    def policy() -> None:
        if (found["key"] or {}).get("user") and found["caller"]:
            found["policy"] = _policy(aws, wanted, found["key"]["user"], found["caller"])

    parts: list[Part] = [("caller", caller)]
    parts += [("key", key)] if wanted.access_key_id else []
    parts += [("policy", policy)] if wanted.access_key_id and wanted.identities else []
    return parts


def _account(told: Mapping[str, Any]) -> Result:
    quota = told.get("SendQuota") or {}
    most, sent = quota.get("Max24HourSend", 0.0), quota.get("SentLast24Hours", 0.0)
    return {
        "production_access": bool(told.get("ProductionAccessEnabled")),
        "sending_enabled": bool(told.get("SendingEnabled")),
        "enforcement_status": told.get("EnforcementStatus"),
        "quota": {
            "max_24_hours": most,
            "max_per_second": quota.get("MaxSendRate", 0.0),
            "sent_24_hours": sent,
            "left": None if most < 0 else max(0.0, most - sent),  # -1 is without a limit
        },
    }


def configuration_set_of(aws: Asker, name: str) -> Result:
    """What SES says of a configuration set; `exists` tells whether there is one."""
    try:
        told = aws.ask("sesv2", "get_configuration_set", ConfigurationSetName=name)
    except CallError as fault:
        if fault.is_missing():
            return {"name": name, "exists": False}
        raise
    delivery, suppressed = told.get("DeliveryOptions") or {}, (told.get("SuppressionOptions") or {})
    reasons = suppressed.get("SuppressedReasons")
    return {
        "name": name,
        "exists": True,
        "tls_policy": delivery.get("TlsPolicy"),
        "max_delivery_seconds": delivery.get("MaxDeliverySeconds"),
        "reputation_metrics": (told.get("ReputationOptions") or {}).get("ReputationMetricsEnabled"),
        "sending_enabled": (told.get("SendingOptions") or {}).get("SendingEnabled"),
        "suppressed_reasons": None if reasons is None else sorted(reasons),
    }


def identity_of(name: str, told: Mapping[str, Any]) -> Result:
    """An identity as the modules return it, of SES's answer."""
    dkim, mail_from = told.get("DkimAttributes") or {}, told.get("MailFromAttributes") or {}
    return {
        "name": name,
        "type": str(told.get("IdentityType", "")).lower() or None,
        "verified": bool(told.get("VerifiedForSendingStatus")),
        "verification_status": told.get("VerificationStatus"),
        "error": (told.get("VerificationInfo") or {}).get("ErrorType"),
        "dkim": {
            "signing": bool(dkim.get("SigningEnabled")),
            "status": dkim.get("Status"),
            "tokens": list(dkim.get("Tokens") or []),
            "zone": dkim.get("SigningHostedZone"),
            "key_length": dkim.get("NextSigningKeyLength") or dkim.get("CurrentSigningKeyLength"),
        },
        "mail_from": {
            "domain": mail_from.get("MailFromDomain"),
            "status": mail_from.get("MailFromDomainStatus"),
            "on_mx_failure": mail_from.get("BehaviorOnMxFailure"),
        },
        "configuration_set": told.get("ConfigurationSetName"),
        "tags": {tag["Key"]: tag["Value"] for tag in told.get("Tags") or []},
    }


def get_identity(aws: Asker, name: str, region: str | None = None) -> Result | None:
    """The identity of that name; None where the region has none."""
    try:
        return identity_of(name, aws.ask("sesv2", "get_email_identity", region, EmailIdentity=name))
    except CallError as fault:
        if fault.is_missing():
            return None
        raise


def _sender(aws: Asker, name: str, other_regions: list[str]) -> Result:
    """By which identity SES verifies a sender here, or in which of the other regions it would."""
    nearest = best = None
    for candidate in candidates(name):
        identity = get_identity(aws, candidate)
        nearest = nearest or identity
        if identity and identity["verified"]:
            best = identity
            break
    elsewhere = []
    if best is None:
        elsewhere = [region for region in other_regions if region != aws.region and _verified_in(aws, name, region)]
    shown = best or nearest
    return {**(shown or identity_of(name, {})), "sender": name, "exists": shown is not None, "elsewhere": elsewhere}


def _verified_in(aws: Asker, name: str, region: str) -> bool:
    found = (get_identity(aws, candidate, region) for candidate in candidates(name))
    return any(identity is not None and identity["verified"] for identity in found)


def _listed(aws: Asker) -> Iterator[Result]:
    """All identities, with what the list says of them: one call for a thousand."""
    values: dict[str, Any] = {"PageSize": _LIST_PAGE}
    while True:
        told = aws.ask("sesv2", "list_email_identities", **values)
        for item in told.get("EmailIdentities") or []:
            yield {
                "name": item["IdentityName"],
                "type": str(item.get("IdentityType", "")).lower() or None,
                "verified": bool(item.get("SendingEnabled")) and item.get("VerificationStatus", "SUCCESS") == "SUCCESS",
                "verification_status": item.get("VerificationStatus"),
                "sender": item["IdentityName"],
                "exists": True,
                "elsewhere": [],
            }
        if not told.get("NextToken"):
            return
        values["NextToken"] = told["NextToken"]


def _key(aws: Asker, key_id: str) -> Result:
    """The key of that id: whose it is, whether it is active, and when it was used last."""
    key: Result = {"id": key_id, "exists": False, "account": None, "user": None, "status": None, "created": None}
    key["last_used"] = {"at": None, "service": None, "region": None}
    try:
        told = aws.ask("iam", "get_access_key_last_used", AccessKeyId=key_id)
    except CallError as fault:
        if not fault.is_missing() and fault.code != "AccessDenied":
            raise
        # Of another account's key IAM may also say that the caller has no right to ask.
        account = _account_of(aws, key_id)
        if not fault.is_missing() and account in (None, aws.ask("sts", "get_caller_identity")["Account"]):
            raise
        return {**key, "account": account}
    used = told.get("AccessKeyLastUsed") or {}
    key["user"] = told.get("UserName")
    key["last_used"] = {
        "at": stamp(used.get("LastUsedDate")),
        **{name.lower(): None if used.get(field) == "N/A" else used.get(field) for name, field in _USED.items()},
    }
    listed = aws.ask("iam", "list_access_keys", UserName=key["user"])["AccessKeyMetadata"]
    mine = next((item for item in listed if item["AccessKeyId"] == key_id), None)
    if mine:
        key.update(exists=True, status=mine["Status"], created=stamp(mine.get("CreateDate")))
    return key


_USED = {"service": "ServiceName", "region": "Region"}


def _account_of(aws: Asker, key_id: str) -> str | None:
    """The account that a key belongs to, whichever it is; None where AWS does not tell."""
    try:
        found: str | None = aws.ask("sts", "get_access_key_info", AccessKeyId=key_id).get("Account")
    except CallError:
        return None  # one more fact for the finding, which stands without it
    return found


def stamp(when: Any) -> str | None:
    """A time of AWS's in UTC; None for none."""
    if not isinstance(when, datetime):
        return None
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _policy(aws: Asker, wanted: Wanted, user: str, caller: Mapping[str, str]) -> Result:
    """Whether the key's user may send as each of the identities, by IAM's own simulation."""
    arn = aws.ask("iam", "get_user", UserName=user)["User"]["Arn"]
    place = f"arn:{caller['arn'].split(':')[1]}:ses:{aws.region}:{caller['account']}"
    denied = []
    for name in wanted.identities or []:
        sender = name if "@" in name else f"postmaster@{name}"
        if not _allowed(aws, arn, [f"{place}:identity/{one}" for one in candidates(name)], sender):
            denied.append(f"{place}:identity/{name}")
    if wanted.configuration_set:
        resource = f"{place}:configuration-set/{wanted.configuration_set}"
        sender = (wanted.identities or [""])[0]
        if not _allowed(aws, arn, [resource], sender if "@" in sender else f"postmaster@{sender}"):
            denied.append(resource)
    return {"user": user, "action": SEND, "allowed": not denied, "denied": denied}


def _allowed(aws: Asker, user_arn: str, resources: list[str], sender: str) -> bool:
    told = aws.ask(
        "iam",
        "simulate_principal_policy",
        PolicySourceArn=user_arn,
        ActionNames=[SEND],
        ResourceArns=resources,
        ContextEntries=[
            {"ContextKeyName": "ses:FromAddress", "ContextKeyValues": [sender], "ContextKeyType": "string"}
        ],
    )
    results = told.get("EvaluationResults") or []
    decisions = [result.get("EvalDecision") for result in results]
    for result in results:
        decisions += [part.get("EvalResourceDecision") for part in result.get("ResourceSpecificResults") or []]
    return "allowed" in decisions
