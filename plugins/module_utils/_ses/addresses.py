# SPDX-License-Identifier: GPL-3.0-or-later
"""The one rule for mail addresses that the collection is given."""

from __future__ import annotations

import re

from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import host_fault

MAX_ADDRESS = 254  # characters, RFC 5321
# What every MTA takes unquoted. From an address that begins with | or /, local(8) would make a command or a file.
_LOCAL_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9.!#%&*+=?^_~-]{0,63}")


def domain_fault(domain: str) -> str | None:
    """Why this is no full domain name; None for one that is."""
    return host_fault(domain) or (None if "." in domain else "is no domain: write it in full, like example.com")


def address_fault(address: str) -> str | None:
    """Why this is no address that SES and both MTAs take; None for one that they take."""
    local, at, domain = address.rpartition("@")
    if not at or len(address) > MAX_ADDRESS or not _LOCAL_PART.fullmatch(local) or host_fault(domain):
        return (
            "is no mail address of the form local-part@domain in ASCII: give the bare address, without name or brackets"
        )
    return domain_fault(domain)
