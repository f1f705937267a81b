# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd units of the metrics: a timer, and the look that it starts."""

from __future__ import annotations

import re

from ansible_collections.mailops.ses.plugins.module_utils._metrics.program import PATH
from ansible_collections.mailops.ses.plugins.module_utils._metrics.proofs import DIRECTORY

SERVICE = "ses-metrics.service"
TIMER = "ses-metrics.timer"
PYTHON = "/usr/bin/python3"
INTERVAL = 60  # seconds; Prometheus seldom asks more often

_HEAD = "# Written by Ansible (mailops.ses).\n"
# Root reads every queue, whoever owns its directory, and node_exporter's directory may be another user's. postqueue
# becomes Postfix's user where Postfix is down. Nothing else is left to it.
_SERVICE = f"""{_HEAD}
[Unit]
Description=Tell node_exporter of the mail queue
RequiresMountsFor=/usr/local/lib {DIRECTORY} {{directory}}

[Service]
Type=oneshot
ExecStart={PYTHON} -I {PATH} {{mta}} {{endpoint}} {{directory}}
TimeoutStartSec=120
Nice=10
# Three lines a minute in the journal would tell nobody anything.
LogLevelMax=notice
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SETUID CAP_SETGID
AmbientCapabilities=
NoNewPrivileges=yes
UMask=0022
ProtectSystem=strict
# What reads Postfix's queue has a temporary file.
PrivateTmp=yes
ReadWritePaths={{directory}}
ProtectHome=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectClock=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""
_TIMER = f"""{_HEAD}
[Unit]
Description=Tell node_exporter of the mail queue regularly

[Timer]
# OnUnitActiveSec alone never starts: it counts from a first time.
OnActiveSec={INTERVAL}
OnUnitActiveSec={INTERVAL}
AccuracySec=1s

[Install]
WantedBy=timers.target
"""
_WRITES = re.compile(r"^ReadWritePaths=(/.*)$", re.MULTILINE)


def units(mta: str, endpoint: str, directory: str) -> dict[str, str]:
    """The text of each unit, by its name."""
    return {SERVICE: _SERVICE.format(mta=mta, endpoint=endpoint, directory=directory), TIMER: _TIMER}


def directory_of(service: str) -> str | None:
    """The directory that the text of SERVICE names; None where it names none."""
    found = _WRITES.search(service)
    return found[1] if found else None
