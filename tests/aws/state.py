# SPDX-License-Identifier: GPL-3.0-or-later
"""What SES knows in a region of the account."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

SANDBOX_24_HOURS = 200.0
SANDBOX_PER_SECOND = 1.0


class AwsError(Exception):
    """An answer that is an error: AWS's code for it, a sentence, and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def missing(kind: str, name: str) -> AwsError:
    """SES knows nothing of that name."""
    return AwsError("NotFoundException", f"{kind} {name} does not exist.", 404)


@dataclass
class Identity:
    """A domain or an address, as GetEmailIdentity has it."""

    name: str
    status: str = "PENDING"
    error: str | None = None
    signing: bool = True
    key_length: str = "RSA_2048_BIT"
    mail_from: str | None = None
    mail_from_status: str = "PENDING"
    on_mx_failure: str = "USE_DEFAULT_VALUE"
    configuration_set: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def is_domain(self) -> bool:
        """Whether it is a domain."""
        return "@" not in self.name

    def tokens(self, region: str) -> list[str]:
        """Its three DKIM tokens, which differ from region to region."""
        return [hashlib.sha256(f"{self.name} {region} {at}".encode()).hexdigest()[:32] for at in range(3)]

    def described(self, region: str) -> dict[str, Any]:
        """The answer to GetEmailIdentity."""
        easy = {"Tokens": self.tokens(region), "SigningHostedZone": "dkim.amazonses.com"} if self.is_domain else {}
        mail_from = {"MailFromDomain": self.mail_from, "MailFromDomainStatus": self.mail_from_status}
        return {
            "IdentityType": "DOMAIN" if self.is_domain else "EMAIL_ADDRESS",
            "FeedbackForwardingStatus": True,
            "VerifiedForSendingStatus": self.status == "SUCCESS",
            "VerificationStatus": self.status,
            **({"VerificationInfo": {"ErrorType": self.error}} if self.error else {}),
            "DkimAttributes": {
                "SigningEnabled": self.signing and self.is_domain,
                "Status": self.status if self.is_domain else "NOT_STARTED",
                **easy,
                "SigningAttributesOrigin": "AWS_SES",
                "NextSigningKeyLength": self.key_length,
                "CurrentSigningKeyLength": self.key_length,
            },
            "MailFromAttributes": {"BehaviorOnMxFailure": self.on_mx_failure, **(mail_from if self.mail_from else {})},
            "Policies": {},
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
            **({"ConfigurationSetName": self.configuration_set} if self.configuration_set else {}),
        }


@dataclass
class Region:
    """SES in one region. A new account is in the sandbox."""

    name: str
    production: bool = False
    sending: bool = True
    enforcement: str = "HEALTHY"
    max_24_hours: float = SANDBOX_24_HOURS
    max_per_second: float = SANDBOX_PER_SECOND
    sent: float = 0.0
    suppressed: list[str] = field(default_factory=lambda: ["BOUNCE", "COMPLAINT"])
    identities: dict[str, Identity] = field(default_factory=dict)
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def identity(self, name: str) -> Identity:
        """The identity of that name."""
        if name.lower() not in self.identities:
            raise missing("Email identity", name)
        return self.identities[name.lower()]

    def configuration_set(self, name: str) -> dict[str, Any]:
        """The configuration set of that name, in the words of GetConfigurationSet; its events are apart."""
        if name not in self.sets:
            raise missing("Configuration set", name)
        return self.sets[name]
