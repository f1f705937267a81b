# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that do not prove that they are the endpoint, and what a relay may give them: nothing."""

from __future__ import annotations

from typing import Any

from ses_simulator.client import Control

from .relay import Relay

# The simulator's fault, and the words of the MTA for why the mail waits.
IMPOSTORS: dict[str, tuple[dict[str, Any], str]] = {
    "other name": ({"certificate": "other_name"}, "unverified"),
    "expired": ({"certificate": "expired"}, "unverified"),
    "not yet valid": ({"certificate": "not_yet_valid"}, "unverified"),
    "untrusted": ({"certificate": "untrusted"}, "unverified"),
    "STARTTLS stripped": ({"no_starttls": True}, "no_tls"),
}


def nothing_given_away(sessions: list[dict[str, Any]]) -> bool:
    """Whether neither a credential nor a mail went over these sessions, of which there has to be one."""
    assert sessions
    return all(
        session["user"] is None and not session["auth_in_clear"] and not session["messages"] for session in sessions
    )


def see_mail_wait(relay: Relay, endpoint: Control, impostor: str) -> None:
    """A mail waits while the impostor is there, which gets nothing, and arrives when the endpoint is back."""
    fault, word = IMPOSTORS[impostor]
    endpoint.reset()  # the role's own check has logged in
    endpoint.fault(**fault)
    # The header asks for delivery without verification (RFC 8689): Postfix 3.10 would obey if it were let.
    subject = relay.send(TLS_Required="no")
    relay.deferred(subject, getattr(relay.mta, word))
    assert nothing_given_away(endpoint.sessions())
    endpoint.clear()
    relay.mta.flush()
    session, _ = relay.arrived(endpoint, subject)
    assert session["user"] == "AKIATESTBEDUSEAST123"
