# SPDX-License-Identifier: GPL-3.0-or-later
"""What can come of a call to AWS besides its result, and what to do about it."""

from __future__ import annotations

import re
from typing import NamedTuple

# How IAM calls the services that boto3 calls so.
_PREFIXES = {"sesv2": "ses"}


class _Row(NamedTuple):
    codes: re.Pattern[str]
    remedy: str


# First match wins: AWS's codes, and the names of botocore's exceptions, for which nothing came back.
_REMEDIES = (
    _Row(re.compile(r"AccessDenied\w*|Unauthorized\w*|403"), "Allow {action} to the user or role of the controller."),
    _Row(
        re.compile(r"NoCredentials\w*|PartialCredentials\w*|CredentialRetrieval\w*|TokenRetrieval\w*"),
        "Give the controller credentials as boto3 finds them: a profile, AWS_ACCESS_KEY_ID, or a role of the machine.",
    ),
    _Row(
        re.compile(r"InvalidClientTokenId|Unrecognized\w*|SignatureDoesNotMatch|AuthFailure|InvalidSignature\w*"),
        "AWS does not know the controller's own credentials: renew them, and look at the controller's clock.",
    ),
    _Row(re.compile(r"ExpiredToken\w*|RequestExpired"), "The controller's credentials have expired: renew them."),
    _Row(
        re.compile(r"Throttl\w*|TooManyRequests\w*|RequestLimitExceeded|SlowDown|LimitExceededException"),
        "AWS asks for fewer calls: run it again in a minute.",
    ),
    _Row(
        re.compile(
            r"EndpointConnection\w*|Connect\w*|Read\w*|Proxy\w*|SSL\w*|ConnectionClosed\w*|HTTPClient\w*|Timeout"
        ),
        "Let the controller reach {service}'s endpoint by HTTPS, or name another one in endpoint_url.",
    ),
    _Row(re.compile(r"ProfileNotFound"), "Name a profile of the controller's AWS configuration."),
    _Row(
        re.compile(r"404|UnknownOperation\w*|InvalidAction"),
        "The endpoint does not have this operation: look at endpoint_url (AWS_ENDPOINT_URL).",
    ),
    _Row(re.compile(r"\w*"), "Look at what AWS says, and run it again."),
)


class CallError(Exception):
    """A call without a result: AWS's code (or the name of botocore's exception), the operation, and what was said."""

    def __init__(self, service: str, operation: str, code: str, said: str) -> None:
        self.service = _PREFIXES.get(service, service)
        self.operation, self.code, self.said = operation, code, said.strip()
        super().__init__(self.sentence())

    @property
    def action(self) -> str:
        """The operation as a policy names it."""
        return f"{self.service}:{self.operation}"

    @property
    def remedy(self) -> str:
        """What to do about it, in a sentence."""
        row = next(row for row in _REMEDIES if row.codes.fullmatch(self.code))
        return row.remedy.format(action=self.action, service=self.service)

    def sentence(self) -> str:
        """What happened and what to do, in two sentences or three."""
        said = self.said if self.said.endswith((".", "!", "?")) else f"{self.said}."
        return f"{self.action}: {self.code}: {said} {self.remedy}"

    def is_missing(self) -> bool:
        """Whether AWS says that there is no such thing. A bare 404 is none: the endpoint lacks the operation then."""
        return self.code in ("NotFoundException", "NoSuchEntity", "ResourceNotFoundException", "ParameterNotFound")
