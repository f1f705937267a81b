# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to AWS by boto3, whose exceptions become one kind of fault. Nothing else of the collection imports boto3."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._aws.faults import CallError
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import region_fault

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None

# The first whose SES has all that the modules ask for, such as the seconds that SES tries to deliver.
MINIMUM = (1, 35, 50)
CONNECT_SECONDS = 5
READ_SECONDS = 10
TRIES = 3

ARGUMENTS: dict[str, dict[str, Any]] = {
    "region": {"type": "str"},
    "profile": {"type": "str"},
    "endpoint_url": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
}


class UnusableError(Exception):
    """Why no call can be made at all, in sentences."""


def version_fault(version: str) -> str | None:
    """Why this version of boto3 does not do; None for one that does."""
    numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    if numbers >= MINIMUM:
        return None
    wanted = ".".join(map(str, MINIMUM))
    return f"boto3 {version} is too old for Amazon SES: install boto3 {wanted} or newer on the controller."


class Aws:
    """One account as the controller's credentials see it. Clients are made when they are first asked for."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        """PARAMS has the options of ARGUMENTS. UnusableError where credentials or a region cannot be told."""
        fault = version_fault(boto3.__version__)
        if fault:
            raise UnusableError(fault)
        try:
            self._session = boto3.Session(profile_name=params["profile"])
        except BotoCoreError as error:
            raise UnusableError(CallError("sts", "GetCallerIdentity", _code(error), str(error)).sentence()) from error
        self.region: str = params["region"] or self._session.region_name or os.environ.get("AWS_REGION") or ""
        if not self.region:
            raise UnusableError("You must specify a region: give region, or set AWS_DEFAULT_REGION.")
        wrong = region_fault(self.region)
        if wrong:
            raise UnusableError(f"region {wrong}.")
        self._endpoint_url: str | None = params["endpoint_url"]
        self._verify: bool | None = None if params["validate_certs"] else False
        self._clients: dict[tuple[str, str], Any] = {}

    def own_key_id(self) -> str | None:
        """The key that signs the calls; UnusableError where there is none."""
        try:
            credentials = self._session.get_credentials()
        except BotoCoreError as error:
            raise UnusableError(CallError("sts", "GetCallerIdentity", _code(error), str(error)).sentence()) from error
        if credentials is None:
            raise UnusableError(
                CallError("sts", "GetCallerIdentity", "NoCredentialsError", "Unable to locate credentials.").sentence()
            )
        found: str | None = credentials.access_key
        return found

    def client(self, service: str, region: str | None = None) -> Any:
        """The client of a service. Not for two threads at once: a session of boto3 is not."""
        key = (service, region or self.region)
        if key not in self._clients:
            # IAM has one endpoint; the region that it is given serves for the partition.
            self._clients[key] = self._session.client(
                service,
                region_name=key[1],
                endpoint_url=self._endpoint_url,
                verify=self._verify,
                config=Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": TRIES},
                ),
            )
        return self._clients[key]

    def ask(self, service: str, method: str, region: str | None = None, **values: Any) -> dict[str, Any]:
        """The result of one call; CallError where there is none."""
        operation = "".join(word.capitalize() for word in method.split("_"))
        try:
            call = getattr(self.client(service, region), method, None)
            if call is None:
                raise CallError(service, operation, "UnknownOperation", f"boto3 {boto3.__version__} does not have it.")
            result: dict[str, Any] = call(**values)
        except ClientError as error:
            told = error.response.get("Error", {})
            said = _text(told.get("Message") or "AWS says nothing besides")
            raise CallError(service, operation, str(told.get("Code") or "Unknown"), said) from error
        except BotoCoreError as error:
            raise CallError(service, operation, _code(error), str(error)) from error
        return result


def _code(error: Exception) -> str:
    return type(error).__name__


def _text(said: str) -> str:
    """A sentence out of an answer that may be a page of HTML, which a proxy or another server gives."""
    return "The answer is a page of HTML, not AWS's" if "<html" in said.lower() else said
