# SPDX-License-Identifier: GPL-3.0-or-later
"""What a relay needs in sendmail.mc and submit.mc: everything that does not depend on what the host has of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.systems import SendmailThere
from ansible_collections.mailops.ses.plugins.module_utils._relay.choice import Choice
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import Relay
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.relay import (
    CREDENTIALS,
    MAILER,
    InSendmail,
    destination,
    keys,
    ways,
)

# Not PLAIN, which the credential names after LOGIN: Sendmail has mail wait when the last mechanism is missing here, and
# goes on without a log-in when the server has refused it.
CLIENT_MECHANISMS = (
    *("EXTERNAL", "GSSAPI", "KERBEROS_V4", "SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "NTLM", "LOGIN"),
)


def wanted(relay: Relay, terms: InSendmail, choice: Choice, there: SendmailThere) -> dict[str, Any]:
    """The options of sendmail_config that make the host this relay; what they leave out has its default."""
    return {
        "defines": {**_defines(relay, choice, there), **terms.defines},
        "features": {**FEATURES, **there.later_features, **terms.features},
        "macros": terms.macros,
        "default_mailer": MAILER,
        "client_mechanisms": [*CLIENT_MECHANISMS],
        "queues": terms.queues,
        "sections": {
            "LOCAL_CONFIG": [
                *(f"{line} {choice.port}" for line in (terms.mailer, *terms.identity_mailers)),
                *terms.options,
            ],
            "LOCAL_RULE_0": terms.recipient_rules,
            "LOCAL_RULE_1": terms.sender_rules,
            "LOCAL_RULESETS": terms.rulesets,
        },
        "submission_defines": SUBMISSION_DEFINES,
        "submission_sections": _submission_sections(there),
        "settings": there.settings,
        "settings_file": there.settings_file,
        "tables": [
            {
                "name": CREDENTIALS,
                "replaces": "authinfo",
                "secret_entries": _credentials(relay, terms, choice),
            },
            {"name": "access", "entries": terms.access},
            {"name": "ses_aliases", "kind": "text", "entries": terms.aliases},
        ],
    }


def _credentials(relay: Relay, terms: InSendmail, choice: Choice) -> dict[str, str]:
    found = {}
    for way, password in zip(relay.fallback, choice.fallback_passwords):
        found.update(dict.fromkeys(keys(way.credential_names), _credential(way.username, password)))
    for name, one, password in zip(ways(relay)[1:], relay.identities, choice.identity_passwords):
        found.update(dict.fromkeys(keys([name.host]), _credential(one.username, password)))
    found.update(dict.fromkeys(terms.credential_keys, _credential(relay.username, choice.password)))
    # A further way's own name is its own, though the first way may have it among its aliases.
    for way, password in zip(relay.fallback, choice.fallback_passwords):
        if way.endpoint != relay.endpoint:
            found.update(dict.fromkeys(keys([way.endpoint]), _credential(way.username, password)))
    return found


def _credential(username: str, password: str) -> str:
    return f'"U:root" "I:{username}" "P:{password}" "M:LOGIN PLAIN"'


def _defines(relay: Relay, choice: Choice, there: SendmailThere) -> dict[str, Any]:
    """sendmail.mc, in a marked block before the mailers. Everything else in it stays as it is."""
    return {
        # Where mail goes: to the endpoint by its name as it is written. With the name of the load balancer behind it,
        # neither the certificate nor the log-in would match: AWS's "hostname mismatch".
        "SMART_HOST": f"{MAILER}:{destination(relay)}",
        "confDONT_EXPAND_CNAMES": "True",
        # TLS. The rules of tls_server demand that it is verified against the endpoint's own name, of this mailer's
        # servers.
        "confCACERT": choice.ca_file,
        "confCACERT_PATH": "/etc/mail/ses-no-other-anchors",
        "confCLIENT_SSL_OPTIONS": "+SSL_OP_NO_SSLv2 +SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1",
        # The log-in, which comes after those rules. The credential says LOGIN; others of the host keep Sendmail's
        # defaults.
        "confAUTH_MECHANISMS": " ".join([*CLIENT_MECHANISMS, "PLAIN"]),
        # Connections: mail is queued first, and queue runs send it, each over a connection of its own that it keeps.
        # The queue groups among the macros bound how many begin, this how many there are.
        "confDELIVERY_MODE": "queue",
        "confMAX_QUEUE_CHILDREN": relay.connections,
        "confMCI_CACHE_TIMEOUT": "5s",  # SES closes an idle connection after about 10
        # Retries after SES's advice (5, 10, 30 seconds, then 20 minutes): from 5 seconds, doubling up to 20 minutes.
        "confMIN_QUEUE_AGE": "5s",
        "confMAX_QUEUE_AGE": "20m",
        # The distribution's, without nobodyreturn: a bounce carries the whole mail, so that none is lost where a log-in
        # that is refused ends in one (on hosts that log in to servers of their own).
        "confPRIVACY_FLAGS": "needmailhelo,needexpnhelo,needvrfyhelo,restrictqrun,restrictexpand,authwarnings",
        # A busy host sends all the same.
        "confQUEUE_LA": 1000,
        "confREFUSE_LA": 1000,
        # While space is short, mail stays with who hands it over: below the reserve that programs meet first.
        "confMIN_FREE_BLOCKS": 100,
        # By it the daemon loads a new configuration and lets queue runs end, which a SIGHUP cuts off.
        "confCONTROL_SOCKET_NAME": there.control_socket,
        **(IN_TIME if relay.fallback else {}),
    }


# With further ways: how long Sendmail waits before it goes on to the next one. A mail whose end has been sent may have
# been taken: for the reply to it Sendmail waits longer, so that none is sent twice.
IN_TIME: Mapping[str, Any] = {
    "confTO_ICONNECT": "2s",  # an address
    "confTO_CONNECT": "2s",
    "confTO_INITIAL": "10s",
    "confTO_HELO": "10s",
    "confTO_STARTTLS": "10s",
    "confTO_AUTH": "10s",
    "confTO_RSET": "5s",
    "confTO_MISC": "5s",  # whether a connection that was kept still lives
    "confTO_QUIT": "5s",
    "confTO_MAIL": "20s",
    "confTO_RCPT": "20s",
    "confTO_DATAINIT": "20s",
    "confTO_DATAFINAL": "2m",
    "confTO_HOSTSTATUS": "1m",  # as long a queue run takes a way for one that cannot be had
}


FEATURES: Mapping[str, list[str]] = {
    "nocanonify": [],  # SES resolves the recipients' domains
    "accept_unresolvable_domains": [],  # and judges the senders'
    "masquerade_envelope": [],
}
# submit.mc, in a block at its end: how programs hand their mail over.
SUBMISSION_DEFINES: Mapping[str, Any] = {
    "confQUEUE_LA": 1000,
    "confREFUSE_LA": 1000,
    # Half the reserve below: what is dropped is written first, and may be of SES's largest size. No bounce tells of it.
    "confMIN_FREE_BLOCKS": 12800,
    "confDOUBLE_BOUNCE_ADDRESS": "",
}
RESERVE = 25600  # blocks of the file system (100 MB of the usual 4 KiB): the largest mail of SES in both queues


def _submission_sections(there: SendmailThere) -> dict[str, Any]:
    """While less than the reserve is left, `sendmail` says so and fails. By Sendmail's own limit alone it saves the
    mail in dead.letter, and reports success. A sender's error sets the exit status, and check_eoh drops the mail."""
    return {
        "LOCAL_CONFIG": ["Kses_free program /usr/bin/stat -f -c %a", "Kses_compare arith", "Kses_macro macro"],
        "LOCAL_RULE_0": [
            ["$*", "$: < $&{addr_type} > $1"],
            ["< e s > $*", f"$: < $(ses_free {there.submission_queue} $) > $1"],
            ["< $- > $*", f"$: < $(ses_compare l $@ $1 $@ {RESERVE} $) > $2"],
            ["< TRUE > $*", "$: < $(ses_macro {ses_short} $@ short $) TRUE > $1"],
            ["< TRUE > $*", '$#error $@ unavailable $: "452 4.3.1 Insufficient disk space; try again later"'],
            ["< $* > $*", "$: $2"],
        ],
        "LOCAL_RULESETS": ["Scheck_eoh", ["$*", "$: $&{ses_short}"], ["short", "$#discard $: discard"]],
    }
