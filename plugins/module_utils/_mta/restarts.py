# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd is told of each MTA's units, so that a daemon that was killed or crashed comes back by itself, and tries
at once what waits: also after a reboot, when the next attempt may be 20 minutes away."""

from __future__ import annotations

from ansible_collections.mailops.ses.plugins.module_utils._host.unit_files import DROP_IN

MSP_UNIT = "mailops-ses-msp.service"
# Debian's unit is made of this script, which starts two daemons.
DEBIAN_SCRIPT = "/etc/init.d/sendmail"

_HEAD = "# Written by Ansible (mailops.ses): a daemon that was killed or crashed comes back by itself.\n"
# 30 starts last two and a half minutes at least, and nobody restarts an MTA so often.
_LIMITS = """\
StartLimitIntervalSec=10min
StartLimitBurst=30
"""
_NETWORK = """\
# What waits is tried at the start, for which names have to resolve.
Wants=network-online.target
After=network-online.target
"""
# By the signal TERM both daemons of Sendmail end as if all were well, and so does one that loads its files anew.
_ALWAYS = """\
Restart=always
RestartSec=5s
"""
# Each mail has a process; one that the kernel ended for want of memory takes no other with it.
_MEMORY = "OOMPolicy=continue\n"
_NOW = "-Am -q -OMinQueueAge=0 -OMaxQueueAge=0"

# Asked by its control socket the daemon loads its files and lets queue runs end. A SIGHUP, which is left where there is
# none, cuts them off: what SES has just taken is sent again. systemd reads the other process id when the command ends.
_LOAD = """\
sub id { open(my $f, "<", $ARGV[1]) or return 0; my $id = <$f>; $id + 0 } \
my $old = id; alarm 60; \
my $s = IO::Socket::UNIX->new($ARGV[0]); \
if ($s) { print $s "restart", chr 10; $s->flush; <$s> } else { kill "HUP", $old } \
while () { my $new = id; exit 0 if $new and $new != $old; select undef, undef, undef, 0.1 }"""

# The same where Perl may be missing. The first of these interpreters is the one that belongs to the system.
_LOAD_WITHOUT_PERL = """\
read old <{pid_file}; \
for python in /usr/libexec/platform-python /usr/bin/python3; do \
$python -c "import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(60); s.connect(sys.argv[1]); \
s.send(sys.argv[2].encode() + bytes([10])); s.recv(9)" {control} restart 2>/dev/null && asked=yes && break; done; \
[ $asked ] || kill -HUP $old; \
for tenth in $(seq 600); do read new <{pid_file}; [ $new ] && [ $new != $old ] && exit 0; sleep 0.1; done; exit 1"""

_POSTFIX = f"""{_HEAD}
[Unit]
{_NETWORK}{_LIMITS}
[Service]
PIDFile={{queue}}/pid/master.pid
Restart=on-failure
# Who ended it by `postfix stop` wants it down.
RestartPreventExitStatus=SIGTERM
RestartSec=5s
{_MEMORY}\
# A client ends by itself once its master is gone. Ended in the middle of a mail it would send that again.
KillMode=process
ExecStartPost=-/usr/sbin/postqueue -f
"""
_DEBIAN_SENDMAIL = f"""{_HEAD}
[Unit]
{{msp}}{_NETWORK}{_LIMITS}
[Service]
PIDFile={{pid_file}}
RemainAfterExit=no
{_ALWAYS}{_MEMORY}\
ExecReload=
ExecReload=/usr/bin/perl -MIO::Socket::UNIX -e '{{load}}' {{control}} {{pid_file}}
ExecStartPost=-/usr/sbin/sendmail-mta {_NOW}
"""
# A unit has one main process. Where this daemon runs, Debian's script starts none.
_DEBIAN_MSP = f"""{_HEAD}
[Unit]
Description=Queue runner of Sendmail's submission program
PartOf=sendmail.service
Before=sendmail.service
{_LIMITS}
[Service]
Type=exec
User=smmsp
Group=smmsp
WorkingDirectory=-/run/sendmail/msp
ExecStartPre=+/usr/bin/install -d -m 2755 -o root -g smmta /run/sendmail
ExecStartPre=+/usr/bin/install -d -m 2775 -o smmsp -g smmsp /run/sendmail/msp
# 99.100 keeps it in the foreground, and its process id when it loads its files.
ExecStart=/bin/sh -c '. {{settings}}; exec /usr/sbin/sendmail-msp -Ac -L sm-msp -q$${{{{MSP_INTERVAL}}}} \
$$MSP_PARMS $$MISC_PARMS -d99.100'
Restart=on-failure
RestartSec=5s
"""
_RED_HAT_SENDMAIL = f"""{_HEAD}
[Unit]
{_NETWORK}{_LIMITS}
[Service]
{_ALWAYS}{_MEMORY}\
ExecReload=
ExecReload=/bin/sh -c '{{load}}'
ExecStartPost=-/usr/sbin/sendmail.sendmail {_NOW}
"""
_RED_HAT_MSP = f"""{_HEAD}
[Unit]
{_LIMITS}
[Service]
{_ALWAYS}"""


def postfix_files(unit: str, queue: str) -> dict[str, str | None]:
    """Texts of the files for the unit that runs Postfix with this queue directory, by their names."""
    return {_drop_in(unit): _POSTFIX.format(queue=_plain(queue))}


def sendmail_files(
    unit: str, *, pid_file: str, control: str, settings_file: str, msp: bool, debian: bool
) -> dict[str, str | None]:
    """Texts of the files for the unit that runs Sendmail, by their names; None where a file has to go. CONTROL is the
    daemon's control socket, MSP says whether a daemon flushes what was submitted, DEBIAN whether Debian's script starts
    both."""
    paths = {"pid_file": _plain(pid_file), "control": _plain(control)}
    if not debian:
        load = _LOAD_WITHOUT_PERL.format(**paths).replace("$", "$$")
        return {_drop_in(unit): _RED_HAT_SENDMAIL.format(load=load), _drop_in("sm-client"): _RED_HAT_MSP}
    wants = f"Wants={MSP_UNIT}\n" if msp else ""
    load = _LOAD.replace("$", "$$")
    return {
        MSP_UNIT: _DEBIAN_MSP.format(settings=_plain(settings_file)) if msp else None,
        _drop_in(unit): _DEBIAN_SENDMAIL.format(msp=wants, load=load, **paths),
    }


def _drop_in(unit: str) -> str:
    return f"{unit.removesuffix('.service')}.service.d/{DROP_IN}"


def _plain(path: str) -> str:
    """A path as a unit has it; systemd would complain of /var/run."""
    return path.replace("/var/run/", "/run/", 1).replace("%", "%%")
