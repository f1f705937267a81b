# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the table: a life, its mails, and where a mail is found again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Verdicts: it goes on as it was; the role changes it and says so; the role refuses before it changes anything; or it
# does one of these, wholly. Where a life cannot be led with an MTA or on the testbed, its row has a reason and no mail.
KEPT, CHANGED, REFUSED, EITHER, NOT_HERE = "kept", "changed", "refused", "kept or refused", "not here"
OUTSIDE = "someone@customer.example"
REBOOT = "reboot"  # in place of shell, among what happens later
HUB, SES = "hub", "ses"  # the way out before, and after

# A name in front of the endpoint that no resolver knows.
LINK = "vpce-0a1b2c3d4e5f67890-life1234.email-smtp.us-east-1.vpce.amazonaws.com"
TO_LINK = f"""printf '%s {LINK}\\n' "$(getent hosts email-smtp.us-east-1.amazonaws.com | cut -d' ' -f1)" >>/etc/hosts"""

# Places of a mail, several joined by " + ":
#   ses          the simulated endpoint of us-east-1; "eu-west-1" that of the other region
#   hub, partner, provider, brand, store, inner, filter   a server of host/usr/local/lib/lives/servers.py
#   NAME         a program at the end of a pipe, by `keep NAME`
#   mailbox USER, Maildir USER      on the host
#   notice in PLACE                 a notice about the mail, such as a bounce, is there, and the mail is not
#   queue, hold                     it waits
#   not taken                       who hands it over is told so
# After a place: "as SENDER", "to RECIPIENT" of the envelope, "by USER" who had logged in, "with HEADER".


@dataclass(frozen=True)
class Mail:
    """One mail, and where it arrives before the role and after it."""

    to: str | list[str]
    before: str = HUB
    after: str = SES
    sender: str | None = None  # of the envelope; none: what the MTA makes of the user
    header_from: str = "root"
    user: str = "root"
    how: str = (
        "sendmail"  # by `sendmail -t`; "argv": `sendmail -- RECIPIENT`; "smtp": to 127.0.0.1:25; "smtp HOST:PORT"
    )
    subject: str = ""  # words in it
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Life:
    """One thing that hosts have, and what becomes of it."""

    name: str
    source: str  # where hosts have it from: a kind of report or of configuration
    state: str = ""  # shell; how the host got it
    mails: tuple[Mail, ...] = ()
    verdict: str = KEPT
    says: tuple[str, ...] = ()  # words of the refusal, or of the warning for what is changed
    why: str = ""  # the reason of a verdict, or of a difference between the MTAs
    late: str = ""  # shell; after the mails before, right before the role
    later: tuple[str, ...] = ()  # shell; after the role, each followed by the mails again
    fault: int = 0  # its number among those that were reported first


@dataclass(frozen=True)
class Host:
    """Lives that one host leads at once."""

    name: str
    mta: str
    lives: tuple[Life, ...]
    state: str = ""  # shell, before that of the lives
    variables: dict[str, Any] = field(default_factory=dict)
    passes: tuple[str, ...] = ()  # places that its other mails pass as well
    system: str = "13"
