# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Postfix leads mail for other domains, and whether it logs in there."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way, holds, host_of
from ansible_collections.mailops.ses.plugins.module_utils._postfix.look import NOBODY
from ansible_collections.mailops.ses.plugins.module_utils._postfix.master_cf import Service, services
from ansible_collections.mailops.ses.plugins.module_utils._postfix.present import (
    PATTERNS,
    map_type,
    references,
    table_rows,
)

# Settings of the client that a service of master.cf may have for itself.
_CLIENT = (
    "smtp_enforce_tls",
    "smtp_sasl_auth_enable",
    "smtp_sasl_password_maps",
    "smtp_tls_policy_maps",
    "smtp_tls_security_level",
    "smtp_use_tls",
)
# What Postfix is asked for: the values with everything expanded.
PARAMETERS = (
    "config_directory",
    "content_filter",
    "default_transport",
    "relayhost",
    "sender_dependent_default_transport_maps",
    "sender_dependent_relayhost_maps",
    "transport_maps",
    *_CLIENT,
)
# Delivery agents that hand mail to no server.
_NO_SERVER = {"discard", "error", "hold", "local", "retry", "virtual"}
_NAMED = re.compile(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))")
_PATTERN = re.compile(r"(!?)/((?:[^/\\]|\\.)+)/([a-z]*)[ \t]+(.*)")

Reader = Callable[[str], str]
Holds = Callable[[str, str, "re.Pattern[bytes]"], "bool | None"]


def of_postfix(values: Mapping[str, str], master_cf: str, text: Reader = read, held: Holds = holds) -> Way:
    """The way by these values of PARAMETERS and main.cf. TEXT reads a table's source, HELD asks a table for a key."""
    found = services(master_cf)
    transport, next_hop = _next_hop(values, text)
    options = [service.options.get("content_filter", "") for service in found.values()]
    filters = [value.partition(":")[2] for value in (values.get("content_filter", ""), *options)]
    host = None if transport in _NO_SERVER else host_of(next_hop)
    service = found.get((transport, "unix"))
    logs_in = _logs_in(values, service, next_hop, held) if host and service else None
    return Way(host, tuple(dict.fromkeys(filter(None, filters))), logs_in)


def _next_hop(values: Mapping[str, str], text: Reader) -> tuple[str, str]:
    """The transport and the next hop of mail that no row of a table means: a next hop in the transport takes precedence
    over a relay host, and what transport_maps say of every address over both (transport(5))."""

    def given(name: str, key: str = "") -> str:
        found = (_answer(reference, key, text) for reference in references(values.get(name, "")))
        return next((value for value in found if value and value.upper() != "DUNNO"), "")

    chosen = given("sender_dependent_default_transport_maps") or values.get("default_transport", "")
    relay_host = given("sender_dependent_relayhost_maps") or values.get("relayhost", "")
    transport, _colon, next_hop = chosen.partition(":")
    row = given("transport_maps", "*").partition(":")
    if row[0]:
        return row[0], row[2]
    return transport, row[2] or next_hop or relay_host


def _answer(reference: str, key: str, text: Reader) -> str:
    """What a table says of an address that no row means: by a pattern, or by the row of this KEY."""
    kind, path = map_type(reference), reference.removeprefix("proxy:").partition(":")[2]
    if kind == "static":
        return path
    if kind in PATTERNS:
        return next(_matching(text(path)), "")
    if kind == "inline":
        return (table_rows(reference) or {}).get(key, "")
    return maps.parse_texthash(text(path)).get(key, "") if key and kind in maps.KINDS else ""


def _matching(source: str) -> Iterator[str]:
    """The values of patterns that match an address which none means."""
    for negated, pattern, flags, value in _PATTERN.findall(source):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                # Postfix's patterns ignore case unless a flag i turns that off.
                matched = re.search(pattern, NOBODY, 0 if "i" in flags else re.IGNORECASE)
            except (re.error, FutureWarning):
                continue  # of POSIX's or Perl's own
        if bool(matched) != bool(negated):
            yield value


def _logs_in(values: Mapping[str, str], service: Service, next_hop: str, held: Holds) -> bool | None:
    """Whether the service asks for TLS, without which SES offers no log-in, and has a log-in for the next hop."""
    values = {**values, **service.options}
    settings = {name: _expanded(values.get(name, ""), values) for name in _CLIENT}
    tls = settings["smtp_tls_policy_maps"] or settings["smtp_tls_security_level"] not in {"", "none"}
    tls = tls or "yes" in (settings["smtp_use_tls"], settings["smtp_enforce_tls"])
    if service.command != "smtp" or not tls or settings["smtp_sasl_auth_enable"] != "yes":
        return False
    tables = references(settings["smtp_sasl_password_maps"])
    answers = [_has_log_in(reference, next_hop, held) for reference in tables]
    return True if True in answers else None if None in answers else False


def _has_log_in(reference: str, next_hop: str, held: Holds) -> bool | None:
    """Whether a table has a row for the server or for the next hop as it is written; None of tables that are not in a
    file of this host's."""
    kind, path = map_type(reference), reference.removeprefix("proxy:").partition(":")[2]
    if kind == "static":
        return True
    if kind == "inline":
        keys = {key.lower() for key in table_rows(reference) or {}}
        return bool(keys & {next_hop.lower(), (host_of(next_hop) or "").lower()})
    if kind not in maps.KINDS or not maps.KINDS[kind].folds:
        return None
    names = (re.escape(name.lower().encode()) for name in (next_hop, host_of(next_hop) or ""))
    return held(kind, path, re.compile(rb"(?<![\w.-])\[?(?:" + b"|".join(names) + rb")(?![\w.-])"))


def _expanded(value: str, values: Mapping[str, str]) -> str:
    """A value of master.cf, in which postconf expands nothing; a name that nobody gives a value is empty."""
    for _level in range(5):
        value = _NAMED.sub(lambda match: values.get("".join(filter(None, match.groups())), ""), value)
    return value
