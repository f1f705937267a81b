# SPDX-License-Identifier: GPL-3.0-or-later
"""Senders with a log-in of their own in Postfix's terms: each has a client, to which a table of senders leads.

The client has its own log-in and its own headers, so that no connection is shared with other senders' mail, and
connections are kept all the same. Postfix's log-in by sender (smtp_sender_dependent_authentication) would give that up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._postfix.present import Present
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import SUFFIXES
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import Relay

ROUTES = "ses_identities"
_SERVICE = re.compile(rf"ses-identity([0-9]+)(?:{'|'.join(SUFFIXES)})")
_TABLE = re.compile(r"ses_identity([0-9]+)_(?:headers|passwd)")


def service(number: int) -> str:
    """The client of an identity, the first one's number being 1."""
    return f"ses-identity{number}"


def headers_table(number: int) -> str:
    """The table with the headers of an identity's mail."""
    return f"ses_identity{number}_headers"


def log_in_table(number: int) -> str:
    """The table with the log-in of an identity."""
    return f"ses_identity{number}_passwd"


def routes(relay: Relay, port: int) -> dict[str, Any]:
    """Senders, and the clients and servers that their mail takes; an address takes precedence over its domain."""
    rows = {
        f"/{'@' if one.whole_domain else '^'}{re.escape(one.sender)}$/": f"{service(number)}:[{one.endpoint}]:{port}"
        for whole in (False, True)
        for number, one in enumerate(relay.identities, start=1)
        if one.whole_domain is whole
    }
    return {
        "name": ROUTES,
        "parameter": None,
        "type": "regexp",
        "generations": True,
        "entries": rows,
        "state": "present" if rows else "absent",
    }


def left(present: Present | None, relay: Relay) -> list[int]:
    """The numbers of identities that the host has a client or a table of, and that go: a run that was killed before its
    end leaves tables."""
    if present is None:
        return []
    clients = (_SERVICE.fullmatch(name) for name, _type in present.services)
    tables = (_TABLE.match(name) for name in present.files)
    numbers = {int(found[1]) for found in (*clients, *tables) if found}
    return sorted(number for number in numbers if number > len(relay.identities))


def services_left(numbers: list[int]) -> Iterator[dict[str, Any]]:
    """Their clients, to be taken out."""
    for number in numbers:
        yield {"name": service(number), "type": "unix", "generations": True, "state": "absent"}


def tables_left(numbers: list[int]) -> Iterator[dict[str, Any]]:
    """Their tables, to be taken out."""
    for number in numbers:
        gone = {"parameter": None, "generations": True, "state": "absent"}
        yield {"name": headers_table(number), **gone}
        # Its rows are secret as they go, too: a difference shows them.
        yield {"name": log_in_table(number), "secret_entries": {}, **gone}


def limits(name: str, connections: int | None) -> Mapping[str, Any]:
    """The parameters of main.cf for a client of this NAME, with so many connections; None takes them out."""
    return {
        f"{name}_destination_concurrency_limit": connections,
        f"{name}_initial_destination_concurrency": connections,
        # SES refuses connections above a limit of its own: one of them, by default, would have all mail wait.
        f"{name}_destination_concurrency_failed_cohort_limit": None if connections is None else 10,
        f"{name}_destination_recipient_limit": None if connections is None else 50,  # SES takes no more in a mail
    }
