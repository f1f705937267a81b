# SPDX-License-Identifier: GPL-3.0-or-later
"""One plain description of the relay that the variables mean, the same for both MTAs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._relay.definitions import TYPES
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import ports_of, region_meant
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import (
    LOAD_BALANCERS,
    PORTS,
    endpoint_of,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.headers import CONFIGURATION_SET, HEADERS

# A domain that exists nowhere (RFC 2606), for recipients that only the relay's own settings know.
BOUNCE_DOMAIN = "ses-bounce.invalid"
WAIT = 4  # seconds; an idle connection is kept for 5
# Names that every host has, whatever it is called.
LOOPBACK_NAMES = ("localhost", "localhost.localdomain")


@dataclass(frozen=True)
class Fallback:
    """A further way out: an endpoint that is taken while those before it cannot be had."""

    endpoint: str
    port: int
    username: str
    credential_names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Identity:
    """Senders whose mail has a way of its own."""

    sender: str  # an address, or the domain of all that have it
    endpoint: str
    username: str
    headers: dict[str, str] = field(default_factory=dict)  # of SES's, that its mail gets

    @property
    def whole_domain(self) -> bool:
        """Whether the sender is a domain."""
        return "@" not in self.sender


@dataclass(frozen=True)
class Relay:
    """Everything about the relay that is no secret."""

    endpoint: str
    region: str | None
    ports: list[int]
    wrapper_ports: list[int]
    username: str
    max_messages: int
    max_seconds: int
    max_connections: int
    credential_names: list[str] = field(default_factory=list)
    local_names: list[str] = field(default_factory=list)
    organisation_domains: list[str] = field(default_factory=list)
    origin: str = "localhost"
    sender_rewrites: dict[str, str] = field(default_factory=dict)
    bounce_recipient: str = "root"
    configuration_set: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    fallback: list[Fallback] = field(default_factory=list)
    identities: list[Identity] = field(default_factory=list)
    # All of them with types and defaults, for what an MTA takes as it is.
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def servers(self) -> list[str]:
        """The endpoints of all ways, in their order."""
        return list(dict.fromkeys([self.endpoint, *(way.endpoint for way in self.fallback)]))

    @property
    def max_rate(self) -> float | None:
        """Messages a second, None where as many leave as can."""
        rate: float | None = self.variables.get("ses_max_rate")
        return rate

    @property
    def connections(self) -> int:
        """How many there are at once: with a rate no more than so many that each has its turn within WAIT."""
        if not self.max_rate:
            return self.max_connections
        return min(self.max_connections, max(1, int(self.max_rate * WAIT)))

    @property
    def bounces_leave(self) -> bool:
        """Whether who gets bounces is an address, and no local user."""
        return "@" in self.bounce_recipient

    @property
    def one_sender(self) -> bool:
        """Whether one address replaces every sender."""
        return "*" in self.sender_rewrites


def endpoint_named(variables: Mapping[str, Any]) -> str:
    """The endpoint's name: ses_endpoint, else that of ses_region."""
    return str(variables.get("ses_endpoint") or endpoint_of(variables["ses_region"]))


def describe(
    variables: Mapping[str, Any],
    host_names: Sequence[str],
    canonical_name: str | None,
    fallback: Sequence[Fallback] = (),
) -> Relay:
    """The relay that the variables mean on a host of these names; the variables must have no fault. CANONICAL_NAME is
    the load balancer's name in DNS, None where DNS names none."""
    region, endpoint = region_meant(variables), endpoint_named(variables)
    organisation = organisation_domains(variables)
    local_names = [name for name in own_names(host_names) if name not in organisation]
    return Relay(
        endpoint=endpoint,
        region=region,
        ports=ports_of(variables),
        wrapper_ports=[number for number, tls in PORTS.items() if tls == "wrapper"],
        username=variables["ses_smtp_username"],
        max_messages=variables["ses_connection_max_messages"],
        max_seconds=variables["ses_connection_max_seconds"],
        max_connections=variables["ses_max_connections"],
        credential_names=credential_names(variables, endpoint, region, canonical_name),
        local_names=local_names,
        organisation_domains=sorted(organisation),
        # The organisation's domain must not become local, even where the host bears its name.
        origin=local_names[0],
        sender_rewrites=sender_rewrites(variables, own_names(host_names)),
        bounce_recipient=variables.get("ses_bounce_recipient") or "root",
        configuration_set=variables.get("ses_configuration_set"),
        headers=headers(variables, variables.get("ses_configuration_set")),
        fallback=[*fallback],
        identities=[identity(way, variables) for way in variables.get("ses_identities") or []],
        variables={name: variables.get(name) for name in TYPES},
    )


def further(way: Mapping[str, Any], canonical_name: str | None) -> Fallback:
    """A further way out, by variables of its own; CANONICAL_NAME as for describe."""
    endpoint = endpoint_named(way)
    names = credential_names(way, endpoint, region_meant(way), canonical_name)
    return Fallback(endpoint, int(way["ses_port"]), way["ses_smtp_username"], names)


def identity(way: Mapping[str, Any], variables: Mapping[str, Any]) -> Identity:
    """An entry of ses_identities, by variables of its own; VARIABLES are those of the relay."""
    own = headers(variables, way["configuration_set"])
    return Identity(way["sender"].lower(), endpoint_named(way), way["ses_smtp_username"], own)


def organisation_domains(variables: Mapping[str, Any]) -> set[str]:
    """The domains whose mail leaves through SES, whatever the host is called."""
    sender = variables.get("ses_sender") or ""
    return {domain.lower() for domain in (variables.get("ses_masquerade_domain"), sender.rpartition("@")[2]) if domain}


def own_names(host_names: Sequence[str]) -> list[str]:
    """The names under which this host's mail can be written: as it calls itself, and as Postfix completes them."""
    names: list[str] = []
    for written in (*host_names, *LOOPBACK_NAMES):
        name = written.lower().rstrip(".")
        for candidate in (name,) if "." in name else (f"{name}.localdomain", name):
            if candidate and candidate not in names:
                names.append(candidate)
    return names


def sender_rewrites(variables: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Sender pattern -> what it becomes: one address for all, or the host's own names into the masquerade domain."""
    if variables.get("ses_sender"):
        return {"*": variables["ses_sender"]}
    domain = variables.get("ses_masquerade_domain")
    return {f"@{name}": f"@{domain}" for name in names if name != domain} if domain else {}


def headers(variables: Mapping[str, Any], configuration_set: str | None) -> dict[str, str]:
    """The headers of SES's that each mail gets, the configuration set's first, whatever the order in the variable."""
    given = {name.upper(): value for name, value in (variables.get("ses_headers") or {}).items()}
    given[CONFIGURATION_SET] = configuration_set or ""
    return {name: given[name] for name in (CONFIGURATION_SET, *HEADERS) if given.get(name)}


def credential_names(
    variables: Mapping[str, Any], endpoint: str, region: str | None, canonical_name: str | None
) -> list[str]:
    """The names under which an MTA may look the credentials up: the endpoint's and those of the rows on AWS's page."""
    names = [endpoint]
    if variables.get("ses_hostname_fix"):
        names += [name for name in (LOAD_BALANCERS.get(region or ""), canonical_name) if name]
    names += variables.get("ses_hostname_aliases") or []
    return list(dict.fromkeys(names))
