# SPDX-License-Identifier: GPL-3.0-or-later
"""The headers by which SES is told something about a mail, and what each may say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

CONFIGURATION_SET = "X-SES-CONFIGURATION-SET"
MOST = 900  # characters of a value: SMTP has 998 for a line (RFC 5322, 2.1.1), the header's name among them


@dataclass(frozen=True)
class Header:
    """One header of SES's."""

    form: re.Pattern[str]
    words: str  # what a value is, to go on after "is no"
    source: str  # where AWS says so


_NAME = r"[A-Za-z0-9_-]{1,64}"
_TAG = r"[A-Za-z0-9_-]{1,256}=[A-Za-z0-9_.@-]{1,256}"
# AWS's pages have * for the region, too.
_ARN = re.compile(
    r"arn:aws[a-z-]*:ses:(?:\*|(?P<region>[a-z]{2}[a-z0-9-]*-[0-9])):[0-9]{12}:identity/[A-Za-z0-9._%+=@-]{1,320}",
    re.ASCII,
)
_ARN_WORDS = "ARN of an identity in SES, such as arn:aws:ses:us-east-1:123456789012:identity/example.com"
_GUIDE = "https://docs.aws.amazon.com/ses/latest/dg"
_AUTHORIZATION = f"{_GUIDE}/sending-authorization-delegate-sender-tasks-email.html"
# What `ses_headers` may have. The configuration set has a variable of its own.
HEADERS: Mapping[str, Header] = {
    "X-SES-TENANT": Header(
        re.compile(_NAME, re.ASCII), "tenant's name (1 to 64 letters, digits, - and _)", f"{_GUIDE}/tenants.html"
    ),
    "X-SES-MESSAGE-TAGS": Header(
        re.compile(rf"{_TAG}(?:, ?{_TAG})*", re.ASCII),
        "list of tags, such as campaign=book, kind=news (letters, digits, - and _; in a value also . and @)",
        f"{_GUIDE}/event-publishing-send-email.html",
    ),
    "X-SES-SOURCE-ARN": Header(_ARN, _ARN_WORDS, _AUTHORIZATION),
    "X-SES-FROM-ARN": Header(_ARN, _ARN_WORDS, _AUTHORIZATION),
    "X-SES-RETURN-PATH-ARN": Header(_ARN, _ARN_WORDS, _AUTHORIZATION),
    "X-SES-LIST-MANAGEMENT-OPTIONS": Header(
        re.compile(rf"{_NAME}(?:; ?topic={_NAME})?", re.ASCII),
        "contact list with a topic, such as Customers; topic=News",
        f"{_GUIDE}/sending-email-subscription-management.html",
    ),
}


def header_fault(name: str, value: str) -> str | None:
    """Why SES would not take this header with this value; None for one that it takes. NAME may be of either case."""
    header = HEADERS.get(name.upper())
    if name.upper() == CONFIGURATION_SET:
        return "is what ses_configuration_set sets; use that variable"
    if header is None:
        return f"is none of {', '.join(HEADERS)}"
    if len(value) > MOST or not header.form.fullmatch(value):
        return f"is no {header.words}" if len(value) <= MOST else f"has more than {MOST} characters"
    return None


def arn_region(value: str) -> str | None:
    """The region of the identity that a header's value names, None where it is no ARN, or one of each region."""
    found = _ARN.fullmatch(value)
    return found["region"] if found else None
