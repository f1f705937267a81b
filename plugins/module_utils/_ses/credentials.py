# SPDX-License-Identifier: GPL-3.0-or-later
"""SES SMTP credentials: deriving a password, and telling a wrong one before it is sent.

A fault is the rest of a sentence that begins with the option's name, such as "is empty: …"; None means fine.
A fault never contains the value.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable

from ansible_collections.mailops.ses.plugins.module_utils._ses.rules import first_fault

# Two faults that are causes in the table of causes as well.
SECRET_AS_PASSWORD = (
    "is 40 characters long like an AWS secret access key, and that is not the SMTP password: derive it with the filter "
    "mailops.ses.smtp_password, or give the key as ses_secret_access_key"
)
TEMPORARY_KEY = (
    "is a temporary key (ASIA…): SES's SMTP interface takes none; create SMTP credentials of an IAM user (AKIA…)"
)

# What Ansible puts in place of a secret, and of each word in a module's result that is the same, by its version.
MARKS = ("********", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "$REDACTED$")
HIDDEN = "has what Ansible shows in place of a secret: give the value itself"

# First match wins: how a wrong value looks, and what to say about it.
_ANY = (
    (re.compile(r"\s*"), "is empty: give the SES SMTP credentials"),
    (re.compile(r"[^\r\n]+[\r\n]+"), "ends in a line break: give it without"),
    (re.compile(r"(?s).*[\r\n\v\f\x85\u2028\u2029].*"), "has more than one line: give it without line breaks"),
    (re.compile(r"(?s).*[\x00-\x1f\x7f].*"), "contains a control character: copy it again"),
    (re.compile(r".*[^\x00-\x7f].*"), "contains a character outside ASCII, which no SES credential has: copy it again"),
    (re.compile(r".* .*"), "contains a space, which no SES credential has: copy it again"),
    (re.compile(f".*(?:{'|'.join(map(re.escape, MARKS))}).*"), HIDDEN),
    (re.compile(r"ASIA.*"), TEMPORARY_KEY),
)
_SENT = (
    (re.compile(r".{257,}"), "is longer than 256 characters, which no SES credential is: copy it again"),
    (
        re.compile(r""".*[:"'\\].*"""),
        'contains ":", a quote or a backslash, which no SES credential has: copy it again',
    ),
)
_SECRET_ACCESS_KEY = re.compile(r"[A-Za-z0-9/+=]{40}")
_ACCESS_KEY_ID = re.compile(r"A[A-Z]IA[A-Z0-9]{16}")
_SMTP_PASSWORD = re.compile(r"B[A-Za-z0-9/+]{43}")
_USERNAMES = (
    *_ANY,
    *_SENT,
    (_SECRET_ACCESS_KEY, "looks like a secret access key: the SMTP user name is the access key ID, which begins AKIA"),
)
_PASSWORDS = (
    *_ANY,
    *_SENT,
    (_SECRET_ACCESS_KEY, SECRET_AS_PASSWORD),
    (_ACCESS_KEY_ID, "looks like an access key ID: that is the user name, the password has 44 characters"),
)
_SECRETS = (
    *_ANY,
    (_ACCESS_KEY_ID, "looks like an access key ID: that is the user name, the secret access key has 40 characters"),
    (_SMTP_PASSWORD, "looks like an SMTP password, derived already: give it as the password"),
    (re.compile(r".{100,}"), "looks like a session token: SES takes no temporary keys, use an IAM user's key"),
)


def smtp_password(secret_access_key: str, region: str) -> str:
    """The SMTP password that AWS derives from a secret access key, version 4: one for each region. Source:
    https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html"""
    key = ("AWS4" + secret_access_key).encode()
    for message in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        key = hmac.new(key, message.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + key).decode()


def region_of_password(password: str, secret_access_key: str, regions: Iterable[str]) -> str | None:
    """The one of REGIONS for which the secret access key gives this password; None where no region does."""
    return next((region for region in regions if smtp_password(secret_access_key, region) == password), None)


def hidden_fault(value: str) -> str | None:
    """Why this cannot be a value that was meant, since Ansible has hidden something in it; None for one that can."""
    return HIDDEN if any(mark in value for mark in MARKS) else None


def is_access_key_id(value: object) -> bool:
    """Whether this has the form of an access key ID, and so may be shown."""
    return isinstance(value, str) and bool(_ACCESS_KEY_ID.fullmatch(value))


def username_fault(username: str) -> str | None:
    """Why this cannot be an SMTP user name; None for one that can."""
    return first_fault(_USERNAMES, username)


def password_fault(password: str) -> str | None:
    """Why this cannot be an SMTP password; None for one that can."""
    return first_fault(_PASSWORDS, password)


def secret_fault(secret: str) -> str | None:
    """Why this cannot be a secret access key; None for one that can."""
    return first_fault(_SECRETS, secret)
