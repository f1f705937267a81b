# SPDX-License-Identifier: GPL-3.0-or-later
"""What a relay needs in main.cf and master.cf: everything that does not depend on what the host has of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.systems import PostfixThere
from ansible_collections.mailops.ses.plugins.module_utils._postfix import identities, pace
from ansible_collections.mailops.ses.plugins.module_utils._postfix.relay import InPostfix, keys
from ansible_collections.mailops.ses.plugins.module_utils._postfix.returns import CLEANUP, RETURN_BY_IPV6
from ansible_collections.mailops.ses.plugins.module_utils._relay.choice import Choice
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import Relay


def wanted(relay: Relay, terms: InPostfix, choice: Choice, there: PostfixThere) -> dict[str, Any]:
    """The options of postfix_config that make the host this relay; what they leave out has its default."""
    return {
        "parameters": {**_parameters(relay, choice), **terms.parameters},
        "optional_parameters": OPTIONAL_PARAMETERS,
        "services": [
            *_services(relay, terms, choice, there),
            *_identity_clients(relay, terms, choice),
            *terms.services,
        ],
        "tables": [
            *terms.tables,
            identities.routes(relay, choice.port),
            _credentials(relay, terms, choice),
            *_identity_credentials(relay, choice),
        ],
    }


def _parameters(relay: Relay, choice: Choice) -> dict[str, Any]:
    """main.cf. Everything else in it stays as it is; None removes a parameter."""
    return {
        # Where mail goes. The brackets keep MX records out, and the name as it is written for the certificate and the
        # log-in. A row of transport_maps goes its own way, by the client services that the host has.
        "relayhost": f"[{relay.endpoint}]:{choice.port}",
        "default_transport": "ses-relay:$relayhost",
        **{
            name: value
            for client in ("ses-relay", *map(identities.service, _numbers(relay)))
            for name, value in identities.limits(client, pace.connections(relay)).items()
        },
        "ses_relay_password_maps": None,  # of earlier versions; the table stands in the client's own options
    }


OPTIONAL_PARAMETERS: Mapping[str, Any] = {
    # 3.10 and newer: a mail that says "TLS-Required: no" would get unverified TLS.
    "tls_required_enable": False,
}


def _client(relay: Relay, choice: Choice) -> dict[str, Any]:
    """The client that talks to SES. What stands here is its own: other clients keep what main.cf says."""
    return {
        # TLS, verified against the endpoint's own name.
        "smtp_tls_security_level": "secure",
        "smtp_tls_secure_cert_match": "nexthop",
        "smtp_tls_wrappermode": choice.tls_wrapper,
        "smtp_tls_mandatory_protocols": "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1",
        "smtp_tls_CAfile": choice.ca_file,
        "smtp_tls_CApath": "",  # other anchors than those of the file would count too
        "smtp_tls_policy_maps": "",  # a rule there would overrule the level
        "smtp_tls_loglevel": 1,
        # The log-in, inside TLS only.
        "smtp_sasl_auth_enable": True,
        "smtp_sasl_security_options": ["noplaintext", "noanonymous"],
        "smtp_sasl_tls_security_options": "noanonymous",
        "smtp_sasl_tls_verified_security_options": "noanonymous",
        "smtp_sasl_mechanism_filter": ["plain", "login"],
        "smtp_sasl_auth_soft_bounce": True,  # a refused log-in says nothing of the mail, which waits
        "smtp_reply_filter": "regexp:/etc/postfix/ses_replies",  # nor does a log-in that is missing
        "smtp_sender_dependent_authentication": False,
        # Connections: kept open over TLS, and recycled before SES's load balancer drops them.
        "smtp_tls_connection_reuse": True,
        "tlsproxy_service_name": "ses-tlsproxy",
        "smtp_connection_cache_on_demand": True,
        "smtp_connection_cache_destinations": pace.destinations(relay, relay.servers),
        "smtp_connection_cache_time_limit": "5s",  # SES closes an idle connection after about 10
        "smtp_connection_reuse_time_limit": f"{_most_seconds(relay)}s",
        # It counts the uses after the first.
        "smtp_connection_reuse_count_limit": relay.variables["ses_connection_max_messages"] - 1,
        # The further ways out. Each is verified by its own name, and has a log-in of its own. The client goes on to the
        # next one for whatever would have the mail wait, never for a permanent refusal.
        "smtp_fallback_relay": [f"[{way.endpoint}]:{way.port}" for way in relay.fallback],
        **(IN_TIME if relay.fallback else {}),
        # Names as the host itself resolves them, the hosts file with them, and as smtp_check has proved it.
        "smtp_host_lookup": "native",
        "smtp_dns_support_level": "enabled",
    }


def _most_seconds(relay: Relay) -> int:
    """How long a connection is used: with a further way, mail is to be back on the first one in time."""
    most: int = relay.variables["ses_connection_max_seconds"]
    return min(most, BACK_AFTER) if relay.fallback else most


BACK_AFTER = 240  # seconds
# How long the client waits before it goes on to the next way. Two addresses that swallow connections take 4 seconds,
# two that take them and say nothing 20. A mail whose end has been sent may have been taken: for the reply to it the
# client waits longer, so that none is sent twice.
IN_TIME: Mapping[str, Any] = {
    "smtp_connect_timeout": "2s",
    "smtp_mx_address_limit": 2,
    "smtp_mx_session_limit": 2,
    "smtp_helo_timeout": "10s",
    "smtp_starttls_timeout": "10s",
    "smtp_rset_timeout": "5s",
    "smtp_mail_timeout": "20s",
    "smtp_rcpt_timeout": "20s",
    "smtp_data_init_timeout": "20s",
    "smtp_data_done_timeout": "120s",
}

CLIENT_OPTIONAL: Mapping[str, Any] = {
    # 3.11 and newer: a mail that asks for REQUIRETLS would come back, as SES does not offer it.
    "smtp_requiretls_policy": "opportunistic",
}


def _tlsproxy(choice: Choice) -> dict[str, Any]:
    return {
        "tlsproxy_client_loglevel": 1,  # as the client's, or it warns of the difference
        "tlsproxy_client_CAfile": choice.ca_file,
        "tlsproxy_client_CApath": "",
        # It serves nobody; without a level for that it warns at each start.
        "tlsproxy_tls_security_level": "may",
        "tlsproxy_tls_chain_files": "",
        "tlsproxy_tls_cert_file": "none",
        "tlsproxy_tls_key_file": "",
        "tlsproxy_tls_dcert_file": "",
        "tlsproxy_tls_eccert_file": "",
    }


# One of them, by the version.
TLSPROXY_OPTIONAL: Mapping[str, Any] = {"tlsproxy_client_level": "secure", "tlsproxy_client_security_level": "secure"}
# To the address below, and nowhere else.
BOUNCE_CLIENT: Mapping[str, Any] = {
    "smtp_tls_security_level": "none",
    "smtp_tls_wrappermode": False,
    "smtp_sasl_auth_enable": False,
    "smtp_tls_connection_reuse": False,
    "smtp_tls_policy_maps": "",
    "smtp_generic_maps": "",
    "smtp_header_checks": "",
    "smtp_mime_header_checks": "",
    "smtp_nested_header_checks": "",
    "smtp_body_checks": "",
    "smtp_fallback_relay": "",
    "smtp_bind_address": "127.0.0.1",  # where Postfix listens at one other address, the client would take that
    "smtp_bind_address6": "",
}
BOUNCE_SERVER: Mapping[str, Any] = {
    "cleanup_service_name": CLEANUP,
    "myhostname": "ses-bounce.invalid",  # a server of the client's own name would look like a loop
    "smtpd_tls_security_level": "none",
    "smtpd_client_restrictions": "",
    "smtpd_helo_restrictions": "",
    "smtpd_sender_restrictions": "",
    "smtpd_relay_restrictions": ["permit_mynetworks", "reject"],
    "smtpd_recipient_restrictions": "",
    "smtpd_data_restrictions": "",
    "smtpd_end_of_data_restrictions": "",
    "smtpd_reject_unlisted_recipient": False,
    "smtpd_reject_unlisted_sender": False,
    "smtpd_proxy_filter": "",
    "smtpd_upstream_proxy_protocol": "",
    "smtpd_peername_lookup": False,
    "mynetworks": ["127.0.0.0/8"],
    "receive_override_options": "",  # without the mapping of addresses it would loop
    "smtpd_milters": "",
    "content_filter": "",
}
_CLIENT_BY_IPV6 = {"smtp_bind_address": "", "smtp_bind_address6": "::1"}
_SERVER_BY_IPV6 = {"mynetworks": ["[::1]/128"]}
BOUNCE_CLEANUP: Mapping[str, Any] = {
    "virtual_alias_maps": "regexp:/etc/postfix/ses_bounces",
    # The host's own did their work when the mail came in first.
    "always_bcc": "",
    "sender_bcc_maps": "",
    "recipient_bcc_maps": "",
    "canonical_maps": "",
    "sender_canonical_maps": "",
    "recipient_canonical_maps": "",
    "masquerade_domains": "",
    "header_checks": "",
    "mime_header_checks": "",
    "nested_header_checks": "",
    "body_checks": "",
}
MAILBOX: Mapping[str, Any] = {
    "expand_owner_alias": True,
    "forward_path": "",
    "luser_relay": "",
    # A store may refuse root, and a bounce that it refuses would be gone.
    "mailbox_transport": "",
    "mailbox_transport_maps": "",
    "mailbox_command": "",
    "mailbox_command_maps": "",
    "fallback_transport": "",
    "fallback_transport_maps": "",
    "mailbox_size_limit": "0",
}


def _sender_to_ses(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """A client for SES in master.cf."""
    return {
        "name": name,
        "type": "unix",
        "generations": True,
        "chroot": "n",  # it resolves names as the host does
        "args": [],
        "command": "smtp",
        "options": options,
        "optional_options": CLIENT_OPTIONAL,
    }


def _services(relay: Relay, terms: InPostfix, choice: Choice, there: PostfixThere) -> list[dict[str, Any]]:
    """master.cf. What has generations changes together, with the next hop, and mail that is on its way goes on by the
    old."""
    by_ipv6 = terms.return_service == RETURN_BY_IPV6
    return [
        _sender_to_ses("ses-relay", {**_client(relay, choice), **terms.relay_options}),
        {
            "name": "ses-tlsproxy",
            "type": "unix",
            "generations": True,
            "chroot": "n",
            "maxproc": "0",
            "args": [],
            "command": "tlsproxy",
            "options": _tlsproxy(choice),
            "optional_options": TLSPROXY_OPTIONAL,
        },
        pace.service(relay),
        # A null sender's mail comes in once more, at a loopback address of its own, where ses_bounces changes its
        # recipient to one that no alias leads back to SES. This takes no set-gid program, which a sandboxed service
        # could not run.
        {
            "name": "ses-bounce",
            "type": "unix",
            "chroot": there.chroot,
            "args": [],
            "command": "smtp",
            "options": {**BOUNCE_CLIENT, **(_CLIENT_BY_IPV6 if by_ipv6 else {})},
        },
        {
            "name": terms.return_service,
            "type": "inet",
            "private": "n",
            "chroot": there.chroot,
            "args": [],
            "command": "smtpd",
            "options": {**BOUNCE_SERVER, **(_SERVER_BY_IPV6 if by_ipv6 else {})},
        },
        {
            "name": CLEANUP,
            "type": "unix",
            "private": "n",
            "chroot": there.chroot,
            "maxproc": "0",
            "args": [],
            "command": "cleanup",
            "options": BOUNCE_CLEANUP,
        },
        {
            "name": "ses-mailbox",
            "type": "unix",
            "unprivileged": "n",
            "chroot": "n",
            "args": [],
            "command": "local",
            "options": {"alias_maps": terms.bounce_aliases, **MAILBOX},
        },
    ]


def _numbers(relay: Relay) -> range:
    """Of the identities, from 1 on."""
    return range(1, len(relay.identities) + 1)


def _identity_clients(relay: Relay, terms: InPostfix, choice: Choice) -> list[dict[str, Any]]:
    """Clients as the relay's own, but for the server, the log-in and the headers."""
    client = _client(replace(relay, fallback=[]), choice)
    return [
        _sender_to_ses(
            identities.service(number),
            {**client, "smtp_connection_cache_destinations": pace.destinations(relay, [one.endpoint]), **options},
        )
        for number, one, options in zip(_numbers(relay), relay.identities, terms.identity_options)
    ]


def _identity_credentials(relay: Relay, choice: Choice) -> list[dict[str, Any]]:
    return [
        {
            "name": identities.log_in_table(number),
            "parameter": "smtp_sasl_password_maps",
            "service": identities.service(number),
            "generations": True,
            "secret_entries": dict.fromkeys(keys([one.endpoint], [choice.port]), f"{one.username}:{password}"),
        }
        for number, one, password in zip(_numbers(relay), relay.identities, choice.identity_passwords)
    ]


def _credentials(relay: Relay, terms: InPostfix, choice: Choice) -> dict[str, Any]:
    log_ins = {}
    for way, password in zip(relay.fallback, choice.fallback_passwords):
        log_ins.update(dict.fromkeys(keys(way.credential_names, [way.port]), f"{way.username}:{password}"))
    log_ins.update(dict.fromkeys(terms.credential_keys, f"{relay.username}:{choice.password}"))
    # A further way's own name is its own, though the first way may have it among its aliases.
    for way, password in zip(relay.fallback, choice.fallback_passwords):
        if way.endpoint != relay.endpoint:
            log_ins.update(dict.fromkeys(keys([way.endpoint], [way.port]), f"{way.username}:{password}"))
    return {
        "name": "ses_sasl_passwd",
        "parameter": "smtp_sasl_password_maps",
        "service": "ses-relay",
        "generations": True,
        "secret_entries": log_ins,
    }
