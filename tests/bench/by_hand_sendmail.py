# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engineer types who follows AWS's page on Sendmail, on Debian."""

from __future__ import annotations

import shlex

# The role's.
PACKAGES = (
    *("sendmail-bin", "sendmail-cf", "sensible-mda", "libsasl2-modules"),
    *("m4", "make", "ca-certificates"),
)
# https://docs.aws.amazon.com/ses/latest/dg/send-email-sendmail.html
SETTINGS = """\
define(`SMART_HOST', `{endpoint}')dnl
define(`RELAY_MAILER_ARGS', `TCP $h 587')dnl
define(`confAUTH_MECHANISMS', `LOGIN PLAIN')dnl
FEATURE(`authinfo', `hash -o /etc/mail/authinfo.db')dnl
MASQUERADE_AS(`example.com')dnl
FEATURE(masquerade_envelope)dnl
FEATURE(masquerade_entire_domain)dnl
"""


def script(endpoint: str, username: str, password: str) -> str:
    """The steps as a shell script."""
    row = f'AuthInfo:{endpoint} "U:root" "I:{username}" "P:{password}" "M:PLAIN"'
    return "\n".join(
        [
            "export DEBIAN_FRONTEND=noninteractive",
            "apt-get -qq update",
            f"apt-get -qq -y install --no-install-recommends {' '.join(PACKAGES)}",
            "cd /etc/mail",
            f"printf '%s\\n' {shlex.quote(row)} > authinfo",
            "makemap hash authinfo.db < authinfo",
            f"printf '%s\\n' {shlex.quote(f'Connect:{endpoint} RELAY')} >> access",
            "makemap hash access.db < access",
            f"printf '%s' {shlex.quote(SETTINGS.format(endpoint=endpoint))} > ses.m4",
            "{ sed '/^MAILER_DEFINITIONS/,$d' sendmail.mc; cat ses.m4",
            "sed -n '/^MAILER_DEFINITIONS/,$p' sendmail.mc; } > ses.mc",
            "mv ses.mc sendmail.mc",
            "m4 sendmail.mc > sendmail.cf",
            "systemctl restart sendmail",
        ]
    )
