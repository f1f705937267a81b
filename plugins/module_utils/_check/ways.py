# SPDX-License-Identifier: GPL-3.0-or-later
"""host_check: the further ways out of ses_fallback, each by a log-in at its own port, all at the same time."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from ansible_collections.mailops.ses.plugins.module_utils._relay.definitions import DEFAULTS
from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import FormError, apart, label, secrets_of
from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import ways as judged_ways
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import endpoint_named
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import credential_faults, region_meant
from ansible_collections.mailops.ses.plugins.module_utils._smtp import check, request
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net

Result = dict[str, Any]
# Option of host_check -> the variable of the roles that it has.
_VARIABLES = {
    "region": "ses_region",
    "endpoint": "ses_endpoint",
    "username": "ses_smtp_username",
    "password": "ses_smtp_password",
    "secret_access_key": "ses_secret_access_key",
    "ca_file": "ses_tls_ca_file",
}
_SECRETS = ("ses_smtp_password", "ses_secret_access_key")


def outcomes(params: Mapping[str, Any], net: Net, hide: Callable[[str], object]) -> list[Result]:
    """What smtp_check returns of each way, with its name, endpoint and port; one result without them where the list is
    at fault. HIDE is given what no result may show besides the options."""
    given = {variable: params[option] for option, variable in _VARIABLES.items()}
    # The first way's port is not known here: the role has judged it.
    plain = {name: value for name, value in given.items() if name not in _SECRETS and value}
    variables = {**DEFAULTS, "ses_port": "", **plain}
    secrets = {name: given[name] or None for name in _SECRETS}
    try:
        entries, own, faults = apart(params["fallback"])
    except FormError as fault:
        return [{"failed": True, "msg": str(fault)}]
    credentials = {**credential_faults(secrets), **faults}
    if not any(secrets.values()):  # no log-in is asked for, so none has to be there
        credentials["ses_secret_access_key"] = ""
    found, sentences = judged_ways(entries, variables, credentials)
    sentences += [f"{name} {fault}." for name, fault in faults.items() if fault]
    if sentences:
        return [{"failed": True, "msg": " ".join(sentences)}]

    def one(number: int) -> Result:
        way = found[number]
        log_in = secrets_of(way, own[number], variables, secrets)
        named = {"name": label(number), "endpoint": endpoint_named(way), "port": int(way["ses_port"])}
        return {**_outcome(number, way, log_in, net, hide), **named}

    with ThreadPoolExecutor(len(found) or 1) as pool:
        return list(pool.map(one, range(len(found))))


def _outcome(
    number: int, way: Mapping[str, Any], secrets: Mapping[str, Any], net: Net, hide: Callable[[str], object]
) -> Result:
    names = {"ca_file": "ses_tls_ca_file", "ports": label(number, "port")}
    names.update({option: label(number, option) for option in ("region", "endpoint", "secret_access_key")})
    names.update({option: label(number, f"smtp_{option}") for option in ("username", "password")})
    try:
        asked = request.request_of(
            {
                **{name: option.get("default") for name, option in request.ARGUMENTS.items()},
                "region": region_meant(way),
                "endpoint": endpoint_named(way),
                "ports": [int(way["ses_port"])],
                # Without a secret the check ends after TLS, as that of the first way does.
                "username": way["ses_smtp_username"] if any(secrets.values()) else None,
                "password": secrets["ses_smtp_password"],
                "secret_access_key": secrets["ses_secret_access_key"],
                "ca_file": way["ses_tls_ca_file"],
                "option_names": names,
            },
            socket.gethostname(),
            date="",
        )
    except request.OptionError as fault:
        return fault.outcome()
    if asked.credentials:
        hide(asked.credentials.password)  # it may be a derived one, which no option holds
    return check.outcome(asked, net)
