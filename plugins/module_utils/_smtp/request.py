# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of smtp_check: judged before anything is connected to, then turned into a request."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._ses.addresses import address_fault
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import (
    SECRET_AS_PASSWORD,
    TEMPORARY_KEY,
    password_fault,
    region_of_password,
    secret_fault,
    smtp_password,
    username_fault,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import (
    PORTS,
    endpoint_of,
    host_fault,
    region_fault,
    region_of,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.option_names import Names
from ansible_collections.mailops.ses.plugins.module_utils._ses.partitions import REGIONS
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from ansible_collections.mailops.ses.plugins.module_utils._smtp import tls
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import Credentials

ARGUMENTS: dict[str, dict[str, Any]] = {
    "region": {"type": "str"},
    "endpoint": {"type": "str"},
    "ports": {"type": "list", "elements": "int", "default": list(PORTS)},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "secret_access_key": {"type": "str", "no_log": True},
    "timeout": {"type": "float", "default": 10},
    "ca_file": {"type": "path"},
    "mta": {"type": "str", "choices": ["postfix", "sendmail"]},
    "sender": {"type": "str"},
    "recipient": {"type": "str"},
    "send": {"type": "bool", "default": False},
    "retries": {"type": "int", "default": 0},
    "delay": {"type": "float", "default": 5},
    "option_names": {"type": "dict", "default": {}},
}

MIN_SECONDS = 0.5  # in less, an endpoint that is far away cannot be told from one that is silent
MAX_SECONDS = 600
MAX_RETRIES = 100

# Faults that the table of causes explains at more length.
_CAUSES = {SECRET_AS_PASSWORD: "secret_access_key", TEMPORARY_KEY: "temporary_keys"}
# Options that make no sense without another one.
_NEEDS = (
    ("password", "username"),
    ("secret_access_key", "username"),
    ("recipient", "sender"),
    ("send", "sender"),
    ("send", "recipient"),
)
_MESSAGE = """From: <{sender}>
To: <{recipient}>
Subject: Test message of smtp_check
Date: {date}
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

The host {host} sent this message through {endpoint} to test the way."""


class Request(NamedTuple):
    """What to ask of the server; the time-out is in seconds."""

    endpoint: str
    region: str | None
    ports: list[int]
    context: ssl.SSLContext
    client_name: str
    timeout: float
    credentials: Credentials | None = None
    sender: str | None = None
    recipient: str | None = None
    message: str | None = None  # sent after DATA when given
    facts: Mapping[str, str] = {}  # what the options tell that helps to name a cause
    mta: str | None = None  # that the check is for; None for the one that is installed
    small: Callable[[], ssl.SSLContext | None] = lambda: None  # greets in one packet; None where `context` does

    def mask(self, text: str) -> str:
        """Mask the secrets in a server's words: a server may repeat what it was sent."""
        for secret in self.credentials.secrets() if self.credentials else ():
            text = text.replace(secret, "********")
        return text


class OptionError(Exception):
    """What is wrong with the options, in sentences that name them, and the causes from the table."""

    def __init__(self, sentences: list[str], diagnosis: list[dict[str, str]] | None = None) -> None:
        super().__init__(" ".join(sentences))
        self.diagnosis = diagnosis or []

    def outcome(self) -> dict[str, Any]:
        """What smtp_check returns of such options."""
        return {"failed": True, "msg": str(self), "diagnosis": self.diagnosis}


def _ports_fault(ports: list[int]) -> str | None:
    unknown = sorted(set(ports) - set(PORTS))
    if unknown:
        return f"has a port that SES does not listen on ({unknown[0]}): use {', '.join(map(str, PORTS))}"
    return None if ports else "is empty: give at least one port, or leave the option out for all five"


def _timeout_fault(seconds: float) -> str | None:
    return None if MIN_SECONDS <= seconds <= MAX_SECONDS else f"must be from {MIN_SECONDS} to {MAX_SECONDS} seconds"


def _delay_fault(seconds: float) -> str | None:
    return None if 0 <= seconds <= MAX_SECONDS else f"must be from 0 to {MAX_SECONDS} seconds"


def _retries_fault(number: int) -> str | None:
    return None if 0 <= number <= MAX_RETRIES else f"must be from 0 to {MAX_RETRIES}"


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "region": region_fault,
    "endpoint": host_fault,
    "ports": _ports_fault,
    "username": username_fault,
    "password": password_fault,
    "secret_access_key": secret_fault,
    "timeout": _timeout_fault,
    "sender": address_fault,
    "recipient": address_fault,
    "retries": _retries_fault,
    "delay": _delay_fault,
}


def request_of(params: Mapping[str, Any], host_name: str, date: str, check_mode: bool = False) -> Request:
    """Turn smtp_check's options into a request. OptionError with every fault at once, in the names of the option
    option_names."""
    names = Names(params["option_names"])
    _judge(params, names)
    endpoint = params["endpoint"] or endpoint_of(params["region"])
    region = region_of(endpoint) or params["region"]
    ca_file = _ca_file(params["ca_file"], names["ca_file"])
    context = _context(ca_file, names["ca_file"])
    return Request(
        endpoint=endpoint,
        region=region,
        ports=list(dict.fromkeys(params["ports"])),
        context=context,
        client_name="" if host_fault(host_name) else host_name,
        timeout=params["timeout"],
        credentials=_credentials(params, region, names),
        sender=params["sender"],
        recipient=params["recipient"],
        message=_message(params, endpoint, host_name, date) if params["send"] and not check_mode else None,
        facts=_password_facts(params["password"], params["secret_access_key"], region),
        mta=params["mta"],
        small=lru_cache(None)(lambda: tls.small_hello_context(context, ca_file, endpoint)),
    )


def _judge(params: Mapping[str, Any], names: Names) -> None:
    found = {
        option: fault
        for option, check in _CHECKS.items()
        for fault in [check(params[option]) if params[option] is not None else None]
        if fault
    }
    sentences = [f"{names[option]} {fault}." for option, fault in found.items()]
    sentences += _missing(
        {option for option, value in params.items() if value is not None and value is not False}, names
    )
    if sentences:
        kinds = dict.fromkeys(_CAUSES[fault] for fault in found.values() if fault in _CAUSES)
        raise OptionError(sentences, [diagnose(Symptom(kind)) for kind in kinds])


def _missing(given: set[str], names: Names) -> Iterator[str]:
    """What the given options need beside them, each once."""
    if not given & {"region", "endpoint"}:
        yield f"{names['region']} is missing: give the AWS region, or {names['endpoint']}."
    for option in dict.fromkeys(needed for _option, needed in _NEEDS if needed not in given):
        needing = [names[name] for name, needed in _NEEDS if needed == option and name in given]
        if needing:
            yield f"{names[option]} is missing: {needing[0]} needs it, so give both."
    if "username" in given and not given & {"password", "secret_access_key"}:
        yield (
            f"{names['username']} is given without a secret: "
            f"give {names['password']} or {names['secret_access_key']} too."
        )


def _credentials(params: Mapping[str, Any], region: str | None, names: Names) -> Credentials | None:
    if params["username"] is None:
        return None
    if params["password"] is not None:
        return Credentials(params["username"], params["password"])
    if region is None:
        raise OptionError(
            [
                f"{names['region']} is missing: {names['secret_access_key']} gives a password for one region, "
                "and the endpoint's name has none."
            ]
        )
    return Credentials(params["username"], smtp_password(params["secret_access_key"], region))


def _password_facts(password: str | None, secret: str | None, region: str | None) -> dict[str, str]:
    """Whether a password belongs to another region or another key, as the secret access key beside it tells."""
    if password is None or secret is None:
        return {}
    found = region_of_password(password, secret, dict.fromkeys([*([region] if region else []), *REGIONS]))
    return {"derived_for": found} if found else {"password_of_another_key": "true"}


def _ca_file(ca_file: str | None, name: str) -> str:
    path = ca_file or tls.default_ca_file()
    if path is None:
        raise OptionError(
            [
                f"{name} is not given, and the host has no known bundle ({', '.join(tls.CA_FILES)}): "
                "install the distribution's ca-certificates package."
            ]
        )
    if not os.path.isfile(path):
        raise OptionError(
            [f"{name} {path} is not there, or is no file, on the managed host: give a file of PEM certificates."]
        )
    return path


def _context(path: str, name: str) -> ssl.SSLContext:
    try:
        return tls.verifying_context(path)
    except ssl.SSLError:
        raise OptionError(
            [f"{name} {path} is no CA file: it has no certificate in PEM form that OpenSSL can read."]
        ) from None
    except OSError as error:
        raise OptionError([f"{name} {path} cannot be read: {error.strerror}."]) from None


def _message(params: Mapping[str, Any], endpoint: str, host_name: str, date: str) -> str:
    text = _MESSAGE.format(
        sender=params["sender"],
        recipient=params["recipient"],
        date=date,
        host=ascii(host_name)[1:-1],
        endpoint=endpoint,
    )
    return text.replace("\n", "\r\n")
