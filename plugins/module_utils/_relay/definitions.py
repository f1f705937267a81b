# SPDX-License-Identifier: GPL-3.0-or-later
"""Written by `make docs` from roles/internal_relay/meta/argument_specs.yml; do not edit."""

from __future__ import annotations

from typing import Any

# Variable of the roles -> its type, in Ansible's words.
TYPES: dict[str, str] = {
    "ses_region": "str",
    "ses_endpoint": "str",
    "ses_port": "str",
    "ses_smtp_username": "str",
    "ses_masquerade_domain": "str",
    "ses_sender": "str",
    "ses_configuration_set": "str",
    "ses_headers": "dict",
    "ses_bounce_recipient": "str",
    "ses_hostname_fix": "bool",
    "ses_hostname_aliases": "list",
    "ses_connection_max_messages": "int",
    "ses_connection_max_seconds": "int",
    "ses_max_connections": "int",
    "ses_max_rate": "float",
    "ses_tls_ca_file": "path",
    "ses_loopback_only": "bool",
    "ses_replace_mta": "bool",
    "ses_replace_mta_timeout": "int",
    "ses_probe_recipient": "str",
    "ses_metrics_dir": "path",
}
# Variable -> its default; the others are unset by default.
DEFAULTS: dict[str, Any] = {
    "ses_port": "587",
    "ses_headers": {},
    "ses_bounce_recipient": "root",
    "ses_hostname_fix": True,
    "ses_hostname_aliases": [],
    "ses_connection_max_messages": 100,
    "ses_connection_max_seconds": 60,
    "ses_max_connections": 10,
    "ses_replace_mta": False,
    "ses_replace_mta_timeout": 300,
}
# Variable -> the smallest and the largest number that make sense, in the variable's unit.
RANGES: dict[str, tuple[float, float]] = {
    "ses_connection_max_messages": (1, 10000),
    "ses_connection_max_seconds": (1, 3600),
    "ses_max_connections": (1, 1000),
    "ses_max_rate": (0.1, 500.0),
    "ses_replace_mta_timeout": (1, 86400),
}
