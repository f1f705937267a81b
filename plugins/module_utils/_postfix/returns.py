# SPDX-License-Identifier: GPL-3.0-or-later
"""Where null senders' mail comes in once more."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.mailops.ses.plugins.module_utils._postfix.master_cf import Service

# A loopback address of its own, and not port 25, which it could not have beside a daemon on all addresses. A Postfix
# that has IPv6 alone cannot listen there, and ends.
RETURN, RETURN_BY_IPV6 = "127.0.0.25:24", "[::1]:24"
CLEANUP = "ses-bounce-cleanup"


def returns(services: Mapping[tuple[str, str], Service], name: str) -> bool:
    """Whether the service NAME of master.cf is the one that takes null senders' mail, and not the host's own."""
    found = services.get((name, "inet"))
    return found is not None and found.options.get("cleanup_service_name") == CLEANUP
