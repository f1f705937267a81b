# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what an account can lack for mail to leave: cause, remedy, and whether SES then refuses every mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._aws import dns

_GUIDE = "https://docs.aws.amazon.com/ses/latest/dg/"
NEARLY = 0.8  # of the quota of 24 hours

Facts = Mapping[str, Any]


class Seen(NamedTuple):
    """What the rows judge: the region, what account.look returns, and the fleet (hosts, connections, rate)."""

    region: str
    look: Mapping[str, Any]
    fleet: Mapping[str, Any]


class Row(NamedTuple):
    """A finding. OF yields what the sentences are filled with, once for each thing that has it."""

    id: str
    stops_sending: bool
    cause: str
    remedy: str
    page: str
    of: Callable[[Seen], Iterable[Facts]]


def _unverified(seen: Seen, elsewhere: bool) -> Iterator[Facts]:
    for item in seen.look["identities"]:
        if not item["verified"] and bool(item["elsewhere"]) == elsewhere and (elsewhere or not _waits(item)):
            error = f" ({item['error']})" if item.get("error") else ""
            status = f"has the status {item['verification_status']}{error}" if item["exists"] else "is not set up"
            yield {"name": item["sender"], "status": status, "elsewhere": ", ".join(item["elsewhere"])}


def _waits(item: Mapping[str, Any]) -> bool:
    dkim = item.get("dkim") or {}
    return bool(item["exists"] and item["verification_status"] == "PENDING" and dkim.get("tokens"))


def _dkim(seen: Seen) -> Iterator[Facts]:
    for item in seen.look["identities"]:
        if not item["verified"] and not item["elsewhere"] and _waits(item):
            yield {"name": item["name"], "rows": dns.in_words(dns.dkim_rows(item["name"], item["dkim"]))}


def _mail_from(seen: Seen) -> Iterator[Facts]:
    for item in seen.look["identities"]:
        mail_from = item.get("mail_from") or {}
        if mail_from.get("domain") and mail_from.get("status") not in (None, "SUCCESS"):
            rows = dns.in_words(dns.mail_from_rows(mail_from["domain"], seen.region))
            rejects = mail_from.get("on_mx_failure") == "REJECT_MESSAGE"
            becomes = "refuses its mail" if rejects else "sends from amazonses.com instead"
            yield {"name": item["name"], **mail_from, "rows": rows, "becomes": becomes}


def _account(seen: Seen, holds: Callable[[Mapping[str, Any]], bool]) -> Iterator[Facts]:
    account = seen.look["account"]
    if account and holds(account):
        quota = account["quota"]
        numbers = {name: f"{value:,.0f}" for name, value in quota.items() if value is not None}
        yield {**account, **numbers}


def _nearly(account: Mapping[str, Any]) -> bool:
    quota = account["quota"]
    return bool(quota["max_24_hours"] > 0 and quota["sent_24_hours"] >= NEARLY * quota["max_24_hours"])


def _key(seen: Seen, holds: Callable[[Mapping[str, Any], Any], bool]) -> Iterator[Facts]:
    key = seen.look["key"]
    mine = (seen.look["caller"] or {}).get("account")
    if key and holds(key, mine):
        yield {**key, "mine": mine, "other": key["account"]}


def _foreign(key: Mapping[str, Any], mine: Any) -> bool:
    return bool(not key["exists"] and key["account"] and key["account"] != mine)


def _fleet(seen: Seen) -> Iterator[Facts]:
    account, connections = seen.look["account"], seen.fleet.get("connections") or 0
    rate, asked = account["quota"]["max_per_second"] if account else 0, seen.fleet.get("rate")
    facts = {"hosts": seen.fleet.get("hosts") or 1, "rate": f"{rate:,.0f}"}
    if asked is not None and 0 < rate < round(asked, 6):  # a sum of tenths is not exact
        yield {**facts, "open_or_send": f"may send {asked:,.1f} messages a second together", "variable": "ses_max_rate"}
    elif asked is None and 0 < rate < connections:
        may = f"open up to {connections} connections at once"
        yield {**facts, "open_or_send": may, "variable": "ses_max_connections, set ses_max_rate"}


def _set(seen: Seen, holds: Callable[[Mapping[str, Any]], bool]) -> Iterator[Facts]:
    found = seen.look["configuration_set"]
    if found and holds(found):
        yield found


def _policy(seen: Seen) -> Iterator[Facts]:
    policy = seen.look["policy"]
    if policy and not policy["allowed"]:
        yield {**policy, "resources": ", ".join(policy["denied"])}


def _unread(seen: Seen) -> Iterator[Facts]:
    for part, fault in seen.look["unread"].items():
        yield {"part": part.replace("_", " "), **fault}


# In the order in which they are worth reading.
FINDINGS: tuple[Row, ...] = (
    Row(
        "key_of_another_account",
        True,
        "The access key {id} belongs to the account {other}, and this is the account {mine}.",
        "Use a key of this account, or give the controller credentials of that one.",
        "smtp-credentials.html",
        lambda seen: _key(seen, _foreign),
    ),
    Row(
        "key_unknown",
        True,
        "The account {mine} has no access key {id}: SES answers 535.",
        "Make a key of an IAM user that may ses:SendRawEmail, or give the user name of an existing one.",
        "smtp-credentials.html",
        lambda seen: _key(seen, lambda key, mine: not key["exists"] and not _foreign(key, mine)),
    ),
    Row(
        "key_inactive",
        True,
        "The access key {id} of the IAM user {user} is {status}: SES answers 535.",
        "Activate it (aws iam update-access-key --status Active), or have the hosts use the user's other key.",
        "smtp-credentials.html",
        lambda seen: _key(seen, lambda key, _mine: key["exists"] and key["status"] != "Active"),
    ),
    Row(
        "sending_paused",
        True,
        "SES has sending switched off for this account in {region} (enforcement status {enforcement_status}).",
        "Read what AWS wrote to the account's owner and answer it; where you paused it yourselves, resume it.",
        "faqs-enforcement.html",
        lambda seen: _account(
            seen, lambda account: not account["sending_enabled"] or account["enforcement_status"] == "SHUTDOWN"
        ),
    ),
    Row(
        "domain_verified_elsewhere",
        True,
        "{name} is verified in {elsewhere}, not in {region}.",
        "Verify it in {region} too, or have the hosts use the endpoint of {elsewhere}.",
        "creating-identities.html",
        lambda seen: _unverified(seen, elsewhere=True),
    ),
    Row(
        "domain_not_verified",
        True,
        "{name} {status} in {region}: SES answers 554 to each of its mails.",
        "Verify the domain or the address there, for example with mailops.ses.ses_identity.",
        "creating-identities.html",
        lambda seen: _unverified(seen, elsewhere=False),
    ),
    Row(
        "dkim_pending",
        True,
        "{name} waits for its DKIM rows in DNS, so it is not verified in {region}.",
        "Set these rows, then wait for SES to see them: {rows}.",
        "send-email-authentication-dkim-easy.html",
        _dkim,
    ),
    Row(
        "sandbox",
        True,
        "The account is in the sandbox in {region}: it sends to verified recipients alone, {max_24_hours} a day.",
        "Request production access for {region}; the playbook mailops.ses.aws prints the request.",
        "request-production-access.html",
        lambda seen: _account(seen, lambda account: not account["production_access"]),
    ),
    Row(
        "configuration_set_missing",
        True,
        "The configuration set {name} is not there in {region}: SES refuses mail that names it.",
        "Create it, for example with mailops.ses.ses_configuration_set, or take it out of ses_configuration_set.",
        "using-configuration-sets.html",
        lambda seen: _set(seen, lambda found: not found["exists"]),
    ),
    Row(
        "configuration_set_paused",
        True,
        "The configuration set {name} has sending switched off in {region}.",
        "Switch it on again (sending_enabled of mailops.ses.ses_configuration_set).",
        "using-configuration-sets.html",
        lambda seen: _set(seen, lambda found: found["exists"] and found["sending_enabled"] is False),
    ),
    Row(
        "policy_lacks_send_raw_email",
        False,
        "By IAM's simulation the user {user} may not {action} on {resources}: SES answers 554 Access denied.",
        "Allow {action} on the identity, and on the configuration set where one is used.",
        "control-user-access.html",
        _policy,
    ),
    Row(
        "account_on_probation",
        False,
        "SES has the account on probation in {region}: too many bounces or complaints.",
        "Read what AWS wrote to the account's owner, and mend it before sending is paused.",
        "faqs-enforcement.html",
        lambda seen: _account(seen, lambda account: account["enforcement_status"] == "PROBATION"),
    ),
    Row(
        "mail_from_failed",
        False,
        "The MAIL FROM domain {domain} of {name} has the status {status}: SES {becomes}.",
        "Set these rows: {rows}.",
        "mail-from.html",
        _mail_from,
    ),
    Row(
        "quota_nearly_used",
        False,
        "{sent_24_hours} of {max_24_hours} messages of the last 24 hours are used in {region}. "
        "Then SES answers 454 until the hours pass.",
        "Send less, or request a higher quota.",
        "manage-sending-quotas.html",
        lambda seen: _account(seen, _nearly),
    ),
    Row(
        "fleet_outpaces_account",
        False,
        "{hosts} hosts {open_or_send}, and the account sends {rate} messages a second: where a queue is emptied, "
        "SES answers 454.",
        "Lower {variable}, or request a higher rate.",
        "manage-sending-quotas.html",
        _fleet,
    ),
    Row(
        "key_unused",
        False,
        "The access key {id} of the IAM user {user} has never been used, as far as IAM knows.",
        "If hosts have sent with it for hours, look at whether they use another one.",
        "smtp-credentials.html",
        lambda seen: _key(seen, lambda key, _mine: key["status"] == "Active" and key["last_used"]["at"] is None),
    ),
    Row(
        "cannot_tell",
        False,
        "The part {part} could not be read: {operation}, {code}.",
        "{remedy}",
        "control-user-access.html",
        _unread,
    ),
)


def findings(region: str, look: Mapping[str, Any], fleet: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """What LOOK (of account.look) shows of the table: {id, cause, remedy, source, stops_sending}."""
    seen = Seen(region, look, fleet or {})
    found = []
    for row in FINDINGS:
        for facts in row.of(seen):
            filled = {**facts, "region": region}
            found.append(
                {
                    "id": row.id,
                    "cause": row.cause.format_map(filled),
                    "remedy": row.remedy.format_map(filled),
                    "source": _GUIDE + row.page,
                    "stops_sending": row.stops_sending,
                }
            )
    return found
