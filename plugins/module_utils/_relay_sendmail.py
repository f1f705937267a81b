# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay in Sendmail's terms: rows of its tables, the rules that rewrite senders and keep null senders here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._endpoint import PORTS
from ansible_collections.mailops.ses.plugins.module_utils._relay import BOUNCE_DOMAIN, Relay
from ansible_collections.mailops.ses.plugins.module_utils._relay_sendmail_queues import (
    BURST_QUEUE,
    QUEUE_MAPS,
    QUEUE_RULES,
    queue_groups,
)

# Users of BOUNCE_DOMAIN, and an alias.
KEEP, FORWARD, BOUNCES = "ses-keep", "ses-forward", "ses-bounces"
ALIASES = "/etc/mail/ses_aliases"
# A rule: what an address looks like, and what becomes of it.
Rule = list[str]
Rules = list[Rule]
# A bounce that Sendmail makes itself is addressed while macro f still names the sender of the mail that failed, but
# only after that mail's delivery: so a delivery leaves this mark on its mail.
MARK = "ses_tried"
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
    max_messages: int
    access: dict[str, str]
    aliases: dict[str, str]
    macros: dict[str, list[Any]]
    queues: list[str]
    recipient_rules: Rules
    sender_rules: Rules
    rulesets: list[Any]
    options: list[str]


def in_sendmail(relay: Relay) -> InSendmail:
    """The relay's rows and rules."""
    return InSendmail(
        credential_keys=[f"AuthInfo:{name}" for name in relay.credential_names],
        max_messages=min(relay.max_messages, relay.max_seconds * MESSAGES_A_SECOND),
        access=access(relay),
        aliases=bounce_aliases(relay),
        macros={**macros(relay), "QUEUE_GROUP": queue_groups(relay.max_connections), "DAEMON_OPTIONS": DAEMONS},
        queues=[BURST_QUEUE],
        recipient_rules=recipient_rules(relay),
        sender_rules=sender_rules(relay),
        rulesets=[
            *("Scheck_compat", *delivery_rules()),
            *("SLocal_tls_server", *server_rules(relay)),
            *("Squeuegroup", *QUEUE_RULES),
        ],
        options=[*QUEUE_MAPS, *options(relay)],
    )


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
    """What a server has to prove before it gets a credential, whatever its name, and the rows of AWS's page."""
    proof = f"TEMP+VERIFY:112+CN:{relay.endpoint}"
    demands = {f"TLS_Srv:{name}": proof for name in ("", *relay.credential_names)}
    tried = {f"Try_TLS:{name}": "YES" for name in relay.credential_names}  # whatever a row for a domain says
    return {**demands, **tried, **{f"Connect:{name}": "RELAY" for name in relay.credential_names}}


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
    """Ruleset 0, before Sendmail's own rules: null senders' mail stays here, the organisation's mail leaves."""
    outside = relay.bounces_leave
    kept = "root" if outside else relay.bounce_recipient
    mailbox = f"$#local $: \\{kept}"  # the backslash keeps aliases out
    bounced = ["< > < $* >", f"< $+ > < {MARK} >"]
    rules = [["$*", f"$: < $&f > < $&{{{MARK}}} > $1"]]
    if outside:
        forwarded = f"$#relay $@ {relay.endpoint} $: {_focused(relay.bounce_recipient)}"
        rules.append([f"< $* > < $* > {FORWARD} < @ {BOUNCE_DOMAIN} $* >", forwarded])
        rules.append([f"< $* > < $* > {KEEP} < @ {BOUNCE_DOMAIN} $* >", mailbox])
        # What comes for that very address is a bounce of a bounce.
        rules += [[f"{marks} {_focused(relay.bounce_recipient, '$*')}", mailbox] for marks in bounced]
    rules += [[f"{marks} $*", f"$#local $: {BOUNCES}" if outside else mailbox] for marks in bounced]
    rules.append(["< $* > < $* > $*", "$: $3"])
    for domain in relay.organisation_domains:
        rules.append([f"$+ < @ {domain} $* >", f"$#relay $@ {relay.endpoint} $: $1 < @ {domain} . >"])
    return rules


def delivery_rules() -> Rules:
    """check_compat, which runs before each delivery: leave the mark, and let no null sender through to SES."""
    refusal = '$#error $@ 5.7.1 $: "550 a null sender cannot be relayed through SES"'
    return [
        ["$*", f"$: $(macro {{{MARK}}} $@ {MARK} $) $1"],
        ["$*", "$: < $&{rcpt_mailer} > $1"],
        ["< relay > $| $*", refusal],
        ["< relay > < > $| $*", refusal],
    ]


def server_rules(relay: Relay) -> Rules:
    """Local_tls_server, which runs before the rows TLS_Srv of access: where they demand the endpoint's name, it counts.

    Sendmail itself would also take a certificate for the name under which it has connected: where somebody lets it
    expand the endpoint's name, that is whatever DNS says.
    """
    name = relay.endpoint
    return [
        ["$={TlsVerified}", '$: $>D <$&{server_name}> <?> <! "TLS_Srv"> <>'],
        ["<?> $*", '$: $>A <$&{server_addr}> <?> <! "TLS_Srv"> <>'],
        ["<?> $*", "$: <$(access TLS_Srv: $: ? $)>"],
        [f"<$* +CN:{name}> $*", f"$: <demanded> {name}"],
        ["<demanded> $&{cn_subject}", "$@ OK"],
        ["<demanded> $={cert_altnames}", "$@ OK"],
        ["<demanded> $- . $+", "$: <demanded> *.$2"],
        ["<demanded> $={cert_altnames}", "$@ OK"],
        ["<demanded> $*", f'$#error $@ 4.7.0 $: "403 CN " $&{{cn_subject}} " does not match {name}"'],
    ]


def options(relay: Relay) -> list[str]:
    """Lines of sendmail.cf: the configuration set's header on what leaves, and a further file of aliases."""
    header = [f"H?a?X-SES-CONFIGURATION-SET: {relay.configuration_set}"] if relay.configuration_set else []
    # Not by ALIAS_FILE, which the distribution's make does not understand with more than one file.
    aliases = [f"O AliasFile=text:-k0 -v1 {ALIASES}"] if relay.bounces_leave else []
    return header + aliases


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
