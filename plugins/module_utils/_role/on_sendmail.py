# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail's part of a role: what is found of it on a host, and the code that brings it to the relay."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._relay.senders import unverified
from ansible_collections.mailops.ses.plugins.module_utils._role.host import Host, Looked, described
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import configure as configuring
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.look import (
    Present,
    own_daemons,
    present,
    reads_access,
    rewrites_senders,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.look import look as findings_of
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.look import wanted as looked_for
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.relay import (
    fallback_faults,
    for_sendmail,
    identity_faults,
    in_sendmail,
    sendmail_faults,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import ARGUMENTS, Request, fault, request_of
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.settings import wanted
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError as Failure
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import installed

__all__ = ["ARGUMENTS", "Failure", "configure", "fault", "faults", "installed", "look", "request_of", "wanted"]


def faults(variables: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """What of the variables Sendmail cannot do on a host of these names."""
    found = sendmail_faults(str(variables["ses_port"]), names, socket.getfqdn)
    return [*found, *fallback_faults(variables), *identity_faults(variables)]


def look(known: Mapping[str, Any], names: Sequence[str], others: Sequence[str], host: Host, sound: bool) -> Looked:
    """The relay of these variables on this host of these NAMES, where OTHERS are MTAs that go; SOUND says that the
    variables have no fault."""
    found = present(host.run, others)
    there = Present() if host.fresh else found
    findings = [] if host.fresh else findings_of(there, looked_for(known, names))
    if not sound:
        return None, None, findings
    relay = described(known, names)
    if not host.fresh and not rewrites_senders(there):
        findings += unverified(relay.origin, relay)
    relay = for_sendmail(relay)
    terms = partial(
        in_sendmail,
        relay,
        keep_daemons=known.get("ses_loopback_only") is False,
        # A package's own stay as well, so that a second run, which cannot tell them from a wish, finds the same.
        own_daemons=own_daemons(found),
        reads_access=reads_access(found),
    )
    return relay, terms, findings


def configure(
    request: Request, check_mode: bool, scratch: str, units: Sequence[Unit], ready: Callable[[], None]
) -> dict[str, Any]:
    """As `configure` of Postfix is called; Sendmail has one unit, or none where its daemon is left alone."""
    return configuring.configure(request, check_mode, scratch, units[0] if units else None, ready)
