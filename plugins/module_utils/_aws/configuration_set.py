# SPDX-License-Identifier: GPL-3.0-or-later
"""ses_configuration_set: a configuration set and its event destinations brought to the wanted state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Callable

from ansible_collections.mailops.ses.plugins.module_utils._aws import session
from ansible_collections.mailops.ses.plugins.module_utils._aws.account import configuration_set_of
from ansible_collections.mailops.ses.plugins.module_utils._aws.changes import Change, carry_out, due
from ansible_collections.mailops.ses.plugins.module_utils._aws.faults import CallError

Result = dict[str, Any]

REASONS = ["BOUNCE", "COMPLAINT"]
EVENTS = [
    *("SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY"),
    *("OPEN", "CLICK", "RENDERING_FAILURE", "DELIVERY_DELAY", "SUBSCRIPTION"),
]
MIN_SECONDS, MAX_SECONDS = 300, 50_400  # that SES tries to deliver
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PLACES = ("sns", "eventbridge", "firehose", "cloudwatch")

ARGUMENTS: dict[str, dict[str, Any]] = {
    **session.ARGUMENTS,
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "tls_policy": {"type": "str", "choices": ["OPTIONAL", "REQUIRE"]},
    "reputation_metrics": {"type": "bool"},
    "sending_enabled": {"type": "bool"},
    "suppressed_reasons": {"type": "list", "elements": "str", "choices": REASONS},
    "max_delivery_seconds": {"type": "int"},
    "events": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "mutually_exclusive": [_PLACES],
        "options": {
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "enabled": {"type": "bool", "default": True},
            "types": {"type": "list", "elements": "str", "choices": EVENTS},
            "sns": {"type": "str"},
            "eventbridge": {"type": "str"},
            "firehose": {
                "type": "dict",
                "options": {"stream": {"type": "str", "required": True}, "role": {"type": "str", "required": True}},
            },
            "cloudwatch": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": {"type": "str", "required": True},
                    "source": {"type": "str", "choices": ["MESSAGE_TAG", "EMAIL_HEADER", "LINK_TAG"], "required": True},
                    "default": {"type": "str", "required": True},
                },
            },
        },
    },
}


def judge(params: Mapping[str, Any]) -> None:
    """Raise ValueError with sentences that name the options."""
    sentences = []
    if not _NAME.fullmatch(params["name"]):
        sentences.append("name must be 1 to 64 letters, digits, hyphens and underscores.")
    seconds = params["max_delivery_seconds"]
    if seconds is not None and not MIN_SECONDS <= seconds <= MAX_SECONDS:
        sentences.append(f"max_delivery_seconds must be from {MIN_SECONDS} to {MAX_SECONDS}.")
    for event in params["events"]:
        if event["state"] == "present" and not (event["types"] and any(event[place] for place in _PLACES)):
            sentences.append(f"events: {event['name']!r} needs types, and one of {', '.join(_PLACES)}.")
    if sentences:
        raise ValueError(" ".join(sentences))


def ensure(aws: session.Aws, params: Mapping[str, Any], check_mode: bool) -> Result:
    """Bring it about, or in check mode tell what would come about."""
    name = params["name"]
    found = configuration_set_of(aws, name)
    if params["state"] == "absent":
        delete = partial(aws.ask, "sesv2", "delete_configuration_set", ConfigurationSetName=name)
        changes = [Change("state", "present", "absent", delete)] if found["exists"] else []
        return {**carry_out(changes, check_mode), "configuration_set": None}
    events = _events(aws, name) if found["exists"] else {}
    changes = []
    if not found["exists"]:
        changes.append(Change("state", "absent", "present", lambda: _create(aws, params)))
    changes += due(_settings(aws, params, found))
    changes += _event_changes(aws, params, events)
    done = carry_out(changes, check_mode)
    if changes and not check_mode:
        return {**done, "configuration_set": {**configuration_set_of(aws, name), "events": list(_events(aws, name))}}
    after = {change.setting: change.after for change in changes if change.setting in found or change.setting in _PUTS}
    kept = {event: body for event, body in events.items() if event not in _absent(params)}
    given = dict.fromkeys(event["name"] for event in params["events"] if event["state"] == "present")
    shown = {**dict.fromkeys(_PUTS), **found, **after, "exists": True}
    return {**done, "configuration_set": {**shown, "events": list({**kept, **given})}}


# Option -> operation, the part of CreateConfigurationSet's request, and the field in both.
_PUTS = {
    "tls_policy": ("put_configuration_set_delivery_options", "DeliveryOptions", "TlsPolicy"),
    "max_delivery_seconds": ("put_configuration_set_delivery_options", "DeliveryOptions", "MaxDeliverySeconds"),
    "reputation_metrics": (
        "put_configuration_set_reputation_options",
        "ReputationOptions",
        "ReputationMetricsEnabled",
    ),
    "sending_enabled": ("put_configuration_set_sending_options", "SendingOptions", "SendingEnabled"),
    "suppressed_reasons": ("put_configuration_set_suppression_options", "SuppressionOptions", "SuppressedReasons"),
}


def _create(aws: session.Aws, params: Mapping[str, Any]) -> None:
    values: Result = {}
    for option, (_operation, part, field) in _PUTS.items():
        if params[option] is not None:
            values.setdefault(part, {})[field] = params[option]
    try:
        aws.ask("sesv2", "create_configuration_set", ConfigurationSetName=params["name"], **values)
    except CallError as fault:
        if fault.code != "AlreadyExistsException":  # somebody else was quicker, and a next run compares the settings
            raise


def _settings(aws: session.Aws, params: Mapping[str, Any], found: Mapping[str, Any]) -> list[Change]:
    """Each option's change. The creation has brought those of a new set."""
    puts: dict[str, Callable[[], object]] = {}
    for operation, part, _field in _PUTS.values():
        put = partial(_put, aws, params, operation, part) if found["exists"] else _nothing
        puts.setdefault(operation, put)
    changes = []
    for option, (operation, _part, _field) in _PUTS.items():
        before, after = found.get(option), params[option]
        if option == "suppressed_reasons" and after is not None:
            # An empty list is a setting of its own: then the account's list does not count either.
            after = sorted(set(after))
        changes.append(Change(option, before, after, puts[operation]))
    return changes


def _nothing() -> None:
    """What the creation has brought needs no call."""


def _put(aws: session.Aws, params: Mapping[str, Any], operation: str, part: str) -> None:
    """A put replaces the whole part: what nobody gave goes along as it is."""
    told = aws.ask("sesv2", "get_configuration_set", ConfigurationSetName=params["name"])
    values = dict(told.get(part) or {})
    for option, (_operation, of, field) in _PUTS.items():
        if of == part and params[option] is not None:
            values[field] = params[option]
    aws.ask("sesv2", operation, ConfigurationSetName=params["name"], **values)


def _events(aws: session.Aws, name: str) -> dict[str, Result]:
    told = aws.ask("sesv2", "get_configuration_set_event_destinations", ConfigurationSetName=name)
    return {event.pop("Name"): event for event in map(dict, told.get("EventDestinations") or [])}


def _absent(params: Mapping[str, Any]) -> set[str]:
    return {event["name"] for event in params["events"] if event["state"] == "absent"}


def _event_changes(aws: session.Aws, params: Mapping[str, Any], events: Mapping[str, Result]) -> list[Change]:
    changes = []
    for event in params["events"]:
        name, before = event["name"], events.get(event["name"])
        ask = partial(aws.ask, "sesv2", ConfigurationSetName=params["name"], EventDestinationName=name)
        if event["state"] == "absent":
            call = partial(ask, "delete_configuration_set_event_destination")
            changes += [Change(f"events.{name}", before, "absent", call)] if before else []
            continue
        after = _destination(event)
        verb = "update" if before else "create"
        if before is None or _comparable(before) != _comparable(after):
            call = partial(ask, f"{verb}_configuration_set_event_destination", EventDestination=after)
            changes.append(Change(f"events.{name}", before or "absent", after, call))
    return changes


def _destination(event: Mapping[str, Any]) -> Result:
    made: Result = {"Enabled": event["enabled"], "MatchingEventTypes": event["types"]}
    if event["sns"]:
        made["SnsDestination"] = {"TopicArn": event["sns"]}
    elif event["eventbridge"]:
        made["EventBridgeDestination"] = {"EventBusArn": event["eventbridge"]}
    elif event["firehose"]:
        stream, role = event["firehose"]["stream"], event["firehose"]["role"]
        made["KinesisFirehoseDestination"] = {"DeliveryStreamArn": stream, "IamRoleArn": role}
    else:
        made["CloudWatchDestination"] = {
            "DimensionConfigurations": [
                {
                    "DimensionName": item["name"],
                    "DimensionValueSource": item["source"],
                    "DefaultDimensionValue": item["default"],
                }
                for item in event["cloudwatch"]
            ]
        }
    return made


def _comparable(event: Mapping[str, Any]) -> Result:
    """Without what order and SES's own additions make of it."""
    return {
        **{key: value for key, value in event.items() if value is not None},
        "MatchingEventTypes": sorted(event["MatchingEventTypes"]),
    }
