# SPDX-License-Identifier: GPL-3.0-or-later
"""ses_identity: a domain or an address brought to the wanted state, and the DNS rows that verify it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._aws import dns, session
from ansible_collections.mailops.ses.plugins.module_utils._aws.account import get_identity, identity_of
from ansible_collections.mailops.ses.plugins.module_utils._aws.changes import Change, carry_out, due
from ansible_collections.mailops.ses.plugins.module_utils._aws.faults import CallError
from ansible_collections.mailops.ses.plugins.module_utils._aws.request import identity_fault
from ansible_collections.mailops.ses.plugins.module_utils._ses.addresses import domain_fault

Result = dict[str, Any]

ARGUMENTS: dict[str, dict[str, Any]] = {
    **session.ARGUMENTS,
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "dkim": {
        "type": "dict",
        "options": {
            "signing": {"type": "bool"},
            "key_length": {"type": "str", "choices": ["RSA_1024_BIT", "RSA_2048_BIT"], "no_log": False},
        },
    },
    "mail_from": {
        "type": "dict",
        "options": {
            "domain": {"type": "str", "required": True},
            "on_mx_failure": {
                "type": "str",
                "choices": ["USE_DEFAULT_VALUE", "REJECT_MESSAGE"],
                "default": "USE_DEFAULT_VALUE",
            },
        },
    },
    "configuration_set": {"type": "str"},
    "tags": {"type": "dict"},
}


def judge(params: Mapping[str, Any]) -> None:
    """Raise ValueError with sentences that name the options."""
    fault = identity_fault(params["name"])
    if fault:
        raise ValueError(f"name {fault}.")
    mail_from, domain = params["mail_from"], params["name"].rpartition("@")[2].lower()
    if not mail_from or not mail_from["domain"]:
        return
    fault = domain_fault(mail_from["domain"])
    if not fault and not mail_from["domain"].lower().endswith(f".{domain}"):
        fault = f"is no subdomain of {domain}: SES takes such alone, for example bounce.{domain}"
    if fault:
        raise ValueError(f"mail_from.domain {fault}.")


def ensure(aws: session.Aws, params: Mapping[str, Any], check_mode: bool) -> Result:
    """Bring it about, or in check mode tell what would come about."""
    name = params["name"].lower()
    found = get_identity(aws, name)
    if params["state"] == "absent":
        changes = [Change("state", "present", "absent", lambda: _delete(aws, name))] if found else []
        return {**carry_out(changes, check_mode), "identity": None, "dns_records": []}
    before = found or identity_of(name, {})
    changes = [] if found else [Change("state", "absent", "present", lambda: _create(aws, name, params))]
    changes += due(_changes(aws, name, params, before, bool(found)))
    done = carry_out(changes, check_mode)
    after = (get_identity(aws, name) if changes and not check_mode else None) or _predicted(before, changes)
    return {**done, "identity": after, "dns_records": _rows(aws, after)}


def _create(aws: session.Aws, name: str, params: Mapping[str, Any]) -> None:
    """With what a creation takes; the rest is set after it."""
    length = (params["dkim"] or {}).get("key_length")
    values: Result = {"EmailIdentity": name}
    if length:
        values["DkimSigningAttributes"] = {"NextSigningKeyLength": length}
    if params["configuration_set"]:
        values["ConfigurationSetName"] = params["configuration_set"]
    if params["tags"]:
        values["Tags"] = [{"Key": key, "Value": str(value)} for key, value in params["tags"].items()]
    try:
        aws.ask("sesv2", "create_email_identity", **values)
    except CallError as fault:
        if fault.code != "AlreadyExistsException":  # somebody else was quicker, and a next run compares the settings
            raise


def _delete(aws: session.Aws, name: str) -> None:
    aws.ask("sesv2", "delete_email_identity", EmailIdentity=name)


def _changes(
    aws: session.Aws, name: str, params: Mapping[str, Any], before: Mapping[str, Any], exists: bool
) -> list[Change]:
    """The settings. Of an identity that is yet to be made, those that its creation brings need no call of their own."""
    dkim, mail_from = params["dkim"] or {}, params["mail_from"] or {}

    def sign() -> None:
        aws.ask("sesv2", "put_email_identity_dkim_attributes", EmailIdentity=name, SigningEnabled=dkim["signing"])

    def lengthen() -> None:
        wanted = {"NextSigningKeyLength": dkim["key_length"]}
        aws.ask(
            "sesv2",
            "put_email_identity_dkim_signing_attributes",
            EmailIdentity=name,
            SigningAttributesOrigin="AWS_SES",
            SigningAttributes=wanted,
        )

    def set_mail_from() -> None:
        domain = {"MailFromDomain": mail_from["domain"]} if mail_from["domain"] else {}
        aws.ask(
            "sesv2",
            "put_email_identity_mail_from_attributes",
            EmailIdentity=name,
            BehaviorOnMxFailure=mail_from["on_mx_failure"],
            **domain,
        )

    def set_configuration_set() -> None:
        named = {"ConfigurationSetName": params["configuration_set"]} if params["configuration_set"] else {}
        aws.ask("sesv2", "put_email_identity_configuration_set_attributes", EmailIdentity=name, **named)

    def tag() -> None:
        account = aws.ask("sts", "get_caller_identity")
        arn = f"arn:{account['Arn'].split(':')[1]}:ses:{aws.region}:{account['Account']}:identity/{name}"
        tags = [{"Key": key, "Value": str(value)} for key, value in params["tags"].items()]
        aws.ask("sesv2", "tag_resource", ResourceArn=arn, Tags=tags)

    def nothing() -> None:
        """The creation has brought it."""

    domain = mail_from.get("domain")
    signing = before["dkim"]["signing"] if exists else True  # as SES makes one
    now = before["mail_from"]
    behaviour = now["on_mx_failure"] or "USE_DEFAULT_VALUE"
    tags = {**before["tags"], **{key: str(value) for key, value in params["tags"].items()}} if params["tags"] else None
    named = params["configuration_set"]
    return [
        Change("dkim.signing", signing, dkim.get("signing"), sign),
        Change(
            "dkim.key_length", before["dkim"]["key_length"], dkim.get("key_length"), lengthen if exists else nothing
        ),
        Change("mail_from.domain", now["domain"] or "", domain, set_mail_from),
        Change("mail_from.on_mx_failure", behaviour, mail_from.get("on_mx_failure"), set_mail_from),
        Change(
            "configuration_set", before["configuration_set"] or "", named, set_configuration_set if exists else nothing
        ),
        Change("tags", before["tags"], tags, tag if exists else nothing),
    ]


def _predicted(before: Result, changes: list[Change]) -> Result:
    """The identity as check mode has it: SES alone knows its tokens."""
    after: Result = {key: dict(value) if isinstance(value, dict) else value for key, value in before.items()}
    for change in changes:
        part, _dot, setting = change.setting.partition(".")
        if setting:
            after[part][setting] = change.after or None
        elif part != "state":
            after[part] = change.after or (None if part != "tags" else {})
    return after


def _rows(aws: session.Aws, identity: Mapping[str, Any]) -> list[dns.Row]:
    domain = [] if "@" in identity["name"] else dns.dkim_rows(identity["name"], identity["dkim"])
    return [*domain, *dns.mail_from_rows(identity["mail_from"]["domain"], aws.region)]
