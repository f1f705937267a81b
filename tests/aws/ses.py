# SPDX-License-Identifier: GPL-3.0-or-later
"""SES's API v2: an operation a method, which has AWS's own names. Paths are the SDK's, of whatever version it is."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import botocore.session

from .state import AwsError, Identity, Region, missing

# Where the lists were before botocore 1.43.105.
OLD_PATHS = (
    ("GET", "/v2/email/identities", "ListEmailIdentities"),
    ("GET", "/v2/email/configuration-sets", "ListConfigurationSets"),
)
PAGE = 100


def _routes() -> list[tuple[str, re.Pattern[str], str]]:
    model = botocore.session.get_session().get_service_model("sesv2")
    known = [
        (op.http["method"], op.http["requestUri"], name)
        for name, op in (
            (name, model.operation_model(name)) for name in model.operation_names if hasattr(Operations, name)
        )
    ]
    paths = [*known, *OLD_PATHS]
    return [(method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), name) for method, path, name in paths]


class Operations:
    """What can be asked of SES in a region: the values are those of the path and of the body together."""

    def __init__(self, region: Region) -> None:
        self._region = region

    def GetAccount(self) -> dict[str, Any]:
        region = self._region
        most = {"Max24HourSend": region.max_24_hours, "MaxSendRate": region.max_per_second}
        return {
            "ProductionAccessEnabled": region.production,
            "SendingEnabled": region.sending,
            "EnforcementStatus": region.enforcement,
            "SendQuota": {**most, "SentLast24Hours": region.sent},
            "SuppressionAttributes": {"SuppressedReasons": region.suppressed},
        }

    def ListEmailIdentities(self, NextToken: str = "0", PageSize: int = PAGE, **_filter: Any) -> dict[str, Any]:
        start, names = int(NextToken), list(self._region.identities)
        found = []
        for name in names[start : start + int(PageSize)]:
            told = self._region.identities[name].described(self._region.name)
            shown = {key: told[key] for key in ("IdentityType", "VerificationStatus")}
            found.append({**shown, "IdentityName": name, "SendingEnabled": told["VerifiedForSendingStatus"]})
        more = {"NextToken": str(start + int(PageSize))} if start + int(PageSize) < len(names) else {}
        return {"EmailIdentities": found, **more}

    def CreateEmailIdentity(
        self,
        EmailIdentity: str,
        Tags: Any = (),
        DkimSigningAttributes: Any = None,
        ConfigurationSetName: str | None = None,
    ) -> dict[str, Any]:
        name = EmailIdentity.lower()
        if name in self._region.identities:
            raise AwsError("AlreadyExistsException", f"Email identity {EmailIdentity} already exist.")
        if not re.fullmatch(r"(?:[^@\s]+@)?[a-z0-9.-]+\.[a-z0-9-]+", name):
            raise AwsError("BadRequestException", f"Invalid email address or domain <{EmailIdentity}>.")
        if ConfigurationSetName:
            self._region.configuration_set(ConfigurationSetName)
        length = (DkimSigningAttributes or {}).get("NextSigningKeyLength", "RSA_2048_BIT")
        tags = {tag["Key"]: tag["Value"] for tag in Tags}
        made = Identity(name, key_length=length, configuration_set=ConfigurationSetName, tags=tags)
        self._region.identities[name] = made
        told = made.described(self._region.name)
        return {key: told[key] for key in ("IdentityType", "VerifiedForSendingStatus", "DkimAttributes")}

    def GetEmailIdentity(self, EmailIdentity: str) -> dict[str, Any]:
        return self._region.identity(EmailIdentity).described(self._region.name)

    def DeleteEmailIdentity(self, EmailIdentity: str) -> dict[str, Any]:
        del self._region.identities[self._region.identity(EmailIdentity).name]
        return {}

    def PutEmailIdentityDkimAttributes(self, EmailIdentity: str, SigningEnabled: bool = False) -> dict[str, Any]:
        self._region.identity(EmailIdentity).signing = SigningEnabled
        return {}

    def PutEmailIdentityDkimSigningAttributes(
        self,
        EmailIdentity: str,
        SigningAttributesOrigin: str,
        SigningAttributes: Any = None,
    ) -> dict[str, Any]:
        if SigningAttributesOrigin != "AWS_SES":
            raise AwsError("BadRequestException", "Only Easy DKIM is played here.")
        identity = self._region.identity(EmailIdentity)
        identity.key_length = (SigningAttributes or {}).get("NextSigningKeyLength", identity.key_length)
        return {"DkimStatus": identity.status, "DkimTokens": identity.tokens(self._region.name)}

    def PutEmailIdentityMailFromAttributes(
        self,
        EmailIdentity: str,
        MailFromDomain: str | None = None,
        BehaviorOnMxFailure: str = "USE_DEFAULT_VALUE",
    ) -> dict[str, Any]:
        identity = self._region.identity(EmailIdentity)
        if MailFromDomain and not MailFromDomain.endswith(f".{identity.name.rpartition('@')[2]}"):
            raise AwsError(
                "BadRequestException",
                f"Provided MAIL-FROM domain <{MailFromDomain}> is not subdomain of the domain of the identity.",
            )
        if MailFromDomain != identity.mail_from:
            identity.mail_from_status = "PENDING"
        identity.mail_from, identity.on_mx_failure = MailFromDomain or None, BehaviorOnMxFailure
        return {}

    def PutEmailIdentityConfigurationSetAttributes(
        self,
        EmailIdentity: str,
        ConfigurationSetName: str | None = None,
    ) -> dict[str, Any]:
        if ConfigurationSetName:
            self._region.configuration_set(ConfigurationSetName)
        self._region.identity(EmailIdentity).configuration_set = ConfigurationSetName
        return {}

    def TagResource(self, ResourceArn: str, Tags: Any) -> dict[str, Any]:
        self._tagged(ResourceArn).update({tag["Key"]: tag["Value"] for tag in Tags})
        return {}

    def UntagResource(self, ResourceArn: str, TagKeys: Any) -> dict[str, Any]:
        tags = self._tagged(ResourceArn)
        for key in [TagKeys] if isinstance(TagKeys, str) else TagKeys:
            tags.pop(key, None)
        return {}

    def ListConfigurationSets(self, **_page: Any) -> dict[str, Any]:
        return {"ConfigurationSets": list(self._region.sets)}

    def CreateConfigurationSet(self, ConfigurationSetName: str, **options: Any) -> dict[str, Any]:
        if ConfigurationSetName in self._region.sets:
            raise AwsError("AlreadyExistsException", f"Configuration set {ConfigurationSetName} already exists.")
        standard = {
            "SendingOptions": {"SendingEnabled": True},
            "ReputationOptions": {"ReputationMetricsEnabled": False},
            "DeliveryOptions": {"TlsPolicy": "OPTIONAL"},
        }
        self._region.sets[ConfigurationSetName] = {**standard, **options, "EventDestinations": {}}
        return {}

    def GetConfigurationSet(self, ConfigurationSetName: str) -> dict[str, Any]:
        found = self._region.configuration_set(ConfigurationSetName)
        shown = {key: value for key, value in found.items() if key != "EventDestinations"}
        return {"ConfigurationSetName": ConfigurationSetName, **shown}

    def DeleteConfigurationSet(self, ConfigurationSetName: str) -> dict[str, Any]:
        self._region.configuration_set(ConfigurationSetName)
        del self._region.sets[ConfigurationSetName]
        return {}

    def PutConfigurationSetDeliveryOptions(self, ConfigurationSetName: str, **options: Any) -> dict[str, Any]:
        return self._put(ConfigurationSetName, "DeliveryOptions", options)

    def PutConfigurationSetReputationOptions(self, ConfigurationSetName: str, **options: Any) -> dict[str, Any]:
        return self._put(ConfigurationSetName, "ReputationOptions", options)

    def PutConfigurationSetSendingOptions(self, ConfigurationSetName: str, **options: Any) -> dict[str, Any]:
        return self._put(ConfigurationSetName, "SendingOptions", options)

    def PutConfigurationSetSuppressionOptions(self, ConfigurationSetName: str, **options: Any) -> dict[str, Any]:
        return self._put(ConfigurationSetName, "SuppressionOptions", options)

    def GetConfigurationSetEventDestinations(self, ConfigurationSetName: str) -> dict[str, Any]:
        events = self._region.configuration_set(ConfigurationSetName)["EventDestinations"]
        return {"EventDestinations": [{"Name": name, **event} for name, event in events.items()]}

    def CreateConfigurationSetEventDestination(
        self,
        ConfigurationSetName: str,
        EventDestinationName: str,
        EventDestination: dict[str, Any],
    ) -> dict[str, Any]:
        events = self._region.configuration_set(ConfigurationSetName)["EventDestinations"]
        if EventDestinationName in events:
            raise AwsError("AlreadyExistsException", f"Event destination {EventDestinationName} already exists.")
        events[EventDestinationName] = EventDestination
        return {}

    def UpdateConfigurationSetEventDestination(
        self,
        ConfigurationSetName: str,
        EventDestinationName: str,
        EventDestination: dict[str, Any],
    ) -> dict[str, Any]:
        events = self._region.configuration_set(ConfigurationSetName)["EventDestinations"]
        if EventDestinationName not in events:
            raise missing("Event destination", EventDestinationName)
        events[EventDestinationName] = EventDestination
        return {}

    def DeleteConfigurationSetEventDestination(
        self,
        ConfigurationSetName: str,
        EventDestinationName: str,
    ) -> dict[str, Any]:
        events = self._region.configuration_set(ConfigurationSetName)["EventDestinations"]
        if EventDestinationName not in events:
            raise missing("Event destination", EventDestinationName)
        del events[EventDestinationName]
        return {}

    def _put(self, name: str, key: str, options: dict[str, Any]) -> dict[str, Any]:
        self._region.configuration_set(name)[key] = options
        return {}

    def _tagged(self, arn: str) -> dict[str, str]:
        return self._region.identity(arn.rpartition("identity/")[2]).tags


ROUTES = _routes()


def operation_of(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The operation that a request asks for, and the values in its path; None for one that is not played here."""
    for wanted, pattern, name in ROUTES:
        found = pattern.fullmatch(path)
        if found and method == wanted:
            return name, {key: unquote(value) for key, value in found.groupdict().items()}
    return None
