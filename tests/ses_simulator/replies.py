# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of SES, and what it says in place of aiosmtpd's texts."""

from __future__ import annotations

import secrets
import string
import time

CAPITALS = string.ascii_uppercase + string.digits
LETTERS = string.ascii_letters + string.digits
HOST = "email-smtp.amazonaws.com"
OK = "250 Ok"
READY_FOR_TLS = "220 Ready to start TLS"
AUTHENTICATED = "235 Authentication successful."
BAD_CREDENTIALS = "535 Authentication Credentials Invalid"
NEEDS_AUTH = "530 Authentication required"
NEEDS_TLS = "530 Must issue a STARTTLS command first"
NULL_SENDER = "501 Invalid MAIL FROM address provided"
IDLE = "451 4.4.2 Timeout waiting for data from client."
TOO_MANY_CONNECTIONS = "421 Too many concurrent SMTP connections"
TOO_MANY_MESSAGES = "421 Connection closed by server. Maximum message count per session reached."
TOO_MANY_RECIPIENTS = "554 Transaction failed: Recipient count exceeds {limit}."
TOO_FAST = "454 Throttling failure: Maximum sending rate exceeded."
QUOTA_EXCEEDED = "454 Throttling failure: Daily message quota exceeded."
TOO_LONG = "552 Message is too long."
BAD_SENDER = "553 <{address}> Invalid email address"
BAD_RECIPIENT = "553 <{address}> address unknown"
NOT_VERIFIED = (
    "554 Message rejected: Email address is not verified. "
    "The following identities failed the check in region {region}: {identities}"
)
UNKNOWN_COMMAND = "502 Command not implemented"

# aiosmtpd's text -> that of SES
TRANSLATED = {
    "250 OK": OK,
    "552 Error: Too much mail data": TOO_LONG,
    "552 Error: message size exceeds fixed maximum message size": TOO_LONG,
}


def banner() -> str:
    # 9 and 20 characters, as in the captures.
    host = "".join(secrets.choice(CAPITALS) for _ in range(9))
    session = "".join(secrets.choice(LETTERS) for _ in range(20))
    return f"220 {HOST} ESMTP SimpleEmailService-d-{host} {session}"


def ehlo(starttls: bool, auth_last: bool = False) -> str:
    lines = [HOST, "8BITMIME", *(["STARTTLS"] if starttls else []), "AUTH PLAIN LOGIN", "Ok"]
    if auth_last:
        lines.remove("Ok")
    return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])


def message_id() -> str:
    """The form of 0107017033dbb64d-be13a01e-dbf1-44b7-b876-3622165dacc1-000000."""
    r = secrets.token_hex(16)
    return f"0107{int(time.time() * 1000):012x}-{r[:8]}-{r[8:12]}-{r[12:16]}-{r[16:20]}-{r[20:]}-000000"
