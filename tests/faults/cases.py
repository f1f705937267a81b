# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases, a row each. Where a cell may be more than 0, the row has the reason."""

from __future__ import annotations

from . import changes, endpoint, machine
from .table import Allowed, Case

REPEATED = (
    "RFC 5321, 4.5.4.1 has a client send again what it got no reply for, and the endpoint has kept the mail (RFC 1047)"
)
PATIENT = "RFC 5321, 4.5.3.2.3 has a client wait five minutes for the reply to RCPT, and each connection waits"
AS_LONG = (
    " has a mail that was refused wait as long as it has waited already, and of those that try again together two find "
    "a connection; `ses_max_connections` below the endpoint's limit has none refused (the next row)"
)
COOLS_DOWN = (
    "qmgr_active_feed() of qmgr_active.c passes over a file with a time in the future until then; a flush of the queue "
    "takes it at once"
)

CASES = (
    Case("endpoint changed and back", changes.changes["endpoint"], flush=True, quick=True),
    Case("port changed and back", changes.changes["port"], flush=True),
    Case("password changed and back", changes.changes["password"], flush=True),
    Case("sender changed and back", changes.changes["sender"], flush=True),
    Case("module killed at each rename", changes.killed_at_each_rename, quick=True),
    Case("module killed at random points", changes.killed_module),
    Case("Ansible killed at random points", changes.killed_ansible, flush=True),
    Case("endpoint's name denied", endpoint.name_denied, flush=True),
    Case("endpoint's name without address", endpoint.name_without_address, flush=True),
    Case("DNS fails", endpoint.dns_fails, flush=True),
    Case("password rotated at the server", changes.rotated_password, flush=True),
    Case("queue's file system full", machine.full_disk, patience=60),
    Case("reloads under mail", machine.reloads, flush=True),
    Case("MTA killed", machine.killed_mta),
    Case("high load", machine.high_load),
    Case(
        "mails that hang beside others",
        endpoint.hanging,
        patience=60,
        allowed={mta: (Allowed("late", 20, PATIENT),) for mta in ("postfix", "sendmail")},
    ),
    Case(
        "two connections at the server",
        endpoint.few_connections,
        patience=60,
        allowed={
            "postfix": (Allowed("late", 15, "qmgr_active_done_3_generic() of qmgr_active.c" + AS_LONG),),
            "sendmail": (Allowed("late", 15, "gatherq() of queue.c" + AS_LONG),),
        },
    ),
    Case("two connections, as `ses_max_connections` says", endpoint.known_connections, patience=60),
    Case(
        "queue files from the future",
        machine.future,
        patience=30,
        allowed={"postfix": (Allowed("late", 10, COOLS_DOWN),)},
    ),
    Case("throttled", endpoint.throttled, flush=True),
    Case("connection cut at each stage", endpoint.dropped, flush=True),
    Case(
        "reply to the message lost",
        endpoint.reply_lost,
        flush=True,
        allowed={mta: (Allowed("twice", 5, REPEATED),) for mta in ("postfix", "sendmail")},
    ),
    Case("impostors", endpoint.impostors, flush=True),
    Case("load balancer renamed, address moved", endpoint.moved, flush=True),
    Case("rebooted while mail waits", machine.rebooted, patience=60),
)
