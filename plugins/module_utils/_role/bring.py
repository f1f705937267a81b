# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring an MTA to the relay that was planned: its settings, judged and written by the code of its own module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._relay.choice import Choice
from ansible_collections.mailops.ses.plugins.module_utils._role.mtas import part_of
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import Plan


class BringError(Exception):
    """Why the host keeps what it had, in a sentence."""


def asked_for(plan: Plan, choice: Choice, there: Any, restart: bool = False) -> Any:
    """The request to the MTA's own code; BringError with the fault of one that it would not take from a user either."""
    part = part_of(plan.mta)
    options = {**part.wanted(plan.relay, plan.terms, choice, there), "restart": restart}
    read = ArgumentSpecValidator(part.ARGUMENTS).validate(options)
    fault = " ".join(read.error_messages) or part.fault(read.validated_parameters)
    if fault:
        raise BringError(fault)
    return part.request_of(read.validated_parameters)


def bring(
    mta: str, request: Any, check_mode: bool, scratch: str, units: Sequence[Unit], *, ready: Callable[[], None]
) -> dict[str, Any]:
    """Compare, and outside check mode write and run it; the result is that of the MTA's own module. READY comes before
    anything on the host changes, and raises what keeps it from that."""
    part = part_of(mta)
    try:
        result: dict[str, Any] = part.configure(request, check_mode, scratch, units, ready)
    except part.Failure as error:
        raise BringError(str(error)) from error
    return result
