# SPDX-License-Identifier: GPL-3.0-or-later
"""The DNS rows that verify an identity: three of DKIM, and two of its MAIL FROM domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TTL = 1800  # seconds; AWS names none
SPF = "v=spf1 include:amazonses.com ~all"

Row = dict[str, Any]


def dkim_rows(domain: str, dkim: Mapping[str, Any]) -> list[Row]:
    """The CNAMEs of Easy DKIM, for the `dkim` of an identity; none without tokens."""
    zone = dkim.get("zone") or "dkim.amazonses.com"
    return [
        {"type": "CNAME", "name": f"{token}._domainkey.{domain}", "value": f"{token}.{zone}", "ttl": TTL}
        for token in dkim.get("tokens") or []
    ]


def mail_from_rows(domain: str | None, region: str) -> list[Row]:
    """The rows of a MAIL FROM domain; none without one."""
    if not domain:
        return []
    return [
        {"type": "MX", "name": domain, "value": f"10 feedback-smtp.{region}.amazonses.com", "ttl": TTL},
        {"type": "TXT", "name": domain, "value": f'"{SPF}"', "ttl": TTL},
    ]


def in_words(rows: list[Row]) -> str:
    """The rows in a line."""
    return ", ".join(f"{row['name']} {row['type']} {row['value']}" for row in rows)
