# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's Postfix does today, read before anything changes. Nothing here writes."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ansible_collections.mailops.ses.plugins.module_utils._host.command import SEARCH_PATH, run
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import Runner
from ansible_collections.mailops.ses.plugins.module_utils._host.files import text_of
from ansible_collections.mailops.ses.plugins.module_utils._mta import maps
from ansible_collections.mailops.ses.plugins.module_utils._postfix import main_cf, master_cf

DIRECTORY = "/etc/postfix"
# Parameters whose value counts with everything expanded: postconf -x.
EXPANDED = (
    "canonical_maps",
    "inet_interfaces",
    "inet_protocols",
    "mailbox_size_limit",
    "message_size_limit",
    "mydestination",
    "mydomain",
    "myhostname",
    "mynetworks",
    "myorigin",
    "recipient_canonical_maps",
    "relay_domains",
    "relay_transport",
    "relayhost",
    "sender_canonical_maps",
    "sender_dependent_default_transport_maps",
    "sender_dependent_relayhost_maps",
    "smtp_generic_maps",
    "transport_maps",
    "virtual_alias_domains",
    "virtual_alias_maps",
    "virtual_mailbox_domains",
    "virtual_mailbox_limit",
)
# A reference to a table in a parameter: type and name, an inline one with its braces.
_ITEM = re.compile(r"(?:\{(?:[^{}]|\{[^{}]*\})*\}|[^\s,{}])+")
# Types whose table is asked for one key at a time over a network, or by a daemon that may not run.
REMOTE = {"ldap", "ldaps", "memcache", "mongodb", "mysql", "nis", "nisplus", "pgsql", "socketmap", "sqlite", "tcp"}
PATTERNS = {"regexp", "pcre"}


class RefusedError(Exception):
    """Postfix itself does not accept the configuration, in its own words."""


@dataclass(frozen=True)
class Present:
    """A Postfix that is installed."""

    explicit: Mapping[str, str]  # main.cf as it is written
    expanded: Mapping[str, str]
    services: Mapping[tuple[str, str], master_cf.Service] = field(default_factory=dict)
    map_types: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()  # the names in the directory of its configuration
    rows: Callable[[str], Mapping[str, str] | None] = lambda _reference: None
    ask: Callable[[str, str], str] = lambda _reference, _key: ""


def references(value: str) -> list[str]:
    """The tables that a parameter names, in their order."""
    return _ITEM.findall(value)


def map_type(reference: str) -> str:
    """The type of a table, proxy: taken off; empty where the reference has no type (a plain word, a path)."""
    kind = reference.removeprefix("proxy:").partition(":")
    return kind[0] if kind[1] and re.fullmatch(r"[a-z]+", kind[0]) else ""


def installed(directory: str = DIRECTORY) -> bool:
    """Whether a Postfix is there, whatever the package manager says of its package: that may be half-configured."""
    return bool(shutil.which("postconf", path=SEARCH_PATH)) and os.path.isfile(os.path.join(directory, "main.cf"))


def read(execute: Runner, directory: str = DIRECTORY) -> Present | None:
    """The host's Postfix, None where there is none; RefusedError where postconf cannot read its configuration."""
    postconf = shutil.which("postconf", path=SEARCH_PATH)
    main = text_of(os.path.join(directory, "main.cf"))
    if postconf is None or main is None:
        return None
    _told(execute, [postconf, "-c", directory, "-M"])
    # postconf shows values without judging them; this one ends, as each daemon does, with what is wrong.
    _told(execute, [_postmap(), "-c", directory, "-q", "x", "static:x"])
    expanded = main_cf.parameters(_told(execute, [postconf, "-c", directory, "-x", *EXPANDED]))
    return Present(
        explicit=main_cf.parameters(main),
        expanded=expanded,
        services=master_cf.services(text_of(os.path.join(directory, "master.cf")) or ""),
        map_types=frozenset(_told(execute, [postconf, "-m"]).split()),
        files=frozenset(os.listdir(directory)),
        rows=table_rows,
        ask=lambda reference, key: _asked(directory, reference, key),
    )


def _told(execute: Runner, argv: list[str]) -> str:
    status, out, err = execute(argv)
    if status:
        fatal = [line.partition("fatal: ")[2] for line in err.splitlines() if "fatal: " in line]
        raise RefusedError("; ".join(fatal) or err.strip() or f"{argv[-1]} ends with {status}")
    return out


def _postmap() -> str:
    return shutil.which("postmap", path=SEARCH_PATH) or "postmap"


def table_rows(reference: str) -> dict[str, str] | None:
    """All rows of a table that has a source, or is its own: key (of regexp and pcre the pattern) and value. None where
    the table has no source."""
    inline = re.fullmatch(r"inline:\{(.*)\}", reference.removeprefix("proxy:"), re.DOTALL)
    if inline:
        pairs = (item.strip("{}").partition("=") for item in references(inline.group(1)))
        return {key.strip(): value.strip() for key, _equals, value in pairs}
    path = reference.removeprefix("proxy:").partition(":")[2]
    text = text_of(path) if path.startswith("/") and os.path.isfile(path) else None
    return None if text is None else maps.parse_texthash(text)


def _asked(directory: str, reference: str, key: str) -> str:
    """The value that a table on this host has for a key; of remote tables none is asked."""
    if map_type(reference) in REMOTE:
        return ""
    return run([_postmap(), "-c", directory, "-q", key, reference.removeprefix("proxy:")])[1].strip()
