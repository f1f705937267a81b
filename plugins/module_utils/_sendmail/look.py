# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's present Sendmail set-up has, and what becomes of each thing: kept, changed and named, or refused."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._relay.finding import Finding, changed, kept, refused
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import endpoint_named, organisation_domains
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import conf as sendmail_conf
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import mc as sendmail_mc
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.m4 import calls
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.relay import DAEMONS
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError

DIRECTORY = "/etc/mail"
SETTINGS_FILES = ("/etc/mail/sendmail.conf", "/etc/sysconfig/sendmail")
START_PARAMETERS = ("DAEMON_PARMS", "QUEUE_PARMS", "MISC_PARMS", "SENDMAIL_OPTS")  # of the daemons, in those
# Rows of these tables go on as before; the others say whom the host serves.
KEPT_TABLES = ("mailertable", "virtusertable", "genericstable", "domaintable", "authinfo")
TABLES = ("access", *KEPT_TABLES, "relay-domains", "local-host-names")
QUEUE = "/var/spool/mqueue"
PORTS = (25, 587)  # of the distribution's daemons
# As /proc/net/tcp and tcp6 write every address and 127.0.0.1; one of tcp6 has IPv4's, too.
TAKING = ("00000000", "0100007F", "0" * 32, "0000000000000000FFFF00000100007F")
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
# Calls of m4 that stand in sendmail.mc -> what becomes of them.
KEPT_CALLS = {
    "INPUT_MAIL_FILTER": "filters mail as before",
    "MAIL_FILTER": "filters mail as before",
    "LOCAL_RULE_0": "stays in force",
    "LOCAL_RULE_1": "stays in force",
    "LOCAL_RULE_2": "stays in force",
    "LOCAL_RULE_3": "stays in force",
    "LOCAL_RULESETS": "stays in force",
    "LOCAL_NET_CONFIG": "stays in force",
    "VIRTUSER_DOMAIN": "stays in force",
    "GENERICS_DOMAIN": "stays in force",
}
KEPT_DEFINES = {
    "MAIL_HUB": "gets local mail as before",
    "LUSER_RELAY": "gets mail for unknown users as before",
    "LOCAL_RELAY": "gets mail without a domain as before",
}
# What a line of sendmail.mc sets -> what the role sets in its place, for all mail of the host.
CHANGED_DEFINES = {
    "SMART_HOST": "makes room for the SES endpoint",
    "confDELIVERY_MODE": "becomes queue: mail is queued first, and queue runs send it",
    "confCACERT": "makes room for ses_tls_ca_file or the distribution's trust anchors",
    "confMAX_QUEUE_CHILDREN": "becomes ses_max_connections",
    "confMIN_QUEUE_AGE": "becomes 5 seconds",
    "confMAX_QUEUE_AGE": "becomes 20 minutes",
    "confQUEUE_LA": "becomes 1000: a busy host sends all the same",
    "confREFUSE_LA": "becomes 1000: a busy host takes mail all the same",
}
# The role's own value of some of them: with it, nothing changes.
ROLES_DEFINES = {
    "confDELIVERY_MODE": "queue",
    "confMIN_QUEUE_AGE": "5s",
    "confMAX_QUEUE_AGE": "20m",
    "confQUEUE_LA": "1000",
    "confREFUSE_LA": "1000",
}
RELAYING = {"relay_entire_domain", "promiscuous_relay", "relay_based_on_MX", "relay_mail_from", "relay_local_from"}
# Sections whose rules choose a mailer, and a rule of theirs that does so for each domain: "R$* < @ $* . > $*  $#..."
RESOLVING = {"LOCAL_RULE_0", "LOCAL_NET_CONFIG"}
CATCH_ALL = re.compile(r"R(?:\$[*+-]\s*(?:<\s*@\s*\$[*+]\s*\.?\s*>\s*)?(?:\$\*\s*)?)\t.*\$#\s*(?!error\b)")
SYSTEM_ANCHORS = ("/etc/ssl/certs", "/etc/pki/")
_DAEMON = r"^O DaemonPortOptions=(.*)$"  # of sendmail.cf
_RAW_DAEMON = r"^`?O\s*DaemonPortOptions=([^'\n]*)"  # of sendmail.mc, as it goes into sendmail.cf
SYS_PTRACE = 19  # capability(7)
# (arguments) -> (return code, standard output, standard error)
_Runner = Callable[[list[str]], "tuple[int, str, str]"]


@dataclass(frozen=True)
class Present:
    """The texts of a host's files, empty where there is none, and what its tools say of them."""

    mc: str = ""
    cf: str = ""
    submit_mc: str = ""
    submit_cf: str = ""
    settings: str = ""
    tables: dict[str, str] = field(default_factory=dict)
    compiled: str = ""  # what m4 makes of sendmail.mc,
    own: str = ""  # and of what stands in it without the role's block
    complaint: str = ""  # or why it makes nothing
    exceptions: dict[str, str] = field(default_factory=dict)  # files of domains that are not masqueraded
    cf_older: bool = False  # than sendmail.mc
    unit_state: str = ""  # as `systemctl is-enabled` says it
    listeners: dict[int, str] = field(default_factory=dict)  # a port of a daemon's -> who has it, where it is no MTA
    lacks_ptrace: bool = False

    @property
    def ours(self) -> bool:
        """Whether an earlier run of the role has left its block in sendmail.mc."""
        return bool(self.rest != self.mc)

    @property
    def rest(self) -> str:
        """sendmail.mc without the role's block."""
        return sendmail_mc.without_block(self.mc, "dnl #")


@dataclass(frozen=True)
class Wanted:
    """What of the variables matters to the look."""

    endpoint: str
    host_names: Sequence[str]
    organisation_domains: Sequence[str]
    masquerades: bool  # ses_masquerade_domain or ses_sender is set
    loopback_only: bool | None = None
    ca_file: str = ""


def wanted(variables: Mapping[str, Any], host_names: Sequence[str]) -> Wanted:
    """The variables as the look needs them, also where one of them has a fault."""
    endpoint = endpoint_named(variables) if variables.get("ses_endpoint") or variables.get("ses_region") else ""
    organisation = sorted(organisation_domains(variables))
    loopback_only, ca_file = variables.get("ses_loopback_only"), variables.get("ses_tls_ca_file") or ""
    return Wanted(endpoint, host_names, organisation, bool(organisation), loopback_only, ca_file)


def present(run: _Runner, others: Sequence[str] = (), directory: str = DIRECTORY) -> Present:
    """Read the host. OTHERS are the MTAs that will be replaced, to which port 25 may belong."""

    def text(name: str) -> str:
        return text_of(os.path.join(directory, name)) or ""

    compiled = own = complaint = ""
    path, mc = os.path.join(directory, "sendmail.mc"), text("sendmail.mc")
    if mc and tools.installed():
        rest = sendmail_mc.without_block(mc, "dnl #")
        try:
            compiled = tools.compiled(mc, directory)
            own = compiled if rest == mc else tools.compiled(rest, directory)
        except SendmailError as error:
            complaint = _with_line(str(error), mc, directory)
    named = re.findall(r"^F\{N\}(?:-o\s+)?(/\S+)", own, re.MULTILINE)
    return Present(
        mc=mc,
        cf=text("sendmail.cf"),
        submit_mc=text("submit.mc"),
        submit_cf=text("submit.cf"),
        settings=next(filter(None, map(text_of, SETTINGS_FILES)), ""),
        tables={name: text(name) for name in TABLES},
        compiled=compiled,
        own=own,
        complaint=complaint,
        exceptions={path: text_of(path) or "" for path in named},
        cf_older=_changed_at(os.path.join(directory, "sendmail.cf")) < _changed_at(path),
        unit_state=run(["systemctl", "is-enabled", "sendmail"])[1].strip(),
        listeners={} if others else {port: name for port in PORTS if (name := listener(port))},
        lacks_ptrace=os.path.exists("/etc/debian_version") and not _bounded_by("/proc/1/status", SYS_PTRACE),
    )


def _with_line(complaint: str, mc: str, directory: str) -> str:
    """What m4 says of sendmail.mc, with a line where it names none, as for FEATURE() after MAILER(): the first that
    makes it say so."""
    if re.search(r"\bsendmail\.mc:[0-9]", complaint):
        return complaint
    text = ""
    for number, line in enumerate(mc.split("\n"), 1):
        text += f"{line}\n"
        try:
            tools.compiled(text, directory)
        except SendmailError as error:
            if complaint.startswith(str(error)):
                return f"{complaint}, in line {number}"
    return complaint


def look(host: Present, wanted: Wanted) -> list[Finding]:
    """Everything that is found, in the order in which somebody would look for it."""
    found = [finding for check in CHECKS for finding in check(host, wanted)]
    # What a line of sendmail.mc loses is said once: at the run that takes it.
    return [finding for finding in found if finding.verdict != "changed" or not host.ours]


def _named(text: str, macro: str) -> Iterator[tuple[int, list[str]]]:
    return ((number, arguments) for number, name, arguments in calls(text) if name == macro)


def _defined(text: str, name: str) -> Iterator[tuple[int, str]]:
    for number, arguments in _named(text, "define"):
        if arguments[0] == name:
            yield number, arguments[1] if len(arguments) > 1 else ""


def _rows(text: str) -> list[list[str]]:
    lines = (line.strip() for line in sendmail_mc.without_block(text, "#").split("\n"))
    return [line.split(None, 1) for line in lines if line and not line.startswith("#")]


def _sources(host: Present, _wanted: Wanted) -> Iterator[Finding]:
    """What m4 and Sendmail have to be able to build from."""
    if host.complaint:
        yield refused(f"{DIRECTORY}/sendmail.mc", f"is refused ({host.complaint})", "mend that line")
    if host.cf and not host.mc:
        yield refused(
            f"{DIRECTORY}/sendmail.cf",
            "is there without a sendmail.mc, and would be built anew from one",
            "put the sendmail.mc there from which it was made",
        )
    for number, arguments in _named(host.rest, "FEATURE"):
        if arguments[0] == "nullclient":
            yield refused(
                f"FEATURE(`nullclient') in line {number} of {DIRECTORY}/sendmail.mc",
                "leads all mail to its hub",
                "remove the line, and add MAILER(`local') and MAILER(`smtp')",
            )
    # MAILER(`local') is everybody's (proto.m4). Red Hat's file does not name it, and its m4 may be still to come.
    mailers = {arguments[0] for _number, arguments in _named(host.rest, "MAILER")}
    there = "smtp" in mailers or re.search(r"^Msmtp,", host.compiled, re.MULTILINE)
    if host.mc and not host.complaint and not there:
        yield refused(f"{DIRECTORY}/sendmail.mc", "has no MAILER(`smtp')", "add the line MAILER(`smtp')dnl")


def _edits(host: Present, _wanted: Wanted) -> Iterator[Finding]:
    """Lines of sendmail.cf that m4 does not make."""
    if not (host.cf and host.compiled):
        return
    if tools.version(host.cf) != tools.version(host.compiled) or host.cf_older:
        if sendmail_mc.significant(host.cf) != sendmail_mc.significant(host.compiled):
            yield changed(f"{DIRECTORY}/sendmail.cf", "is older than sendmail.mc, and is built anew")
        return
    made = set(sendmail_mc.significant(host.compiled))
    numbered = enumerate(host.cf.split("\n"), 1)
    lines = [(number, line) for number, line in numbered if line and line[0] != "#" and line not in made]
    if lines:
        number, line = lines[0]
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        # Not the line itself, beyond what it sets: one could hold a secret.
        yield refused(
            f"{DIRECTORY}/sendmail.cf",
            f"has a line that sendmail.mc does not make, and that would be lost: line {number}, {_head(line)!r}{more}",
            "write it into sendmail.mc (below LOCAL_CONFIG, say), or run `make -C /etc/mail` if it may go",
        )


def _head(line: str) -> str:
    macro = re.match(r"[DC](?:\{\w+\}|.)", line)
    return macro.group(0) if macro else re.split(r"=" if line[0] == "O" else r"[=\s]", line, maxsplit=1)[0]


def _submission(host: Present, _wanted: Wanted) -> Iterator[Finding]:
    """Where the submission program hands mail over."""
    for number, arguments in _named(host.submit_mc, "FEATURE"):
        if arguments[0] == "msp" and len(arguments) > 1 and not _is_loopback(arguments[1]):
            yield _hub(f"FEATURE(`msp') in line {number} of {DIRECTORY}/submit.mc", arguments[1])
            return
    match = re.search(r"^D\{MTAHost\}(.+)$", host.submit_cf, re.MULTILINE)
    if match and not _is_loopback(match.group(1)):
        yield _hub(f"D{{MTAHost}} in {DIRECTORY}/submit.cf", match.group(1))


def _hub(subject: str, hub: str) -> Finding:
    # A hub is somebody's decision; to take it away without a word would be one more.
    return refused(
        subject,
        f"hands all mail of this host's programs to {hub}, and none would ever go to SES",
        "let it name [127.0.0.1], and run `make -C /etc/mail`",
    )


def _is_loopback(name: str) -> bool:
    """Whether a hub is this host's daemon, which listens on 127.0.0.1."""
    return name.strip().strip("[]").removeprefix("IPv6:").lower() in {"", *LOOPBACK_NAMES}


def _lines(host: Present, wanted: Wanted) -> Iterator[Finding]:
    """Lines of sendmail.mc that others than the role have written."""
    where = f"of {DIRECTORY}/sendmail.mc"
    for number, macro, arguments in calls(host.rest):
        if macro in KEPT_CALLS:
            yield kept(f"{macro} in line {number} {where}", KEPT_CALLS[macro])
        elif macro == "define" and arguments[0] in KEPT_DEFINES:
            yield kept(f"{arguments[0]} in line {number} {where}", KEPT_DEFINES[arguments[0]])
        elif macro == "define" and arguments[1:] == [ROLES_DEFINES.get(arguments[0])]:
            continue
        elif macro == "define" and arguments[0] in CHANGED_DEFINES:
            was = f", {arguments[1]!r}," if len(arguments) > 1 else ""
            yield changed(f"{arguments[0]} in line {number} {where}{was}", CHANGED_DEFINES[arguments[0]])
        elif macro == "MASQUERADE_AS" and wanted.masquerades:
            subject = f"MASQUERADE_AS({arguments[0]}) in line {number} {where}"
            yield changed(subject, "makes room for ses_masquerade_domain or ses_sender")
        elif macro == "MASQUERADE_AS":
            yield kept(f"MASQUERADE_AS({arguments[0]}) in line {number} {where}", "masks senders as before")
        elif macro == "FEATURE" and arguments[0] == "queuegroup" and _groups_mail(host, arguments):
            yield refused(
                f"FEATURE(`queuegroup') in line {number} {where}",
                "puts mail into queue groups of this host's own, and the role's queues could not send it",
                "remove the line, and the rows `QGRP:` of access",
            )
        elif macro == "FEATURE" and arguments[0] == "queuegroup":
            yield changed(f"FEATURE(`queuegroup') in line {number} {where}", "makes room for the role's two queues")
    for macro, domain in _exceptions(host) if wanted.masquerades else ():
        if any(f".{name}".endswith(f".{domain.lower()}") for name in wanted.host_names):
            yield refused(
                f"{macro} {where}",
                f"keeps {domain}, which this host's own name is in, in senders' addresses, where SES would refuse it",
                "take it out",
            )
    hub = re.search(r"^DS(.+)$", host.own, re.MULTILINE)
    if hub and not list(_defined(host.rest, "SMART_HOST")):
        subject = f"SMART_HOST, {hub.group(1)!r}, of a file that {DIRECTORY}/sendmail.mc includes"
        yield changed(subject, CHANGED_DEFINES["SMART_HOST"])


def _exceptions(host: Present) -> Iterator[tuple[str, str]]:
    """The domains that are not masqueraded, with the macro that names them; a file of them has a name a line."""
    for words in re.findall(r"^C\{N\}(.+)$", host.own, re.MULTILINE):
        yield from ((f"MASQUERADE_EXCEPTION({domain})", domain) for domain in words.split())
    for path, text in host.exceptions.items():
        yield from ((f"MASQUERADE_EXCEPTION_FILE({path})", row[0]) for row in _rows(text))


def _groups_mail(host: Present, arguments: Sequence[str]) -> bool:
    """Whether FEATURE(`queuegroup') has something to choose: a default group, or rows of access."""
    return len(arguments) > 1 or any(row[0].lower().startswith("qgrp:") for row in _rows(host.tables.get("access", "")))


def _rules(host: Present, _wanted: Wanted) -> Iterator[Finding]:
    """Rules that answer every address with a mailer, so that the role's way to SES is never asked."""
    section = ""
    for number, line in enumerate(host.rest.split("\n"), 1):
        if line.startswith("R") and section in RESOLVING and CATCH_ALL.match(line):
            yield refused(
                f"{section} in line {number} of {DIRECTORY}/sendmail.mc",
                "has a rule that leads every domain's mail to a mailer, so that none would leave through SES",
                "remove the rule, or let it name the domains that it is for",
            )
        heading = re.match(r"[A-Z][A-Z_0-9]{2,}\b", line)
        section = heading.group(0) if heading else section


def _routes(host: Present, wanted: Wanted) -> Iterator[Finding]:
    """Tables that lead mail elsewhere or name domains."""
    for name in KEPT_TABLES:
        rows = _rows(host.tables.get(name, ""))
        if rows:
            yield kept(f"{DIRECTORY}/{name}", f"goes on with its {len(rows)} row{'s' * (len(rows) != 1)}")
    for row in _rows(host.tables.get("mailertable", "")):
        if row[0] == ".":
            yield refused(
                f"The row `.` of {DIRECTORY}/mailertable", "leads all mail elsewhere than to SES", "remove the row"
            )
    for name in ("authinfo", "access"):
        if any(row[0].lower() == f"authinfo:{wanted.endpoint}" for row in _rows(host.tables.get(name, ""))):
            yield changed(
                f"The row AuthInfo:{wanted.endpoint} of {DIRECTORY}/{name}",
                "is read no more: the role has a table of its own for SES's credential",
                "remove the row",
            )
    names = {row[0].lower() for row in _rows(host.tables.get("local-host-names", ""))}
    names |= set(re.findall(r"^Cw\s*(\S+)", host.cf, re.MULTILINE)) if not host.ours else set()
    for domain in wanted.organisation_domains:
        if domain in names:
            yield changed(
                f"{domain} in {DIRECTORY}/local-host-names",
                "is local no more: its mail leaves through SES, whose servers ask its MX records",
            )
        if any(row[0].lower().endswith(f"@{domain}") for row in _rows(host.tables.get("virtusertable", ""))):
            yield refused(
                f"{domain} in {DIRECTORY}/virtusertable",
                "has addresses on this host, and ses_masquerade_domain or ses_sender lets all mail for it leave",
                "remove its rows, or masquerade into another domain",
            )


def _trust(host: Present, wanted: Wanted) -> Iterator[Finding]:
    """Servers that are verified by trust anchors of the host's own, which make room for those of SES."""
    anchors = re.findall(r"^O CACert(?:File|Path)=(.+)$", host.own, re.MULTILINE)
    demands = [
        row[0]
        for row in _rows(host.tables.get("access", ""))
        if row[0].lower().startswith(("tls_srv:", "tls_rcpt:")) and row[1:] and row[1].upper().startswith("VERIFY")
    ]
    if demands and anchors and not wanted.ca_file and not any(path.startswith(SYSTEM_ANCHORS) for path in anchors):
        yield refused(
            f"The row {demands[0]} of {DIRECTORY}/access",
            f"verifies a server by {anchors[0]}, in whose place the distribution's trust anchors come",
            "set ses_tls_ca_file to a file that has those and SES's, or remove the row",
        )


def _daemons(host: Present, wanted: Wanted) -> Iterator[Finding]:
    """Who can hand mail over from elsewhere, and whether that is used."""
    conf = sendmail_conf.values(host.settings)
    stuck = _stuck_daemons(host, conf)
    daemons = re.findall(_DAEMON, host.compiled or host.cf, re.MULTILINE)
    open_ones = [f"The daemon {text}" for text in daemons if _listens_outside(text)]
    if wanted.loopback_only is False:
        for text in (*open_ones, *stuck):
            yield kept(text, "listens as before, since ses_loopback_only is false")
        return
    for text in stuck:
        yield refused(
            text,
            "has Sendmail listen on other addresses than the loopback ones, which the role cannot take away",
            "remove it, or set ses_loopback_only to false if other hosts are to hand their mail over here",
        )
    others = list(_served(host, wanted))
    for text in own_daemons(host):
        if text not in DAEMONS:
            yield kept(f"The daemon {text}", "listens as before")
    for text in dict.fromkeys(open_ones):
        if others and wanted.loopback_only is None:
            yield refused(
                text,
                f"takes mail from other hosts ({'; '.join(others[:3])}), and the role would have it listen on "
                "127.0.0.1 alone",
                "set ses_loopback_only to false to keep it as it is, or to true to close it",
            )
        else:
            yield changed(text, "listens on 127.0.0.1 alone from now on")


def own_daemons(host: Present) -> list[str]:
    """Daemons of the host's own that only it can reach: the role, which forgets all others, names them anew."""
    stay = set(re.findall(_RAW_DAEMON, host.rest, re.MULTILINE))
    named = [" ".join(text.split()) for text in re.findall(_DAEMON, host.own, re.MULTILINE) if text not in stay]
    return [text for text in dict.fromkeys(named) if not _listens_outside(text)]


def reads_access(host: Present) -> bool:
    """Whether Sendmail reads the table access; the distribution's sendmail.mc, which a bare host gets, has it do so."""
    return not host.own or f"{DIRECTORY}/access" in host.own


def _stuck_daemons(host: Present, conf: dict[str, str]) -> list[str]:
    """Daemons that the block in sendmail.mc does not reach."""
    found = []
    for number, line in enumerate(host.rest.split("\n"), 1):
        match = re.match(_RAW_DAEMON, line)
        if match and _listens_outside(match.group(1)):
            found.append(f"DaemonPortOptions in line {number} of {DIRECTORY}/sendmail.mc")
    for name in START_PARAMETERS:
        match = re.search(r"-(?:O\s*DaemonPortOptions|oO)[= ]*(\S+)", conf.get(name, ""))
        if match and _listens_outside(match.group(1)):
            found.append(f"{name} in {_settings_file()}")
    return found


def _settings_file() -> str:
    return next(filter(os.path.exists, SETTINGS_FILES), SETTINGS_FILES[0])


def _listens_outside(options: str) -> bool:
    match = re.search(r"\b(?:Addr|Address|A)=([^,\s]+)", options)
    if not match:
        return True
    name = match.group(1).strip("`'[]").removeprefix("IPv6:")
    try:
        return not ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower() != "localhost"


def _served(host: Present, wanted: Wanted) -> Iterator[str]:
    """What shows that this host takes mail for others, or from them."""
    for row in _rows(host.tables.get("access", "")):
        key = row[0].lower().removeprefix("connect:")
        relays = row[1:] and row[1].upper().startswith("RELAY")
        if relays and not key.startswith(("127", "localhost", "ipv6:::1", "ipv6:0:0")):
            yield f"access relays for {row[0]}"
    yield from (f"relay-domains has {row[0]}" for row in _rows(host.tables.get("relay-domains", "")))
    own = {name.lower() for name in wanted.host_names} | LOOPBACK_NAMES | {"localhost.localdomain"}
    for row in _rows(host.tables.get("local-host-names", "")):
        if row[0].lower() not in own and row[0].partition(".")[0].lower() not in own:
            yield f"local-host-names has {row[0]}"
    if _rows(host.tables.get("virtusertable", "")):
        yield "virtusertable has rows"
    for number, arguments in _named(host.rest, "FEATURE"):
        if arguments[0] in RELAYING:
            yield f"FEATURE(`{arguments[0]}') stands in line {number} of sendmail.mc"


def _running(host: Present, wanted: Wanted) -> Iterator[Finding]:
    """What would keep Sendmail from running, or from running its queue."""
    conf = sendmail_conf.values(host.settings)
    mode = conf.get("DAEMON_MODE", "daemon")
    if mode.lower() != "daemon":
        yield refused(
            f"DAEMON_MODE={mode!r} in {SETTINGS_FILES[0]}",
            "starts no daemon, which sends what is queued",
            'set it to "Daemon"',
        )
    queues = conf.get("QUEUE_MODE", "daemon")
    if queues.lower() not in {"daemon", "${daemon_mode}", "$daemon_mode"}:
        yield changed(
            f"QUEUE_MODE={queues!r} in {SETTINGS_FILES[0]}", "becomes Daemon: the daemon sends what is queued"
        )
    if host.unit_state in {"masked", "masked-runtime"}:
        yield refused("The unit sendmail", "is masked, so that nothing can start it", "run `systemctl unmask sendmail`")
    for port, program in host.listeners.items():
        # The role brings a daemon for 587, unless it leaves the host's as they are.
        if port == 25 or wanted.loopback_only is not False:
            yield refused(
                f"Port {port} of 127.0.0.1 is {program}'s, which",
                "keeps Sendmail from listening there",
                "stop it, or give it another port",
            )
    if host.lacks_ptrace:
        yield refused(
            "The container",
            "lacks the capability CAP_SYS_PTRACE, without which Debian's script for Sendmail neither stops nor "
            "reloads a daemon, and reports success",
            "start it with --cap-add SYS_PTRACE",
        )
    for name in START_PARAMETERS:
        if re.search(r"(?:^|\s)-C", conf.get(name, "")):
            yield refused(
                f"{name} in {_settings_file()}",
                f"has Sendmail read another file than {DIRECTORY}/sendmail.cf ({conf[name]!r})",
                f"remove that argument, and keep in {DIRECTORY}/sendmail.mc what the other file has",
            )
    if conf.get("HANDS_OFF", "No").lower() != "no":
        yield refused(
            f"HANDS_OFF={conf['HANDS_OFF']!r} in {SETTINGS_FILES[0]}",
            f"keeps Debian's scripts from building what `make -C {DIRECTORY}` needs, which then fails",
            'set it to "No"',
        )
    match = re.search(r"^O RunAsUser=(\S+)", host.compiled or host.cf, re.MULTILINE)
    if match and match.group(1).partition(":")[0] not in {"root", "0"}:
        yield refused(
            f"confRUN_AS_USER in {DIRECTORY}/sendmail.mc",
            f"is {match.group(1)}, who cannot read SES's credential, which is root's alone: each mail would come back",
            "remove the line; Sendmail delivers as the recipient all the same",
        )
    match = re.search(r"^O QueueDirectory=(.*)$", host.compiled or host.cf, re.MULTILINE)
    if match and match.group(1).rstrip("/") != QUEUE:
        yield refused(
            f"QUEUE_DIR in {DIRECTORY}/sendmail.mc",
            f"is {match.group(1)}, and the role's queues are in {QUEUE}: what waits would wait on",
            f"let the queue empty (sendmail -q), and set it to {QUEUE}",
        )


CHECKS: tuple[Callable[[Present, Wanted], Iterator[Finding]], ...] = (
    _sources,
    _edits,
    _submission,
    _lines,
    _rules,
    _routes,
    _trust,
    _daemons,
    _running,
)


def rewrites_senders(host: Present) -> bool:
    """Whether lines of the host's own give senders another domain than the host's name."""
    return bool(_rows(host.tables.get("genericstable", ""))) or bool(list(_named(host.rest, "MASQUERADE_AS")))


def _changed_at(path: str) -> float:
    return os.stat(path).st_mtime if os.path.exists(path) else 0.0


def _bounded_by(status: str, capability: int) -> bool:
    """Whether processes of this host may have a capability."""
    match = re.search(r"^CapBnd:\s*([0-9a-f]+)$", text_of(status) or "", re.MULTILINE)
    return not match or bool(int(match.group(1), 16) >> capability & 1)


def listener(port: int, proc: str = "/proc") -> str:
    """The program that has a port of every address or of 127.0.0.1, where it is no MTA; empty where none has."""
    inodes: set[str] = set()
    for family in ("tcp", "tcp6"):  # what IPv4's table has does not meet what listens by IPv6
        if inodes:
            break
        for line in (text_of(f"{proc}/net/{family}") or "").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[1] in {f"{address}:{port:04X}" for address in TAKING}:
                inodes.add(f"socket:[{fields[9]}]")
    for pid in filter(str.isdigit, os.listdir(proc)) if inodes else ():
        try:
            links = {os.readlink(entry.path) for entry in os.scandir(f"{proc}/{pid}/fd")}
        except OSError:  # it has ended
            continue
        if links & inodes:
            name = (text_of(f"{proc}/{pid}/comm") or "").strip()
            # Postfix's is called master, Exim's exim4.
            return "" if name.startswith(("sendmail", "master", "exim", "systemd")) else name
    return ""
