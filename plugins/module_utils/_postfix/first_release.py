# SPDX-License-Identifier: GPL-3.0-or-later
"""What release 0.1.0 left on a host: it wrote SES's demands into main.cf, where every client takes them over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Only that release wrote this; the next run takes it away, and what belongs to it.
SIGN = "ses-bounce:[127.0.0.25]:25}"
TABLE = "sasl_passwd"
SERVICES: tuple[dict[str, Any], ...] = ({"name": "127.0.0.25:25", "type": "inet", "state": "absent"},)
# Parameter -> the values that it wrote, and what takes their place.
_PARAMETERS: Mapping[str, tuple[str, object]] = {
    "relay_domains": (r"ses-bounce\.invalid", None),
    "relay_transport": (r"ses-mailbox:?", None),
    "smtp_connection_cache_destinations": (r"\S+", None),
    "smtp_connection_cache_on_demand": ("yes", None),
    "smtp_connection_cache_time_limit": ("5s", None),
    "smtp_connection_reuse_count_limit": (r"\d+", None),
    "smtp_connection_reuse_time_limit": (r"\d+s", None),
    "smtp_destination_concurrency_limit": (r"\d+", None),
    "smtp_header_checks": ("regexp:/etc/postfix/ses_headers", None),
    "smtp_initial_destination_concurrency": (r"\d+", None),
    "smtp_sasl_auth_enable": ("yes", None),
    "smtp_sasl_mechanism_filter": ("plain, login", None),
    "smtp_sasl_password_maps": (rf"\w+:/etc/postfix/{TABLE}", None),
    "smtp_sasl_security_options": ("noplaintext, noanonymous", None),
    "smtp_sasl_tls_security_options": ("noanonymous", None),
    "smtp_tls_connection_reuse": ("yes", None),
    "smtp_tls_mandatory_protocols": ("!SSLv2, !SSLv3, !TLSv1, !TLSv1.1", None),
    "smtp_tls_secure_cert_match": ("nexthop", None),
    "smtp_tls_security_level": ("secure", "may"),
    "smtp_tls_wrappermode": ("yes|no", None),
}


def left(explicit: Mapping[str, str]) -> bool:
    """Whether that release configured this host, and none since."""
    return SIGN in explicit.get("sender_dependent_default_transport_maps", "")


def parameters(explicit: Mapping[str, str]) -> dict[str, object]:
    """The parameters of that release that still have the values that it gave them, with what takes the values' place;
    None takes a parameter out."""
    found = _PARAMETERS.items() if left(explicit) else ()
    return {name: new for name, (old, new) in found if re.fullmatch(old, explicit.get(name, ""))}


def tables(explicit: Mapping[str, str], has_source: bool) -> list[dict[str, Any]]:
    """That release's table of credentials, to be taken out. It never had a source: a table with a source is the
    host's."""
    gone = "smtp_sasl_password_maps" in parameters(explicit) and not has_source
    return [{"name": TABLE, "parameter": None, "state": "absent"}] if gone else []
