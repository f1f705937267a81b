# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay in Postfix's terms: under which keys it looks credentials up, and the tables that rewrite."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._postfix import identities
from ansible_collections.mailops.ses.plugins.module_utils._postfix.look import (
    NO_WISHES,
    Wishes,
    foreign,
    parameters,
    return_service,
    senders_type,
    services_left,
    tables_left,
)
from ansible_collections.mailops.ses.plugins.module_utils._postfix.present import Present, references
from ansible_collections.mailops.ses.plugins.module_utils._postfix.returns import RETURN
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import BOUNCE_DOMAIN, Relay, headers
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS

# AWS's page on SMTP issues writes the load balancer's name with this port.
AWS_PAGE_PORT = 25
# The one user of BOUNCE_DOMAIN that is an alias: mail for it leaves through SES. The others' stays in their mailboxes.
FORWARD = "forward"


# Headers that each mail has exactly once, before which another can be put. A rule puts one (header_checks(5)).
ANCHORS = ("From", "Date", "Message-ID")


@dataclass(frozen=True)
class InPostfix:
    """What only Postfix needs to know."""

    credential_keys: list[str]
    bounce_aliases: str
    tables: list[dict[str, Any]]
    parameters: dict[str, Any]
    relay_options: dict[str, Any]
    services: list[dict[str, Any]] = field(default_factory=list)
    identity_options: list[dict[str, Any]] = field(default_factory=list)  # as relay_options, of each identity's client
    return_service: str = RETURN  # at which null senders' mail comes in once more


def in_postfix(relay: Relay, present: Present | None = None, wishes: Wishes = NO_WISHES) -> InPostfix:
    """The relay's keys and tables, and what of the host's own settings goes with them."""
    going = identities.left(present, relay)
    tables = [
        senders_table(relay),
        headers_table("ses_headers", relay.headers),
        *(
            headers_table(identities.headers_table(number), one.headers)
            for number, one in enumerate(relay.identities, start=1)
        ),
        bounces_table(relay),
        *fixed(return_service(present)),
        *tables_left(present),
        *identities.tables_left(going),
    ]
    return InPostfix(
        credential_keys(relay),
        bounce_aliases(relay),
        tables,
        {
            **parameters(present, relay, wishes),
            **{
                name: value
                for number in going
                for name, value in identities.limits(identities.service(number), None).items()
            },
        },
        relay_options("ses_headers" if relay.headers else None, present),
        [*services_left(present), *identities.services_left(going)],
        [
            relay_options(identities.headers_table(number) if one.headers else None, present)
            for number, one in enumerate(relay.identities, start=1)
        ],
        return_service(present),
    )


def postfix_faults(variables: Mapping[str, Any]) -> list[str]:
    """What Postfix cannot do of variables that have no fault of their own, each a sentence."""
    return [*_headers_too_many(variables), *_ports_that_differ(variables)]


def _headers_too_many(variables: Mapping[str, Any]) -> Iterator[str]:
    sets = {"ses_configuration_set": variables.get("ses_configuration_set")}
    for number, way in enumerate(variables.get("ses_identities") or ()):
        sets[f"ses_identities[{number}].configuration_set"] = way.get("configuration_set")
    for name, value in sets.items():
        count = len(headers(variables, value))
        if count > len(ANCHORS):
            yield (
                f"ses_headers and {name} are {count} headers together, and Postfix can add {len(ANCHORS)} to a mail; "
                "leave out what SES does not need (X-SES-SOURCE-ARN counts for From and Return-Path too), or use the "
                "role mailops.ses.sendmail."
            )
            return


def _ports_that_differ(variables: Mapping[str, Any]) -> Iterator[str]:
    """Postfix's client begins TLS in one way, for every server."""
    ports = [str(variables.get("ses_port")), *(str(way["ses_port"]) for way in variables.get("ses_fallback") or ())]
    wrapper = {str(number) for number, tls in PORTS.items() if tls == "wrapper"}
    other = next((n for n, port in enumerate(ports[1:]) if (port in wrapper) != (ports[0] in wrapper)), None)
    if other is not None:
        use = sorted(wrapper if ports[0] in wrapper else {str(number) for number in PORTS} - wrapper, key=int)
        yield (
            f"ses_fallback[{other}].port {ports[other + 1]!r} begins TLS in another way than ses_port {ports[0]!r}, "
            f"and Postfix's client has one for all; use {', '.join(use)}."
        )


# What keeps null senders and addresses that SES cannot take away from it, and mail that it cannot judge in the queue.
# regexp: asked with the whole address alone.
_NOT_ASCII = "/[^ -~]/"
_REFUSAL = "error:5.6.7 SES takes no address with characters outside ASCII, since it has no SMTPUTF8"


def fixed(comes_back: str) -> list[dict[str, Any]]:
    """The tables that no variable changes; null senders' mail goes to the service COMES_BACK."""
    address, _colon, port = comes_back.rpartition(":")
    null_sender = f"ses-bounce:[{address.strip('[]')}]:{port}"
    return [
        {"name": name, "parameter": None, "type": "regexp", "entries": entries, "state": "present"}
        for name, entries in {
            # "Authentication required" says nothing of the mail, which waits. The log shows both codes.
            "ses_replies": {"/^530(.*)/": "454 4.7.0 530$1"},
            "ses_transport": {f"/@{re.escape(BOUNCE_DOMAIN)}$/": "ses-mailbox:", _NOT_ASCII: _REFUSAL},
            "ses_sender_transport": {"/^<>$/": null_sender, _NOT_ASCII: _REFUSAL},
        }.items()
    ]


def relay_options(table: str | None, present: Present | None) -> dict[str, Any]:
    """Options of a service that sends to SES which depend on the TABLE of its headers and on what the host has."""
    checks = present.explicit.get("smtp_header_checks", "") if present else ""
    own = [item for item in references(checks) if foreign(item)]
    tables = [f"regexp:/etc/postfix/{table}", *own] if table else own
    overrides = {name: value for name, value in _OVERRIDES.items() if present and present.explicit.get(name)}
    return {**({"smtp_header_checks": tables} if tables or checks else {}), **overrides}


# Newer Postfix warns of these wherever they stand, so only what main.cf sets is overruled.
_OVERRIDES: dict[str, Any] = {
    "smtp_cname_overrides_servername": False,
    "smtp_tls_per_site": "",
    # Other anchors, and a certificate of the host's own, for which SES does not ask: one that cannot be read ends TLS.
    "smtp_tls_trust_anchor_file": "",
    "smtp_tls_cert_file": "",
    "smtp_tls_key_file": "",
    "smtp_tls_chain_files": "",
    # STARTTLS and AUTH have to be asked for, and heard.
    "smtp_discard_ehlo_keywords": "",
    "smtp_discard_ehlo_keyword_address_maps": "",
    "smtp_never_send_ehlo": False,
    "smtp_always_send_ehlo": True,
}


def credential_keys(relay: Relay) -> list[str]:
    """Keys in the order of postconf(5): the remote host's bare name, then the next hop as written."""
    return keys(relay.credential_names, relay.ports)


def keys(names: Sequence[str], ports: Sequence[int]) -> list[str]:
    """Those of an endpoint's names, of which its own is the first, at these ports."""
    endpoint, others = names[0], names[1:]
    found = [endpoint, *(f"[{endpoint}]:{port}" for port in ports)]
    for name in others:
        found += [name, *(f"{name}:{port}" for port in _with_the_pages_port(ports))]
    return list(dict.fromkeys(found))


def _with_the_pages_port(ports: Sequence[int]) -> list[int]:
    return list(dict.fromkeys((AWS_PAGE_PORT, *ports)))


def senders_table(relay: Relay) -> dict[str, Any]:
    """Envelope and header senders, rewritten as they enter the queue; a null sender stays one."""
    # Postfix looks a null sender up as well, as two quotes.
    rules = {"/.@./" if pattern == "*" else pattern: result for pattern, result in relay.sender_rewrites.items()}
    if rules and relay.bounces_leave:
        # The first match counts. A bounce of what leaves in this name has to be known from other bounces.
        kept = _exactly(relay.bounce_recipient) if relay.one_sender else relay.bounce_recipient
        rules = {kept: relay.bounce_recipient, **rules}
    return {
        "name": "ses_senders",
        "generations": True,
        "parameter": None,
        "type": senders_type(relay),
        "entries": rules,
        "state": "present" if rules else "absent",
    }


def headers_table(table: str, headers_: Mapping[str, str]) -> dict[str, Any]:
    """SES's headers, each once, before a header that every mail has once; the mail's own ones of these names go."""
    added = [f"PREPEND {name}: {value}" for name, value in headers_.items()]
    rules = {f"/^{name}:/": "IGNORE" for name in headers_}
    rules.update({f"/^{anchor}:/": line for anchor, line in zip(ANCHORS, added)})
    return {
        "name": table,
        "generations": True,
        "parameter": None,
        "type": "regexp",
        "entries": rules,
        "state": "present" if rules else "absent",
    }


def bounces_table(relay: Relay) -> dict[str, Any]:
    """New recipients of mail that has a null sender: a local user's mailbox, and an address outside where one is given.

    What comes for that very address is a bounce of a bounce: it stays with root, so that nothing loops.
    """
    outside = relay.bounces_leave
    kept = f"{'root' if outside else relay.bounce_recipient}@{BOUNCE_DOMAIN}"
    rules = {_exactly(relay.bounce_recipient): kept} if outside else {}
    everyone = f"{kept}, {FORWARD}@{BOUNCE_DOMAIN}" if outside else kept
    rules[f"!/@{re.escape(BOUNCE_DOMAIN)}$/"] = everyone
    return {"name": "ses_bounces", "parameter": None, "type": "regexp", "entries": rules, "state": "present"}


def bounce_aliases(relay: Relay) -> str:
    """An address outside gets mail from itself, since SES verifies senders: local(8) makes the owner the sender."""
    address = relay.bounce_recipient
    return f"inline:{{ {{{FORWARD} = {address}}} {{owner-{FORWARD} = {address}}} }}" if relay.bounces_leave else ""


def _exactly(address: str) -> str:
    return f"/^{re.escape(address)}$/"
