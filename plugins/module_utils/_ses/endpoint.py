# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and ports of SES's SMTP endpoints.

A fault is the rest of a sentence that begins with the option's name, such as "is empty: …"; None means fine.
"""

from __future__ import annotations

import re

from ansible_collections.mailops.ses.plugins.module_utils._ses.partitions import (
    DUAL_STACK_SUFFIXES,
    SUFFIXES,
    WITHOUT_SMTP,
    partition_of,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.rules import first_fault

# In order of preference: submission first, port 25 last because cloud networks throttle it.
PORTS: dict[int, str] = {587: "starttls", 2587: "starttls", 465: "wrapper", 2465: "wrapper", 25: "starttls"}

# The canonical names that AWS documents; other regions have undocumented ones.
LOAD_BALANCERS: dict[str, str] = {
    "us-east-1": "ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com",
    "us-west-2": "ses-smtp-us-west-2-prod-14896026.us-west-2.elb.amazonaws.com",
    "eu-west-1": "ses-smtp-eu-west-1-prod-345515633.eu-west-1.elb.amazonaws.com",
}

LOAD_BALANCER_DOMAIN = ".elb.amazonaws.com"

_AREA = r"[a-z]{2,4}(?:-[a-z]{2,12}){1,2}"
_REGION = re.compile(rf"{_AREA}-[0-9]{{1,2}}")
_NAMED_REGION = rf"(?P<region>{_REGION.pattern})"
_SUFFIX = f"(?P<suffix>{'|'.join(map(re.escape, SUFFIXES))})"
_ANY_SUFFIX = f"(?P<suffix>{'|'.join(map(re.escape, (*SUFFIXES, *DUAL_STACK_SUFFIXES)))})"
_PUBLIC = re.compile(rf"email-smtp(?P<fips>-fips)?\.{_NAMED_REGION}\.{_ANY_SUFFIX}")
_PRIVATE = re.compile(rf"[a-z0-9-]+\.email-smtp(?:-fips)?\.{_NAMED_REGION}\.vpce\.{_SUFFIX}")
_ENDPOINTS = (_PUBLIC, _PRIVATE)
_LOAD_BALANCER = re.compile(rf"ses-smtp-[a-z0-9-]+\.{_NAMED_REGION}{re.escape(LOAD_BALANCER_DOMAIN)}")
# Mail Manager takes mail there; only its rules say whether it is sent.
_MAIL_MANAGER = re.compile(rf"[a-z0-9.-]+\.mail-manager-smtp\.{_SUFFIX}")
_MAIL_MANAGER_USER = "inp-"
_AWS = tuple(f".{suffix}" for suffix in (*SUFFIXES, *DUAL_STACK_SUFFIXES, "amazonses.com"))
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ADDRESS = re.compile(r"[0-9.]+|\[?[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?")

# First match wins: how a wrong region looks, and what to say about it.
_REGION_TYPOS = (
    (re.compile(r"\s*"), "is empty: give the AWS region, for example us-east-1"),
    (re.compile(r"(?s).*[\x00-\x20\x7f].*"), "contains a space or a control character: write it like us-east-1"),
    (re.compile(r"(?s).*[^\x00-\x7f].*"), "contains a character outside ASCII: write it like us-east-1"),
    (re.compile(r".*\..*"), "is a host name: write only the region (us-east-1), or set the endpoint"),
    (re.compile(r".*[A-Z].*"), "contains capital letters: write it in lower case, like us-east-1"),
    (re.compile(r".*_.*"), "contains an underscore: write it with hyphens, like us-east-1"),
    (re.compile(rf"{_AREA}-[0-9]{{1,2}}[a-z]"), "is an availability zone: leave out its last letter, like us-east-1"),
    (re.compile(rf"{_AREA}[0-9]+"), "lacks a hyphen before its number: write it like us-east-1"),
    (re.compile(rf"{_AREA}-?"), "lacks its number: write it like us-east-1"),
)
_HOST_TYPOS = (
    (re.compile(r"\s*"), "is empty: give a host name, for example email-smtp.us-east-1.amazonaws.com"),
    (re.compile(r"(?s).*[\x00-\x1f\x7f].*"), "contains a line break or another control character: give one host name"),
    (re.compile(r".*\s.*"), "contains a space: give one host name without spaces"),
    (re.compile(r".*[^\x00-\x7f].*"), "contains a character outside ASCII: give the name in its ASCII form (xn--…)"),
    (re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.*"), "is a URL: give only the host name, without scheme and path"),
    (_ADDRESS, "is an IP address: give the host name, because the certificate is verified against it"),
    (re.compile(r".*[\[\]].*"), "contains brackets: give the host name without them"),
    (re.compile(r".*:[0-9]*"), "contains a port: give only the host name, the port is an option of its own"),
    (re.compile(r".*\."), "ends in a dot: give the name without it"),
)


def region_fault(region: str) -> str | None:
    """What is wrong with the form of a region, None for a sound one; whether the region exists, DNS answers."""
    if _REGION.fullmatch(region):
        return None
    return (
        first_fault(_REGION_TYPOS, region) or "has not the form of a region: write it like us-east-1 or us-gov-west-1"
    )


def host_fault(name: str) -> str | None:
    """What is wrong with the form of a host name; None for a sound one."""
    known = first_fault(_HOST_TYPOS, name)
    if known:
        return known
    if len(name) > 253:
        return "is longer than 253 characters: that is no host name"
    for label in name.split("."):
        if len(label) > 63:
            return "has a part longer than 63 characters: that is no host name"
        if not _LABEL.fullmatch(label):
            return "is no host name: its parts are letters, digits and inner hyphens, joined by single dots"
    return None


def endpoint_of(region: str) -> str:
    """The name of a region's public endpoint. Source: https://docs.aws.amazon.com/general/latest/gr/ses.html"""
    return f"email-smtp.{region}.{partition_of(region).suffix}"


def api_of(region: str) -> str:
    """The name of SES's API in a region, which answers HTTPS. The source is the same."""
    return f"email.{region}.{partition_of(region).suffix}"


def region_of(endpoint: str) -> str | None:
    """The region in a public, FIPS or VPC endpoint's name; None for any other name."""
    return _region_in(endpoint, _ENDPOINTS)


def region_behind(*names: str) -> str | None:
    """The region in the first of the names that is an endpoint's or that of a load balancer of SES; None without
    one."""
    regions = (_region_in(name.rstrip("."), (*_ENDPOINTS, _LOAD_BALANCER)) for name in names)
    return next((region for region in regions if region), None)


def doubts(endpoint: str) -> dict[str, str]:
    """What speaks against a name that DNS does not have, as facts for the table of causes: no_ses (a partition),
    no_smtp (a region) or usual_name (an endpoint). Empty for a private name, and where nothing does."""
    found = _PUBLIC.fullmatch(endpoint.lower())
    if not found:
        return {}
    region = found["region"]
    partition = partition_of(region)
    if not partition.regions:
        return {"no_ses": partition.name}
    if region in WITHOUT_SMTP:
        return {"no_smtp": region}
    usual = found["suffix"] == partition.suffix and (not found["fips"] or region in partition.fips)
    return {} if usual else {"usual_name": endpoint_of(region)}


def is_mail_manager(endpoint: str, username: str = "") -> bool:
    """Whether the name is that of an ingress endpoint of Mail Manager, or the user name is one for such an endpoint."""
    return bool(_MAIL_MANAGER.fullmatch(endpoint.lower())) or username.startswith(_MAIL_MANAGER_USER)


def is_aws(name: str) -> bool:
    """Whether a server's name is one of AWS's, so that it may be SES."""
    return name.lower().rstrip(".").endswith(_AWS)


def _region_in(name: str, patterns: tuple[re.Pattern[str], ...]) -> str | None:
    matches = (pattern.fullmatch(name.lower()) for pattern in patterns)
    return next((match["region"] for match in matches if match), None)
