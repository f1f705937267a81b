# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Postfix that a host has means for the relay: each thing kept, changed and named, or refused."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import Runner
from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._mta.text import MASK
from ansible_collections.mailops.ses.plugins.module_utils._postfix import first_release, main_cf
from ansible_collections.mailops.ses.plugins.module_utils._postfix.present import (
    PATTERNS,
    Present,
    RefusedError,
    map_type,
    read,
    references,
)
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import SUFFIXES, names_of
from ansible_collections.mailops.ses.plugins.module_utils._postfix.returns import RETURN, RETURN_BY_IPV6, returns
from ansible_collections.mailops.ses.plugins.module_utils._relay.finding import Finding, changed, kept, refused
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import BOUNCE_DOMAIN, Relay
from ansible_collections.mailops.ses.plugins.module_utils._relay.senders import unverified

# Services of master.cf that send to SES, one in each generation, and what default_transport says then.
SERVICES = names_of("ses-relay")
ROUTES = tuple(f"{service}:$relayhost" for service in SERVICES)
# Tables of the relay's own among those of a parameter, by their names.
OWN = re.compile(
    rf":/etc/postfix/ses_(?:headers|identities|sender_transport|senders|transport)(?:{'|'.join(SUFFIXES)})\Z"
)
# Domains that are not delivered by the default transport.
_OWN_DOMAINS = ("mydestination", "virtual_alias_domains", "virtual_mailbox_domains", "relay_domains")
_SENDER_REWRITES = ("canonical_maps", "masquerade_domains", "sender_canonical_maps", "smtp_generic_maps")
# An address that no row of a table means: whatever answers it answers everything.
NOBODY = "ses-lookup@nobody.ses-lookup.invalid"
_DOMAIN = NOBODY.partition("@")[2]
# A parameter within a value: $name, ${name}, $(name). The parameter's own value may name others.
_NAMED = re.compile(r"\$[{(]?(\w+)[)}]?")
_LEVELS = 5
_LOOPBACK = {"loopback-only", "localhost", "127.0.0.1", "::1", "[::1]"}
SES_MAXIMUM = 41943040  # bytes, of a mail (SES, quotas: 40 MB)
# Services of smtpd at which others log in or hand mail over, beside smtp itself.
_SUBMISSIONS = ("submission", "submissions", "smtps", "587", "465")
# Services beside those of the relay, without which it has no TLS and no open connections, and their lines.
_HELPERS = {"tlsmgr": "tlsmgr unix - - n 1000? 1 tlsmgr", "scache": "scache unix - - n - 1 scache"}
# Under which key the route of null senders is looked up: the relay's table has the default one.
_NULL_KEY = "empty_address_default_transport_maps_lookup_key"
_MISSING_HEADERS = "always_add_missing_headers"
# What the relay needs of the whole host: parameter -> value, and why.
HOST_WIDE = {
    # SES's advice is 5, 10, 30 seconds, then 20 minutes: from 5 seconds, doubling up to 20 minutes.
    "queue_run_delay": ("5s", "waiting mail is retried as SES advises"),
    "minimal_backoff_time": ("5s", "waiting mail is retried as SES advises"),
    "maximal_backoff_time": ("20m", "waiting mail is retried as SES advises"),
    "smtputf8_enable": ("no", "SES has none, and a header with other letters than ASCII would make a bounce"),
}
# The tables of canonical_maps by name: a copy would keep one that goes, and Postfix takes no mail while one is missing.
_FOLLOWING = "$canonical_maps"
# Tables without which Postfix delivers nothing.
_NEEDED = (
    "transport_maps",
    "virtual_alias_maps",
    "canonical_maps",
    "sender_canonical_maps",
    "recipient_canonical_maps",
)


@dataclass(frozen=True)
class Wishes:
    """What the variables say beside the relay, and what DNS has for its endpoints."""

    loopback_only: bool | None = None
    families: Mapping[str, Sequence[str]] = field(default_factory=dict)  # endpoint -> IPv4, IPv6; none: not known
    return_taken: bool = False  # somebody listens where null senders' mail is to come in once more


NO_WISHES = Wishes()


def broken(words: str) -> Finding:
    """A configuration that Postfix itself does not accept, in its words, which name the line."""
    return refused("Postfix", f"does not accept the configuration that this host has: {words}", "mend it first")


def units(names: Iterable[str], execute: Runner) -> Iterator[Finding]:
    """A refusal for each unit that is masked and so cannot be started."""
    for name in filter(None, names):
        if execute(["systemctl", "is-enabled", name])[1].strip().startswith("masked"):
            yield refused(f"The unit {name}", "is masked, so Postfix cannot be started", f"run systemctl unmask {name}")


Judge = Callable[[Present, Relay, Wishes], Iterator[Finding]]


def examine(execute: Runner, names: Iterable[str]) -> tuple[Present | None, list[Finding]]:
    """The host's Postfix, None where there is none, and what forbids to go on whatever the variables say."""
    findings = list(units(names, execute))
    try:
        return read(execute), findings
    except RefusedError as error:
        return None, [broken(str(error)), *findings]


def names(present: Present | None) -> list[str]:
    """What Postfix calls this host, whose senders are the host's own beside those of the system's names."""
    name = present.expanded.get("myhostname", "") if present else ""
    return [name] if re.fullmatch(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", name) else []


def look(present: Present | None, relay: Relay, wishes: Wishes) -> list[Finding]:
    """All findings, in the order of the table below; without a Postfix what the role's own will do."""
    if present is None:
        return list(unverified(relay.origin, relay))
    return [finding for judge in JUDGES for finding in judge(present, relay, wishes)]


def one_family(present: Present | None) -> str:
    """IPv4 or IPv6 where inet_protocols has Postfix speak that alone; empty elsewhere."""
    found = present.expanded.get("inet_protocols", "") if present else ""
    return {"ipv4": "IPv4", "ipv6": "IPv6"}.get(found.strip(), "")


def return_service(present: Present | None) -> str:
    """The service of master.cf at which null senders' mail comes in once more."""
    return RETURN_BY_IPV6 if one_family(present) == "IPv6" else RETURN


def return_address(present: Present | None) -> tuple[str, int]:
    """Its address and port."""
    address, _colon, port = return_service(present).rpartition(":")
    return address.strip("[]"), int(port)


def _return_way(present: Present, _relay: Relay, wishes: Wishes) -> Iterator[Finding]:
    name = return_service(present)
    there = (name, "inet") in present.services
    if not returns(present.services, name) if there else wishes.return_taken:
        yield refused(
            name,
            "is a server of the host's own, and the relay takes null senders' mail there",
            "move it to another port or address",
        )


def _protocols(present: Present, _relay: Relay, wishes: Wishes) -> Iterator[Finding]:
    family = one_family(present)
    for endpoint, has in wishes.families.items() if family else ():
        if has and family not in has:
            yield refused(
                "inet_protocols",
                f"is {family.lower()}, and {endpoint} has {has[0]} addresses alone in DNS",
                f"set it to all, or give ses_endpoint the name of a VPC endpoint that has {family} addresses",
            )


def _types(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    for name, value in present.explicit.items():
        for reference in references(value) if name.endswith(("_maps", "_domains", "_checks", "mydestination")) else ():
            kind = map_type(reference)
            if kind and present.map_types and kind not in present.map_types:
                yield refused(
                    name,
                    f"names {reference}, and this Postfix has no map type {kind}",
                    "install the distribution's package for this type, or take the table out",
                )


def _unreadable(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    for name in _NEEDED:
        for reference in _tables(present, name):
            kind, path = maps.KINDS.get(map_type(reference)), reference.rpartition(":")[2]
            if kind and path.startswith("/") and not os.path.isfile(path + kind.suffix):
                remedy = f"run postmap {path}" if kind.suffix else "put it there, or take the reference out"
                yield refused(name, f"names {reference}, and {path}{kind.suffix} is not there", remedy)


def _catch_all(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    for reference in _tables(present, "transport_maps"):
        keys = (NOBODY,) if map_type(reference) in PATTERNS else (NOBODY, _DOMAIN, "*")
        answer = next((value for value in (present.ask(reference, key) for key in keys) if value), "")
        if answer.strip(":"):
            yield refused(
                f"transport_maps ({reference})",
                f"leads the mail of every domain to {answer}, so that none would leave through SES",
                "take the row that matches every domain (such as `*`) out",
            )


def _default_rows(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    local = {item.lower() for name in _OWN_DOMAINS for item in re.split(r"[,\s]+", present.expanded.get(name, ""))}
    for reference in _tables(present, "transport_maps"):
        for key, value in (present.rows(reference) or {}).items():
            # A value without a next hop is the way of all mail, whatever that is.
            if (
                value.startswith(":")
                and value.strip(":")
                and key != "*"
                and key.rpartition("@")[2].lower() not in local
            ):
                yield refused(
                    f"transport_maps ({reference})",
                    f"has a row `{key} {value}` of the default transport, which becomes that of SES",
                    f"write `{key} smtp{value}` for the same way as before",
                )


def _sender_rows(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    """Rows for some senders stay; a table that answers for all of them is a relay host by another name."""
    for name in ("sender_dependent_default_transport_maps", "sender_dependent_relayhost_maps"):
        for reference in _tables(present, name):
            answer = present.ask(reference, NOBODY)
            if answer and answer.upper() != "DUNNO" and map_type(reference) != "static":
                yield refused(
                    f"{name} ({reference})",
                    f"leads the mail of every sender to {answer}, so that none would leave through SES",
                    "take the row that matches every sender out",
                )
            elif answer and answer.upper() != "DUNNO":
                yield changed(f"{name} ({reference})", f"led the mail of every sender to {answer}; it leads to SES now")
            elif name == "sender_dependent_relayhost_maps":
                # Its next hops count with the transport that default_transport names, which is that of SES.
                yield refused(
                    f"{name} ({reference})",
                    "gives some senders a relay host of the default transport, which becomes that of SES",
                    "write its rows as `sender smtp:[relay]:587` into sender_dependent_default_transport_maps",
                )
    for reference in _tables(present, "sender_dependent_default_transport_maps"):
        for key, value in (present.rows(reference) or {}).items():
            if value.upper() != "DUNNO" and not value.partition(":")[2]:
                yield refused(
                    f"sender_dependent_default_transport_maps ({reference})",
                    f"has a row `{key} {value}` without a next hop, which becomes that of SES",
                    f"write the next hop into it, such as `{key} {value.rstrip(':')}:[relay.example.com]:587`",
                )


def _way_out(present: Present, relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    host = present.explicit.get("relayhost", "")
    if host and f"[{relay.endpoint}]" not in host:
        yield changed("relayhost", f"was {host}; the mail that went there leaves through SES now")
    transport = present.explicit.get("default_transport", "")
    if transport and transport not in (*ROUTES, "smtp"):
        yield changed("default_transport", f"was {transport}; it leads to SES now")


def _borrowers(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    """Settings that name relayhost: their mail follows it to SES, by a client that does not log in there."""
    for name, value in present.explicit.items():
        found = re.search(r"\$[{(]?(relayhost|default_transport)\b", value)
        if found and value not in ROUTES and name != "default_transport" and not name.startswith("address_verify_"):
            shown = MASK if main_cf.holds_secret(name, value) else value
            yield refused(
                name, f"is {shown}, and {found.group(1)} becomes SES's", "write the server itself into it, as before"
            )


def _relayed(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    """Domains that this host takes mail for and hands on: their transport has no log-in for SES.

    No sender-dependent table leads their mail, so a null sender's would go to SES. Out of relay_domains it goes as all
    other mail does.
    """
    if not present.explicit.get("relay_domains") or not _follows_relayhost(present):
        return
    own = expanded_destinations(present)
    open_to_others = listens_beyond_loopback(present) or not present.expanded.get("relayhost")
    for item in _relay_domains(present):
        if item.lower() in (*own, BOUNCE_DOMAIN) or _has_way(item, present):
            continue
        rows = _domains_of(item, present)
        left = ", ".join(sorted(key for key in rows or {} if not _has_row(present, key)))
        if open_to_others or rows is None or _is_list(item):
            yield refused(
                f"relay_domains ({item})",
                f"has {left or 'domains that cannot be listed,'} without a way of their own, and SES takes no mail of "
                "other hosts' senders or of a null sender",
                "write each one's server into transport_maps, such as `domain relay:[server.example.com]`, or one for "
                "all into relay_transport",
            )
        else:
            yield changed("relay_domains", f"had {left}, whose mail leaves through SES now, as all other does")


def _relay_domains(present: Present) -> list[str]:
    return references(present.expanded.get("relay_domains", ""))


def _is_list(item: str) -> bool:
    return bool(map_type(item)) or item.startswith("/")


def _has_way(item: str, present: Present) -> bool:
    """Whether all domains of an item of relay_domains have rows in transport_maps."""
    rows = _domains_of(item, present)
    return rows is not None and all(_has_row(present, key) for key in rows)


def _domains_of(item: str, present: Present) -> Mapping[str, str] | None:
    """The domains of an item of relay_domains: a table's keys, a file's words, or itself; None where unread."""
    if map_type(item):
        return present.rows(item)
    if not item.startswith("/"):
        return {item: ""}
    text = text_of(item) if os.path.isfile(item) else None
    lines = (line.partition("#")[0] for line in (text or "").splitlines())
    return None if text is None else {word: "" for line in lines for word in references(line)}


def _follows_relayhost(present: Present) -> bool:
    """Whether relayhost is the way of relay_domains that have no row."""
    return bool(present.expanded.get("relay_domains")) and _without_next_hop(present)


def _without_next_hop(present: Present) -> bool:
    """Whether relay_transport names no server, so that relayhost counts."""
    name, _colon, next_hop = present.expanded.get("relay_transport", "relay").partition(":")
    service = present.services.get((name, "unix"))
    # A command, such as a list server's, asks for no server.
    return not next_hop and (service is None or service.command in ("smtp", "lmtp"))


def _has_row(present: Present, domain: str) -> bool:
    """Whether transport_maps know a domain: by a row of it or of a parent, or by a pattern with its name."""
    parents = domain.split(".")
    keys_of = [domain, *("." + ".".join(parents[at:]) for at in range(1, len(parents)))]
    for reference in _tables(present, "transport_maps"):
        if map_type(reference) in PATTERNS:
            keys = " ".join(present.rows(reference) or {}).replace("\\", "")
            if domain.lstrip(".") in keys:
                return True
        elif any(present.ask(reference, key) for key in keys_of):
            return True
    return False


def _helpers(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    for name, line in _HELPERS.items() if present.services else ():
        if (name, "unix") not in present.services:
            yield refused(
                "master.cf", f"has no service {name}, which connections to SES need", f"add the line `{line}`"
            )


def _fallback(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    fallback = present.explicit.get("smtp_fallback_relay", "")
    if fallback:
        yield changed(
            "smtp_fallback_relay", f"stays {fallback} for other mail; what leaves through SES does not take it"
        )


def _listeners(present: Present, relay: Relay, wishes: Wishes) -> Iterator[Finding]:
    open_, placed = listens_beyond_loopback(present), _placed_beyond_loopback(present)
    if wishes.loopback_only and placed:
        yield refused(
            "ses_loopback_only",
            f"is true, and {', '.join(placed)} of master.cf has an address of its own, which it does not close",
            "give it a loopback address, or set ses_loopback_only to false",
        )
        return
    if not open_ and not placed:
        return
    others = ", ".join(foreign_networks(present))
    doors = ", ".join(name for name in (_inet(present) if open_ else placed) if _is_door(name))
    if wishes.loopback_only:
        yield changed(
            "inet_interfaces",
            f"was {present.expanded['inet_interfaces']}; ses_loopback_only is true, so only this host hands mail over",
        )
    elif wishes.loopback_only is None and (others or doors or _takes_log_ins(present)):
        door = f"{doors} of master.cf takes mail" if doors else "smtpd_sasl_auth_enable lets them log in"
        what = f"mynetworks has {others}" if others else door
        yield refused(
            "ses_loopback_only",
            f"is not set, and other hosts send through this one ({what}, and inet_interfaces is "
            f"{present.expanded['inet_interfaces']}): they would send with these credentials",
            "set it to false if they shall, or to true to take mail from this host alone",
        )
    else:
        yield kept(
            "inet_interfaces",
            f"stays {present.expanded['inet_interfaces']}: other hosts hand over mail for this one's own domains",
        )


def _inet(present: Present) -> list[str]:
    """The names of the servers of SMTP in master.cf."""
    servers = present.services.items()
    return sorted(
        name for (name, kind), found in servers if kind == "inet" and found.command in ("smtpd", "postscreen")
    )


def _placed_beyond_loopback(present: Present) -> list[str]:
    """Those of them with an address of their own at which other hosts reach them."""
    addresses = {name: name.rpartition(":")[0] for name in _inet(present)}
    return [name for name, at in addresses.items() if at and at not in _LOOPBACK and not at.startswith("127.")]


def _takes_log_ins(present: Present) -> bool:
    return present.explicit.get("smtpd_sasl_auth_enable", "").lower() == "yes"


def _is_door(name: str) -> bool:
    """Whether a service of master.cf, by its name, is one for mail programs elsewhere."""
    address, _colon, port = name.rpartition(":")
    return port in _SUBMISSIONS and address not in _LOOPBACK and not address.startswith("127.")


def _domains(present: Present, relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    ours = set(relay.organisation_domains)
    items = references(present.explicit.get("mydestination", ""))
    for item in items:
        values = {value.lower() for value in expand(item, present)}
        if values & ours and not map_type(item) and not item.startswith("/"):
            yield changed("mydestination", f"had {', '.join(sorted(values & ours))}; its mail leaves through SES now")
        elif item.startswith("/") or map_type(item):
            named = ours & {key.lower() for key in (present.rows(item if ":" in item else f"file:{item}") or {})}
            if named:
                yield refused(
                    f"mydestination ({item})",
                    f"has {', '.join(sorted(named))}, whose mail is to leave through SES",
                    "take it out of this table",
                )
    if present.expanded.get("myorigin", "").lower() in ours & expanded_destinations(present):
        yield changed(
            "myorigin", f"was {present.expanded['myorigin']}; mail to a bare user name stays with {relay.origin}"
        )


def _senders(present: Present, relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    classes = present.explicit.get("sender_canonical_classes")
    if relay.sender_rewrites and classes and not {"envelope_sender", "header_sender"} <= set(references(classes)):
        yield changed("sender_canonical_classes", f"was {classes}; SES judges the senders of envelope and header")


def _host_wide(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    for name, (value, reason) in HOST_WIDE.items():
        was = present.explicit.get(name, value)
        if was != value:
            yield changed(name, f"was {was} and becomes {value}: {reason}")


def _null_key(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    if _NULL_KEY in present.explicit:
        yield changed(_NULL_KEY, f"was {present.explicit[_NULL_KEY]}; null senders stay here, by the default key")


def _unmapped(present: Present, relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    options = references(present.explicit.get("receive_override_options", ""))
    if relay.sender_rewrites and "no_address_mappings" in options and not present.explicit.get("content_filter"):
        yield refused(
            "receive_override_options",
            "has no_address_mappings, so that senders would leave as they are, and SES refuses them",
            "give it to the services that need it, by -o in master.cf",
        )


def _unverified(present: Present, relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    if not any(present.explicit.get(name) for name in _SENDER_REWRITES):
        yield from unverified(present.expanded.get("myorigin", ""), relay)


def _headers(present: Present, relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    if needs_all_headers(relay) and present.explicit.get(_MISSING_HEADERS, "yes") != "yes":
        yield changed(_MISSING_HEADERS, "was no; SES's headers need a Date and a Message-ID to stand before")


def needs_all_headers(relay: Relay) -> bool:
    """Whether mail of other hosts must get the headers that it lacks: SES's stand before more than From."""
    return any(len(headers) > 1 for headers in (relay.headers, *(one.headers for one in relay.identities)))


def _deferring(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    held = [name for name in references(present.explicit.get("defer_transports", "")) if name in (*SERVICES, "smtp")]
    if held:
        yield refused("defer_transports", f"has {', '.join(held)}, which keeps mail until a queue run", "take it out")


def _first_release_left(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    names_ = sorted(first_release.parameters(present.explicit))
    if names_:
        yield changed("main.cf", f"has {', '.join(names_)} of release 0.1.0, which every client took over; they go")


def _limits(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    size = present.explicit.get("message_size_limit", "")
    if size.isdigit() and int(size) != SES_MAXIMUM:
        yield kept("message_size_limit", f"stays {size} bytes (SES takes {SES_MAXIMUM})")


def _instances(present: Present, _relay: Relay, _wishes: Wishes) -> Iterator[Finding]:
    others = present.explicit.get("multi_instance_directories", "")
    if others:
        yield kept("multi_instance_directories", f"stays {others}: these instances go on as they are")


# What is looked at, from what ends a run to what only is to be known.
JUDGES: tuple[Judge, ...] = (
    _protocols,
    _return_way,
    _types,
    _unreadable,
    _catch_all,
    _default_rows,
    _sender_rows,
    _deferring,
    _listeners,
    _way_out,
    _borrowers,
    _relayed,
    _helpers,
    _fallback,
    _domains,
    _senders,
    _null_key,
    _headers,
    _host_wide,
    _unmapped,
    _unverified,
    _first_release_left,
    _limits,
    _instances,
)


def _foreign(present: Present, name: str) -> list[str]:
    """The host's own tables of a parameter."""
    return [item for item in references(present.explicit.get(name, "")) if foreign(item)]


def _tables(present: Present, name: str) -> list[str]:
    """The host's own tables of a parameter with what they name expanded, such as $config_directory, so that they can be
    asked."""
    value = present.expanded.get(name) or present.explicit.get(name, "")
    return [item for item in references(value) if foreign(item)]


def foreign(reference: str) -> bool:
    """Whether a table is the host's, and none of the relay's own, today's or its first release's."""
    return not OWN.search(reference) and first_release.SIGN not in reference


def expand(item: str, present: Present) -> list[str]:
    """What one item of mydestination stands for, as far as main.cf says it."""
    text = item
    for _level in range(_LEVELS):
        text = _NAMED.sub(lambda match: _value(match.group(1), present), text)
    return [value for value in re.split(r"[,\s]+", text) if value]


def _value(name: str, present: Present) -> str:
    return present.expanded.get(name) or present.explicit.get(name, "")


def expanded_destinations(present: Present) -> set[str]:
    """The domains of mydestination, in lower case."""
    return {item.lower() for item in re.split(r"[,\s]+", present.expanded.get("mydestination", "")) if item}


def listens_beyond_loopback(present: Present) -> bool:
    """Whether other hosts can connect to Postfix."""
    items = [item for item in re.split(r"[,\s]+", present.expanded.get("inet_interfaces", "")) if item]
    return any(item.lower() not in _LOOPBACK and not item.startswith("127.") for item in items)


def foreign_networks(present: Present) -> list[str]:
    """What mynetworks has beside loopback and this host's own addresses (single ones, which mynetworks_style host
    lists). Tables count: they may name other hosts."""
    found = []
    written = "mynetworks" in present.explicit or present.explicit.get("mynetworks_style") in ("subnet", "class")
    for item in references(present.expanded.get("mynetworks", "")):
        try:
            network = ipaddress.ip_network(item.replace("[", "").replace("]", ""), strict=False)
        except ValueError:
            found.append(item)
            continue
        own = network.num_addresses == 1 and not written
        if not (network.is_loopback or own or _within_loopback(network) or network.is_link_local):
            found.append(item)
    return found


def _within_loopback(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    mapped = network.network_address
    return (
        isinstance(mapped, ipaddress.IPv6Address) and mapped.ipv4_mapped is not None and mapped.ipv4_mapped.is_loopback
    )


def parameters(present: Present | None, relay: Relay, wishes: Wishes) -> Mapping[str, object]:
    """The parameters of main.cf whose values depend on what the host has."""
    host_wide: dict[str, object] = {name: value for name, (value, _reason) in HOST_WIDE.items()}
    if needs_all_headers(relay):
        host_wide[_MISSING_HEADERS] = True
    if present is None:
        return {
            **host_wide,
            **_closed(),
            "myorigin": relay.origin,
            "mydestination": relay.local_names,
            "message_size_limit": SES_MAXIMUM,
            "mailbox_size_limit": 0,  # a lower one than that ends local delivery
            "transport_maps": "regexp:/etc/postfix/ses_transport",
            "sender_dependent_default_transport_maps": _sender_routes(None, relay),
            "sender_canonical_maps": _senders_table(relay) if relay.sender_rewrites else None,
        }
    values: dict[str, object] = {
        **host_wide,
        "transport_maps": ["regexp:/etc/postfix/ses_transport", *_foreign(present, "transport_maps")],
        "sender_dependent_default_transport_maps": _sender_routes(present, relay),
        "sender_canonical_maps": _senders_maps(present, relay),
    }
    if wishes.loopback_only:
        values.update(_closed())
    if _follows_relayhost(present):
        kept_domains = [item for item in _relay_domains(present) if _has_way(item, present)]
        if kept_domains != _relay_domains(present):
            values["relay_domains"] = kept_domains or ""
    disabled = references(present.explicit.get("master_service_disable", ""))
    if disabled:
        excepted = [f"!{name}/inet" for name in (return_service(present), RETURN, RETURN_BY_IPV6)]
        values["master_service_disable"] = [excepted[0], *(item for item in disabled if item not in excepted)]
    if relay.sender_rewrites and any(_senders(present, relay, wishes)):
        values["sender_canonical_classes"] = None
    values.update(_leaving(present))
    if _NULL_KEY in present.explicit:
        values[_NULL_KEY] = None
    ours = set(relay.organisation_domains)
    items = references(present.explicit.get("mydestination", ""))
    left = [item for item in items if map_type(item) or not {value.lower() for value in expand(item, present)} & ours]
    if left != items:
        values["mydestination"] = left or relay.local_names
    elif "mydestination" not in present.explicit and expanded_destinations(present) & ours:
        values["mydestination"] = relay.local_names
    if present.expanded.get("myorigin", "").lower() in ours & expanded_destinations(present):
        values["myorigin"] = relay.origin
    if "message_size_limit" not in present.explicit:
        # A mailbox that takes less than a mail may have ends local delivery.
        limits = (present.expanded.get(name, "") for name in ("mailbox_size_limit", "virtual_mailbox_limit"))
        values["message_size_limit"] = min(
            [SES_MAXIMUM, *(int(limit) for limit in limits if limit.isdigit() and int(limit))]
        )
    return values


def _leaving(present: Present) -> dict[str, object]:
    values = first_release.parameters(present.explicit)
    if _has_source(present):
        values.pop("smtp_sasl_password_maps", None)
    return values


def _has_source(present: Present) -> bool:
    return present.rows(f"hash:/etc/postfix/{first_release.TABLE}") is not None


def tables_left(present: Present | None) -> list[dict[str, object]]:
    """Tables of the first release, which go."""
    return first_release.tables(present.explicit, _has_source(present)) if present else []


def services_left(present: Present | None) -> list[dict[str, object]]:
    """Services of the first release, and what took null senders' mail by the family that Postfix had before: they
    go."""
    if present is None:
        return []
    ours = return_service(present)
    other = next(name for name in (RETURN, RETURN_BY_IPV6) if name != ours)
    left = [{"name": other, "type": "inet", "state": "absent"}] if returns(present.services, other) else []
    return [*(first_release.SERVICES if first_release.left(present.explicit) else ()), *left]


def _closed() -> dict[str, object]:
    return {"inet_interfaces": "loopback-only", "mynetworks_style": None, "mynetworks": ["127.0.0.0/8", "[::1]/128"]}


def _sender_routes(present: Present | None, relay: Relay) -> list[str]:
    """Null senders first; then the identities, and the host's own ways for some senders."""
    identities = ["regexp:/etc/postfix/ses_identities"] if relay.identities else []
    routes = _foreign(present, "sender_dependent_default_transport_maps") if present else []
    return ["regexp:/etc/postfix/ses_sender_transport", *identities, *filter(_of_some, routes)]


def _of_some(reference: str) -> bool:
    return map_type(reference) != "static"


def _senders_maps(present: Present, relay: Relay) -> list[str] | None:
    """The host's own rows take precedence over the masquerade domain; no row does over one sender for everything."""
    own = [item for item in _foreign(present, "sender_canonical_maps") if item != _FOLLOWING]
    classes = references(present.explicit.get("canonical_classes", "envelope_sender"))
    if relay.sender_rewrites and {"envelope_sender", "header_sender"} & {*classes}:
        # They come after sender_canonical_maps, when a local user's address is local no more.
        own += [_FOLLOWING] if _foreign(present, "canonical_maps") else []
    if not relay.sender_rewrites:
        return own or None
    ours = _senders_table(relay)
    return [ours, *own] if relay.one_sender else [*own, ours]


def _senders_table(relay: Relay) -> str:
    return f"{senders_type(relay)}:/etc/postfix/ses_senders"


def senders_type(relay: Relay) -> str:
    """The table that rewrites senders: a pattern for all of them, or a row for each of the host's names.

    A pattern sees a whole address before any table is asked for its user alone, so it would count before the host's
    own rows of users (canonical(5)).
    """
    return "regexp" if relay.one_sender else "texthash"
