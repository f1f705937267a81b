# SPDX-License-Identifier: GPL-3.0-or-later
"""host_check: the ports, a mail and the queue, each as the module for it alone returns it, and each failing alone."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Callable, TypeVar, Union

from ansible_collections.mailops.ses.plugins.module_utils._check import ways
from ansible_collections.mailops.ses.plugins.module_utils._host.command import run
from ansible_collections.mailops.ses.plugins.module_utils._probe import mail, send
from ansible_collections.mailops.ses.plugins.module_utils._queue import look
from ansible_collections.mailops.ses.plugins.module_utils._smtp import check, request
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net

Result = dict[str, Any]
_Value = TypeVar("_Value")


def parts(
    params: Mapping[str, Any],
    net: Net,
    installed: Callable[[], str | None],
    check_mode: bool,
    hide: Callable[[str], object],
) -> dict[str, Any]:
    """What came of each part, for host_check's options: None for a mail that was not asked for, and no part of further
    ways. INSTALLED tells the host's MTA, LookupError where it cannot; HIDE is given what no result may show besides the
    options."""
    installed = lru_cache(None)(installed)  # each part asks, and a package manager takes its time
    asked = alone(lambda: _request(params, hide))
    endpoint = asked.endpoint if isinstance(asked, request.Request) else None

    def ports() -> Result:
        return check.outcome(asked, net) if isinstance(asked, request.Request) else asked

    def probe() -> Result:
        return send.outcome({**_defaults(mail.ARGUMENTS), **params, "endpoint": endpoint}, installed, check_mode)

    def queue() -> Result:
        return look.outcome(params["mta"], endpoint, installed, run)

    with ThreadPoolExecutor(2) as pool:  # the ports are waited for, not worked on
        others = pool.submit(ways.outcomes, params, net, hide) if params.get("fallback") else None
        if params["recipient"] is None:
            meanwhile = pool.submit(alone, queue)
            found: dict[str, Any] = {"check": alone(ports), "probe": None, "queue": meanwhile.result()}
        else:
            # One after the other: a log-in that fails is no reason for the mail to wait, and the queue is read without.
            found = {name: alone(part) for name, part in (("check", ports), ("probe", probe), ("queue", queue))}
        return {**found, "fallback": alone(others.result)} if others else found


def alone(part: Callable[[], _Value]) -> Union[_Value, Result]:  # noqa: UP007  (Python 3.9 makes no such type of |)
    """What PART returns, or what Ansible registers of a module that crashes: the other parts go on."""
    try:
        return part()
    except Exception:
        return {"failed": True, "msg": "MODULE FAILURE", "module_stderr": traceback.format_exc()}


def _request(params: Mapping[str, Any], hide: Callable[[str], object]) -> request.Request | Result:
    """The dialogue to ask for, or what smtp_check returns where the options are at fault."""
    try:
        found = request.request_of(
            {**_defaults(request.ARGUMENTS), **params, "recipient": None},  # this one is the mail's
            socket.gethostname(),
            date="",
        )
    except request.OptionError as fault:
        return fault.outcome()
    if found.credentials:
        hide(found.credentials.password)  # it may be a derived one, which no option holds
    return found


def _defaults(arguments: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: option.get("default") for name, option in arguments.items()}
