# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay in Sendmail's terms: rows of its tables, the rules that rewrite senders and keep null senders here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import BOUNCE_DOMAIN, Relay, endpoint_named
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.queue_groups import (
    BURST_QUEUE,
    QUEUE,
    QUEUE_MAPS,
    QUEUE_RULES,
    queue_groups,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS
from ansible_collections.mailops.ses.plugins.module_utils._ses.headers import CONFIGURATION_SET

# Users of BOUNCE_DOMAIN, and an alias.
KEEP, FORWARD, BOUNCES = "ses-keep", "ses-forward", "ses-bounces"
ALIASES = "/etc/mail/ses_aliases"
# A rule: what an address looks like, and what becomes of it.
Rule = list[str]
Rules = list[Rule]
# A bounce that Sendmail makes itself is addressed while macro f still names the sender of the mail that failed, but
# only after that mail's delivery: so a delivery leaves this mark on its mail.
MARK = "ses_tried"
# The mailer that leads to SES. What SES needs hangs on it and on the endpoint's name, so that nothing else on the host
# inherits it; the flag is one that Sendmail knows nothing of, for the header that only this mailer's mail gets.
MAILER, FLAG = "ses_relay", "y"
# Not `authinfo`, whose index Debian's scripts delete where it has no source in clear.
CREDENTIALS = "ses_authinfo"
LATER = "ses_later"  # the ruleset that rules of the host's own below the role's in LOCAL_RULE_0 become
MAX_RECIPIENTS = 50  # of a transaction; SES: "Recipient count exceeds 50"
MAX_SIZE = 40 * 1024 * 1024  # bytes, with the encoding of attachments; SES's limit
CIPHER_BITS = 112
# Of a configuration Sendmail reads 25 mailers (MAXMAILERS); what the distribution and a host have takes about ten.
MOST_IDENTITIES = 12
MOST_NAMES = 256  # characters of all ways' names together, which are one host ($h) for Sendmail
# A mail's mark that the endpoint's name has an address. Without one Sendmail's own look-up bounces: "Host unknown".
KNOWN = "ses_known"
# Both ask as Sendmail does, /etc/hosts before DNS. The first is kept for a queue run's length, so that a dead name
# server costs a run one wait; it takes an alias for a host, and the second is asked anew for each mail.
NAME_MAPS = ["Kses_name host -m -T<TMPF>", "Kses_address program -m /usr/bin/getent ahosts"]
# The mail that had its turn last in this queue run, where there is a rate. A mail waits for a lock on a directory that
# no user can open, which each delivery in turn holds for the time of one mail.
PACED = "ses_paced"
PACE_MAP = f"Kses_pace program /usr/bin/flock {QUEUE} /bin/sleep"
SET = "ses_set"  # the macro that has a mail's configuration set, where there are identities
# What Sendmail says of a server's certificate -> what is said of it when that is not enough, in Sendmail's own words.
UNPROVEN = {
    "FAIL": "authentication failed",
    "NO": "not authenticated",
    "NOT": "no authentication requested",
    "NONE": "other side does not support STARTTLS",
    "CLEAR": "STARTTLS disabled locally",
    "SOFTWARE": "TLS handshake failed.",
    "PROTOCOL": "STARTTLS failed.",
}
# The distribution's daemons, on loopback.
DAEMONS = [
    "Family=inet, Name=MTA-v4, Port=smtp, Addr=127.0.0.1",
    "Family=inet, Name=MSP-v4, Port=submission, M=Ea, Addr=127.0.0.1",
]
# Sendmail has no clock on a connection, only a count: a mail over a long way (100 ms) takes half a second.
MESSAGES_A_SECOND = 2


@dataclass(frozen=True)
class InSendmail:
    """What only Sendmail needs to know."""

    credential_keys: list[str]
    mailer: str  # its line, to which the port has to be added
    access: dict[str, str]
    aliases: dict[str, str]
    defines: dict[str, Any]
    features: dict[str, list[str]]
    macros: dict[str, list[Any]]
    queues: list[str]
    recipient_rules: list[Any]  # and rulesets after them
    sender_rules: Rules
    rulesets: list[Any]
    options: list[str]
    identity_mailers: list[str] = field(default_factory=list)  # as mailer, one for each identity


@dataclass(frozen=True)
class Way:
    """A mailer that leads to SES, by what its mail has for its host ($h), from which rules know it."""

    mailer: str
    host: str
    servers: list[str]
    configuration_set: str = ""


def in_sendmail(
    relay: Relay, keep_daemons: bool = False, own_daemons: Sequence[str] = (), reads_access: bool = True
) -> InSendmail:
    """The relay's rows and rules; daemons are the host's where it keeps them, else those on loopback alone: its own,
    and the distribution's. A host without the table access needs no rows in it."""
    queue_macros = {"QUEUE_GROUP": queue_groups(relay.connections)}
    return InSendmail(
        credential_keys=keys(relay.credential_names),
        mailer=mailer(relay),
        access=access(relay) if reads_access else {},
        aliases=bounce_aliases(relay),
        # Daemons that lines above the block have named are forgotten.
        defines={} if keep_daemons else {"_DPO_": "", "confDAEMON_OPTIONS": None},
        features={} if keep_daemons else {"no_default_msa": []},  # it would listen on every address
        macros={**macros(relay), **queue_macros, **({} if keep_daemons else {"DAEMON_OPTIONS": daemons(own_daemons)})},
        queues=[BURST_QUEUE],
        recipient_rules=[*recipient_rules(relay), *rulesets(relay), f"S{LATER}"],
        sender_rules=sender_rules(relay),
        rulesets=["Squeuegroup", *QUEUE_RULES],
        identity_mailers=[mailer(relay, way) for way in ways(relay)[1:]],
        options=[f"K{CREDENTIALS} hash -o /etc/mail/{CREDENTIALS}.db", *QUEUE_MAPS, *NAME_MAPS, *options(relay)],
    )


def keys(names: Sequence[str]) -> list[str]:
    """The keys of a log-in for a server of these names."""
    return [f"AuthInfo:{name}" for name in names]


def destination(relay: Relay) -> str:
    """The host of the mailer, which has a colon between the servers that are tried one after the other."""
    return ":".join(relay.servers)


def ways(relay: Relay) -> list[Way]:
    """The relay's own mail, then that of each identity. An identity's host is no server's name: its mailer has that."""
    names = [f"ses_identity{number}" for number in range(1, len(relay.identities) + 1)]
    return [
        Way(MAILER, destination(relay), relay.servers, relay.headers.get(CONFIGURATION_SET, "")),
        *(
            Way(name, name, [one.endpoint], one.headers.get(CONFIGURATION_SET, ""))
            for name, one in zip(names, relay.identities)
        ),
    ]


def identity_of(relay: Relay, address: str) -> Way | None:
    """The way of mail that this address sends, None where it has the relay's own."""
    found = {one.sender: way for one, way in zip(relay.identities, ways(relay)[1:])}
    return found.get(address.lower()) or found.get(address.lower().rpartition("@")[2])


def daemons(own: Sequence[str]) -> list[str]:
    """The host's own daemons, and those of the distribution's that listen elsewhere."""
    taken = {listening_at(text) for text in own}
    return [*(text for text in DAEMONS if listening_at(text) not in taken), *own]


def listening_at(options: str) -> tuple[str, str]:
    """Address and port of DAEMON_OPTIONS, with one spelling for those that have several."""
    given = dict(part.strip().partition("=")[::2] for part in options.split(","))
    address = next((given[name] for name in ("Address", "Addr", "A") if name in given), "")
    port = next((given[name] for name in ("Port", "P") if name in given), "smtp")
    names = {"localhost": "127.0.0.1", "25": "smtp", "587": "submission"}
    return names.get(address.lower(), address.strip("[]")), names.get(port, port)


def rulesets(relay: Relay) -> list[Any]:
    """Rules that stand before the distribution's, and before those of others, in rulesets of these names. They come
    with ruleset 0: a later section would be too late, and LOCAL_CONFIG is before the option OperatorChars."""
    found: list[Any] = ["Stry_tls", *try_rules(relay), "Stls_server", *server_rules(relay)]
    return [*found, "Sauthinfo", *credential_rules(relay), "Scheck_compat", *delivery_rules(relay)]


def mailer(relay: Relay, way: Way | None = None) -> str:
    """The definition of the relay's mailer, or of another WAY's: the distribution's `relay` with SES's limits, and no
    MX record for the endpoint."""
    messages = min(relay.max_messages, relay.max_seconds * MESSAGES_A_SECOND)
    # g: a bounce that Sendmail makes itself leaves with the sender that its alias's owner is, not with a null sender.
    name, server = (way.mailer, way.servers[0]) if way else (MAILER, "$h")
    return (
        f"M{name}, P=[IPC], F=mDFMuXa80g{FLAG}, S=EnvFromSMTP/HdrFromSMTP, R=MasqSMTP, E=\\r\\n, L=2040, "
        f"M={MAX_SIZE}, m={messages}, r={MAX_RECIPIENTS}, T=DNS/RFC822/SMTP, A=TCP {server}"
    )


def fallback_faults(variables: Mapping[str, Any]) -> list[str]:
    """What of the further ways Sendmail cannot do, each a sentence: a mailer has one port for all of its servers."""
    ways, port = variables.get("ses_fallback") or [], str(variables["ses_port"])
    found = []
    other = next((number for number, way in enumerate(ways) if str(way["ses_port"]) != port), None)
    if other is not None:
        found.append(
            f"ses_fallback[{other}].port {ways[other]['ses_port']!r} is another than ses_port {port!r}, and a mailer "
            "of Sendmail has one port for all ways; use the same one, or the role mailops.ses.postfix."
        )
    names = ":".join(dict.fromkeys(endpoint_named(way) for way in (variables, *ways))) if ways else ""
    if len(names) > MOST_NAMES:
        found.append(
            f"ses_fallback has endpoints whose names have {len(names)} characters with the first one's, and Sendmail "
            f"has room for {MOST_NAMES}; leave a way out, or use the role mailops.ses.postfix."
        )
    return found


def identity_faults(variables: Mapping[str, Any]) -> list[str]:
    """Why Sendmail has no room for the identities, a sentence: each has a mailer."""
    count = len(variables.get("ses_identities") or [])
    if count <= MOST_IDENTITIES:
        return []
    return [
        f"ses_identities has {count} entries, and Sendmail has room for {MOST_IDENTITIES}; use domains in place of "
        "addresses, or the role mailops.ses.postfix."
    ]


def sendmail_faults(port: str, host_names: Sequence[str], qualified_name: Callable[[], str]) -> list[str]:
    """Why Sendmail cannot be the relay of a host, each a sentence."""
    found = []
    if port in {str(number) for number, tls in PORTS.items() if tls == "wrapper"}:
        found.append(
            f"ses_port {port!r} speaks TLS from the first byte, which Sendmail cannot as a client; "
            "use 587 or 2587, or the role mailops.ses.postfix."
        )
    if not any("." in name for name in host_names) and "." not in qualified_name():
        found.append(
            f"This host is called {', '.join(host_names) or 'nothing'}, without a domain, and Sendmail would wait for "
            "one at each start; give it a name like web1.example.com, with hostnamectl or in a line of /etc/hosts."
        )
    return found


def for_sendmail(relay: Relay) -> Relay:
    """The relay without the ports that Sendmail cannot use."""
    return replace(relay, ports=[port for port in relay.ports if port not in relay.wrapper_ports])


def access(relay: Relay) -> dict[str, str]:
    """The rows for the table access, on AWS's page https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html"""
    return {f"Connect:{name}": "RELAY" for name in relay.credential_names}


def macros(relay: Relay) -> dict[str, list[str]]:
    """The domains that are local, and those that are masqueraded."""
    domains = {pattern[1:]: result[1:] for pattern, result in relay.sender_rewrites.items() if pattern != "*"}
    masquerade = {"MASQUERADE_AS": sorted(set(domains.values())), "MASQUERADE_DOMAIN": list(domains)}
    return {"LOCAL_DOMAIN": relay.local_names, **(masquerade if domains else {})}


def sender_rules(relay: Relay) -> Rules:
    """Ruleset 1: one address for every sender of envelope and headers; a null sender stays one. Where masquerading is
    asked for, the users that the distribution exempts from it (Red Hat: root) are not."""
    sender = relay.sender_rewrites.get("*")
    if not sender:
        users = [["$={E}", "$1"], ["$={E} < @ $=w . >", "$1"]]
        domains = relay.organisation_domains[:1]
        return [[user, f"$@ {name} < @ {domain} . >"] for domain in domains for user, name in users]
    kept = [["<@>", "$@ <@>"]]
    if relay.bounces_leave:
        # A bounce of what leaves in this name has to be known from other bounces.
        kept.append([_focused(relay.bounce_recipient, "$*"), f"$@ {_focused(relay.bounce_recipient)}"])
    return [*kept, ["$+", f"$@ {_focused(sender)}"]]


def recipient_rules(relay: Relay) -> Rules:
    """Ruleset 0, before Sendmail's own rules: what has a null sender and would go to SES stays, whatever led there.
    Local mail and partners are as without the role; the organisation's domain is never local, its mail leaves."""
    outside = relay.bounces_leave
    kept = "root" if outside else relay.bounce_recipient
    mailbox = f"$#local $: \\{kept}"  # the backslash keeps aliases out
    bounced = ["< > < $* >", f"< $+ > < {MARK} >"]
    rules = [["$*", f"$: < $&f > < $&{{{MARK}}} > $1"]]
    # It is sent from itself.
    way = identity_of(relay, relay.bounce_recipient) or ways(relay)[0]
    if outside:
        forwarded = f"$#{way.mailer} $@ {way.host} $: {_focused(relay.bounce_recipient)}"
        rules.append([f"< $* > < $* > {FORWARD} < @ {BOUNCE_DOMAIN} $* >", forwarded])
        rules.append([f"< $* > < $* > {KEEP} < @ {BOUNCE_DOMAIN} $* >", mailbox])
        # What comes for that very address is a bounce of a bounce.
        rules += [[f"{marks} {_focused(relay.bounce_recipient, '$*')}", mailbox] for marks in bounced]
    rules += [[f"{marks} $*", "$: < null > $2"] for marks in bounced]
    rules += identity_marks(relay)
    rules.append(["< $* > < $* > $*", f"$: {_has_set(relay, ways(relay)[0])}< > $3"])
    # The daemon queues it before its alias is looked up, and with it the header.
    stays = f"$#local $: {_has_set(relay, way)}{BOUNCES}" if outside else mailbox
    for domain in relay.organisation_domains:
        # The dot marks names that Sendmail takes for its own: others take their way without these rules.
        rules.append([f"< null > $+ < @ {domain} . >", stays])
        rules.append([f"< > $+ < @ {domain} . >", f"$#{MAILER} $@ {destination(relay)} $: $1 < @ {domain} . >"])
        for way in ways(relay)[1:]:
            leaves = f"$#{way.mailer} $@ {way.host} $: $1 < @ {domain} . >"
            rules.append([f"< {way.host} > $+ < @ {domain} . >", leaves])
    rules += [
        ["< null > $*", f"$: < null > $>{LATER} $1"],
        ["< null > $#$*", "$: < led > $#$1"],
        ["< null > $*", "$: < null > $>Parse1 $1"],
        [f"< $- > $#{MAILER} $*", stays],
        ["< $- > $#$*", "$#$2"],
        *identity_ways(relay),
        ["< $* > $*", f"$: $>{LATER} $2"],
    ]
    return rules


def identity_marks(relay: Relay) -> Rules:
    """In ruleset 0, mail of an identity's senders is marked with its way. Macro f still has the sender as it was given,
    a local user's without masquerading."""
    pairs = [*zip(relay.identities, ways(relay)[1:])]
    rules = []
    for one, way in sorted(pairs, key=lambda pair: pair[0].whole_domain):  # an address takes precedence
        local, _at, domain = one.sender.rpartition("@")
        senders = [f"{local or '$+'} @ {domain}"]
        if local and f"@{domain}" in relay.sender_rewrites.values():
            senders += [local, f"{local} @ $=w"]
        marked = f"$: {_has_set(relay, way)}< {way.host} >"
        rules += [[f"< {sender} > < $* > $*", f"{marked} ${_wildcards(sender) + 2}"] for sender in senders]
    return rules


def _has_set(relay: Relay, way: Way) -> str:
    """What a rule says first so that a mail has the configuration set of its way, or none, when it is queued."""
    value = f"$@ {way.configuration_set} $" if way.configuration_set else "$"
    return f"$(ses_macro {{{SET}}} {value}) " if relay.identities else ""


def _wildcards(pattern: str) -> int:
    """How many of the tokens of a rule's left side count as $1, $2 and so on."""
    return sum(token[:2] in ("$+", "$*", "$-", "$=") for token in pattern.split())


def identity_ways(relay: Relay) -> Rules:
    """In ruleset 0, what would go to SES takes the identity's way; the rest goes as without it. The address is kept
    beside what becomes of it, since a rule cannot take a mailer, a host and a user apart."""
    rules: Rules = []
    for way in ways(relay)[1:]:
        leaves = [f"< {way.host} > $+ $| $#{MAILER} $*", f"$#{way.mailer} $@ {way.host} $: $1"]
        stays = [f"< {way.host} > $+ $| $#$*", "$#$2"]
        rules += [
            [f"< {way.host} > $+", f"$: < {way.host} > $1 $| $>{LATER} $1"],
            leaves,
            stays,
            [f"< {way.host} > $+ $| $*", f"$: < {way.host} > $1 $| $>Parse1 $2"],
            leaves,
            stays,
        ]
    return rules


def try_rules(relay: Relay) -> Rules:
    """try_tls: the endpoint is asked for TLS, whatever a row says."""
    asked = [[f"< {way.host} > $*", "$@ OK"] for way in ways(relay)]
    return [["$*", "$: < $&h > $1"], *asked, ["< $* > $*", "$: $2"]]


def credential_rules(relay: Relay) -> Rules:
    """authinfo: the endpoint's mail has the credential of SES and no other, and no other mail comes to it. Without one
    it waits: Sendmail would go on without a log-in, and bounce what SES answers."""
    return [
        ["$*", "$: < $&h >"],
        [f"< {destination(relay)} >", f"$: ses < $({CREDENTIALS} AuthInfo:$&{{server_name}} $: ? $) >"],
        ["ses < ? >", f"$: ses < $({CREDENTIALS} AuthInfo:$&{{server_addr}} $: ? $) >"],
        # An identity's row has its own name: two may have one server.
        *([f"< {way.host} >", f"$: ses < $({CREDENTIALS} AuthInfo:{way.host} $: ? $) >"] for way in ways(relay)[1:]),
        ["ses < ? >", "$# temp"],
        ["ses < $* >", "$# $1"],
    ]


def delivery_rules(relay: Relay) -> Rules:
    """check_compat, which runs before each delivery: leave the mark, let no null sender through to SES, and have mail
    wait while the endpoint's name has no address."""
    rules = [["$*", f"$: $(ses_macro {{{MARK}}} $@ {MARK} $) $1"], ["$*", "$: < $&h > $1"]]
    for way in ways(relay):
        rules += _way_rules(relay, way)
    return [*rules, ["< $* > $*", "$: $2"]]


def _way_rules(relay: Relay, way: Way) -> Rules:
    """The part of check_compat for one way."""
    refusal = '$#error $@ 5.7.1 $: "550 a null sender cannot be relayed through SES"'
    name, servers = way.host, way.servers
    rules = [
        [f"< {name} > $| $*", refusal],
        [f"< {name} > < > $| $*", refusal],
        *pace_rules(relay, name),
    ]
    rules.append([f"< {name} > $*", f"$: < ses $&{{{KNOWN}}} > $1"])
    for server in servers:
        # Of several servers one with an address is enough.
        last = server == servers[-1]
        failure = f'$#error $@ 4.4.3 $: "450 Name server: {server}: host name lookup failure"'
        unknown = f'$#error $@ 4.4.3 $: "450 Host unknown: {server} has no address"'
        rules += [
            ["< ses > $*", f"$: < ses $(ses_name {server} $: ? $) > $1"],
            ["< ses $+ <TMPF> > $*", failure if last else "$: < ses > $2"],
            # A host may keep Sendmail's own maps from DNS (service.switch), and its deliveries resolve by the system.
            ["< ses ? > $*", f"$: < ses {server} > $1"],
            [f"< ses {server} > $*", f"$: < ses $(ses_address {server} $: ? $) > $1"],
            ["< ses ? > $*", unknown if last else "$: < ses > $1"],
        ]
    return rules + [[f"< ses {server} > $*", f"$: $(ses_macro {{{KNOWN}}} $@ {KNOWN} $) $1"] for server in servers]


def pace_rules(relay: Relay, name: str) -> Rules:
    """In check_compat, mail for the host NAME: at a mail's first recipient it waits for its turn."""
    if not relay.max_rate:
        return []
    turn = f"$(ses_macro {{{PACED}}} $@ $&i $) < paced {name} > $(ses_pace {1 / relay.max_rate:.4f} $: $) $2"
    # Beside the name, since what follows it may be an address in brackets.
    return [
        [f"< {name} > $*", f"$: < {name} $&{{{PACED}}} > $1"],
        [f"< {name} $&i > $*", f"$: < paced {name} > $1"],
        [f"< {name} $* > $*", f"$: {turn}"],
        [f"< paced {name} > $*", f"$: < {name} > $1"],
    ]


def server_rules(relay: Relay) -> Rules:
    """tls_server: a server to which the endpoint's mail leads has proven its name, or gets neither log-in nor mail.

    The recipient's host ($h) says so, not the name that Sendmail has connected to: that would be whatever DNS says,
    where somebody lets it expand the endpoint's name.
    """
    rules = [["$*", "$: < $&h > $1"]]
    for way in ways(relay):
        rules += _proof_rules(way)
    return [*rules, ["< $* > $*", "$: $2"]]


def _proof_rules(way: Way) -> Rules:
    """The part of tls_server for one way."""
    name, servers = way.host, way.servers
    demanded, shown = [["< ses > FALSE", f"$: <demanded> {servers[0]}"]], servers[0]
    if len(servers) > 1:
        # Sendmail calls a server as the list does.
        shown = '" $&{server_name} "'
        demanded = [["< ses > FALSE", "$: <server> $&{server_name}"]]
        demanded += [[f"<server> {server}", f"$: <demanded> {server}"] for server in servers]
        demanded += [["<server> $*", '$#error $@ 4.7.0 $: "403 " $1 " is no server of the relay"']]
    return [
        [f"< {name} > OK", f"$: < ses > $(ses_compare l $@ $&{{cipher_bits}} $@ {CIPHER_BITS} $)"],
        *demanded,
        ["< ses > $*", f'$#error $@ 4.7.0 $: "403 encryption too weak " $&{{cipher_bits}} " less than {CIPHER_BITS}"'],
        ["<demanded> $&{cn_subject}", "$@ OK"],
        ["<demanded> $={cert_altnames}", "$@ OK"],
        ["<demanded> $- . $+", "$: <demanded> *.$2"],
        ["<demanded> $={cert_altnames}", "$@ OK"],
        ["<demanded> $*", f'$#error $@ 4.7.0 $: "403 CN " $&{{cn_subject}} " does not match {shown}"'],
        *([f"< {name} > {said}", f'$#error $@ 4.7.0 $: "403 {words}"'] for said, words in UNPROVEN.items()),
        [f"< {name} > $*", '$#error $@ 4.7.0 $: "403 authentication failure " $1'],
    ]


def options(relay: Relay) -> list[str]:
    """Lines of sendmail.cf: SES's headers on what leaves, a map for a rate, and a further file of aliases."""
    headers = [f"H?{FLAG}?{name}: {value}" for name, value in relay.headers.items()]
    if relay.identities:
        # Sendmail expands it when it queues the mail, and leaves it out where nothing is left of it.
        others = [line for line in headers if f"?{CONFIGURATION_SET}:" not in line]
        headers = [f"H?{FLAG}?{CONFIGURATION_SET}: ${{{SET}}}", *others]
    pace = [PACE_MAP] if relay.max_rate else []
    # Not by ALIAS_FILE, which the distribution's make does not understand with more than one file.
    aliases = [f"O AliasFile=text:-k0 -v1 {ALIASES}"] if relay.bounces_leave else []
    return headers + pace + aliases


def bounce_aliases(relay: Relay) -> dict[str, str]:
    """An address outside gets mail from itself, since SES verifies senders: the alias's owner is the sender."""
    if not relay.bounces_leave:
        return {}
    copies = f"{KEEP}@{BOUNCE_DOMAIN},{FORWARD}@{BOUNCE_DOMAIN}"
    return {BOUNCES: copies, f"owner-{BOUNCES}": relay.bounce_recipient}


def _focused(address: str, rest: str = ".") -> str:
    """An address as rulesets see it."""
    local, _at, domain = address.rpartition("@")
    return f"{local} < @ {domain} {rest} >"
