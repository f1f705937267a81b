# SPDX-License-Identifier: GPL-3.0-or-later
"""What SES will say of a host's senders, whichever MTA sends."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.mailops.ses.plugins.module_utils._relay.finding import Finding, changed
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import Relay


def unverified(origin: str, relay: Relay) -> Iterator[Finding]:
    """Senders that carry the host's own name, which is rarely a verified identity."""
    if not relay.sender_rewrites and origin.lower() in relay.local_names:
        yield changed(
            "ses_masquerade_domain",
            f"is not set, nor is ses_sender: mail from local users leaves as user@{origin}, which SES refuses (554) "
            "unless that domain is verified",
            "set one of them to a verified identity",
        )
