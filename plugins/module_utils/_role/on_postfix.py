# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's part of a role: what is found of it on a host, and the code that brings it to the relay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._postfix.configure import configure
from ansible_collections.mailops.ses.plugins.module_utils._postfix.look import (
    Wishes,
    examine,
    one_family,
    return_address,
)
from ansible_collections.mailops.ses.plugins.module_utils._postfix.look import look as findings_of
from ansible_collections.mailops.ses.plugins.module_utils._postfix.look import names as names_of
from ansible_collections.mailops.ses.plugins.module_utils._postfix.present import installed
from ansible_collections.mailops.ses.plugins.module_utils._postfix.relay import in_postfix, postfix_faults
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import ARGUMENTS, fault, request_of
from ansible_collections.mailops.ses.plugins.module_utils._postfix.settings import wanted
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import PostfixError as Failure
from ansible_collections.mailops.ses.plugins.module_utils._role.host import Host, Looked, described, families_of, taken

__all__ = ["ARGUMENTS", "Failure", "configure", "fault", "faults", "installed", "look", "request_of", "wanted"]


def faults(variables: Mapping[str, Any], _names: Sequence[str]) -> list[str]:
    """What of the variables Postfix cannot do."""
    return postfix_faults(variables)


def look(known: Mapping[str, Any], names: Sequence[str], _others: Sequence[str], host: Host, sound: bool) -> Looked:
    """The relay of these variables on this host of these NAMES; SOUND says that the variables have no fault."""
    wishes = Wishes(known.get("ses_loopback_only"))
    present, findings = (None, []) if host.fresh else examine(host.run, host.units)
    if not sound:
        return None, None, findings
    relay = described(known, [*names, *names_of(present)])
    if one_family(present):  # DNS is asked again on such a host alone
        families = families_of([*relay.servers, *(one.endpoint for one in relay.identities)])
        wishes = replace(wishes, families=families, return_taken=taken(*return_address(present)))
    findings += [] if host.fresh else findings_of(present, relay, wishes)
    return relay, partial(in_postfix, relay, present=present, wishes=wishes), findings
