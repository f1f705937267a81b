# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engineer types who follows AWS's page on Postfix, on Debian."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

PACKAGES = ("postfix", "libsasl2-modules", "ca-certificates")  # the role's
SASL_PASSWD = "/etc/postfix/sasl_passwd"
# https://docs.aws.amazon.com/ses/latest/dg/postfix.html
SETTINGS = {
    "smtp_sasl_auth_enable": "yes",
    "smtp_sasl_security_options": "noanonymous",
    "smtp_sasl_password_maps": f"hash:{SASL_PASSWD}",
    "smtp_use_tls": "yes",
    "smtp_tls_security_level": "encrypt",
    "smtp_tls_note_starttls_offer": "yes",
    "smtp_tls_CAfile": "/etc/ssl/certs/ca-certificates.crt",
}


def relayhost(endpoint: str) -> str:
    """The key of the relay, in main.cf and in the table of passwords."""
    return f"[{endpoint}]:587"


def script(endpoint: str, username: str, password: str, more: Mapping[str, str] | None = None) -> str:
    """The steps as a shell script; MORE are settings beyond AWS's."""
    settings = {"relayhost": relayhost(endpoint), **SETTINGS, **(more or {})}
    return "\n".join(
        [
            "export DEBIAN_FRONTEND=noninteractive",
            "apt-get -qq update",
            f"apt-get -qq -y install --no-install-recommends {' '.join(PACKAGES)}",
            f"postconf -e {' '.join(shlex.quote(f'{name} = {value}') for name, value in settings.items())}",
            "umask 077",
            f"printf '%s\\n' {shlex.quote(f'{relayhost(endpoint)} {username}:{password}')} > {SASL_PASSWD}",
            f"postmap hash:{SASL_PASSWD}",
            "postfix status || postfix start",
            "postfix reload",
        ]
    )
