# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd units of the egress allowlist.

One switch, SERVICE: it loads the last known addresses at boot and takes the timer along; stopping it opens the ports.
Debian's nftables.service begins with `flush ruleset` when it starts and when it reloads: AGAIN loads the
addresses after a start, and SERVICE is reloaded after a reload.
"""

from __future__ import annotations

SERVICE = "ses-egress.service"
AGAIN = "ses-egress-again.service"
REFRESH = "ses-egress-refresh.service"
TIMER = "ses-egress-refresh.timer"
UNIT_DIRECTORY = "/etc/systemd/system"
PYTHON = "/usr/bin/python3"
PROGRAM = "/usr/local/lib/ses-egress.py"
FIRST_REFRESH = 30  # seconds after the timer has started, at most

# Each of them may be a file system of its own, and load runs before all of them are mounted.
_MOUNTS = "RequiresMountsFor=/usr/local/lib /var/lib/ses-egress\n"
_HEAD = "# Written by the Ansible module mailops.ses.egress_allowlist.\n"
# Nothing but DNS questions, the state directory and nftables.
_SANDBOX = """\
CapabilityBoundingSet=CAP_NET_ADMIN
AmbientCapabilities=
NoNewPrivileges=yes
StateDirectory=ses-egress
StateDirectoryMode=0755
UMask=0022
ProtectSystem=strict
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
_SERVICE = f"""{_HEAD}
[Unit]
Description=Open outbound mail ports to the SES endpoint's last known addresses alone
{_MOUNTS}DefaultDependencies=no
Wants=network-pre.target {TIMER}
Before=network-pre.target shutdown.target
After=nftables.service
ReloadPropagatedFrom=nftables.service
Conflicts=shutdown.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={PYTHON} -I {PROGRAM} load
ExecReload={PYTHON} -I {PROGRAM} load
ExecStop={PYTHON} -I {PROGRAM} unload
TimeoutSec=30
{_SANDBOX}
[Install]
WantedBy=sysinit.target
"""
_AGAIN = f"""{_HEAD}
[Unit]
Description=Load the SES endpoint's last known addresses again after nftables.service
{_MOUNTS}DefaultDependencies=no
Requisite={SERVICE}
PartOf=nftables.service
After=nftables.service {SERVICE}
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={PYTHON} -I {PROGRAM} load
TimeoutStartSec=30
{_SANDBOX}
[Install]
WantedBy=nftables.service
"""
_REFRESH = f"""{_HEAD}
[Unit]
Description=Look up the SES endpoint's addresses for the outbound mail ports
{_MOUNTS}PartOf={SERVICE}
After={SERVICE} nss-lookup.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={PYTHON} -I {PROGRAM} refresh
TimeoutStartSec=120
{_SANDBOX}"""


def _timer(refresh_seconds: int) -> str:
    # OnUnitActiveSec alone never starts: it counts from a first time.
    return f"""{_HEAD}
[Unit]
Description=Look up the SES endpoint's addresses regularly
PartOf={SERVICE}
StartLimitIntervalSec=0

[Timer]
OnActiveSec={min(FIRST_REFRESH, refresh_seconds)}
OnUnitActiveSec={int(refresh_seconds)}
AccuracySec=1s
"""


UNITS = (SERVICE, AGAIN, REFRESH, TIMER)


def units(refresh_seconds: int) -> dict[str, str]:
    """The text of each unit, by its name; the timer looks DNS up every so many seconds."""
    return {SERVICE: _SERVICE, AGAIN: _AGAIN, REFRESH: _REFRESH, TIMER: _timer(refresh_seconds)}
