# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests ask an MTA on a host, in its own terms."""

from __future__ import annotations

import json
from typing import Any

REGION_ENDPOINT = "email-smtp.us-east-1.amazonaws.com"


class Postfix:
    """A host where Postfix is the relay."""

    name = "postfix"
    package = command = "postfix"
    pid_file = "/var/spool/postfix/pid/master.pid"
    deletion = "test ! -x /usr/sbin/postsuper || postsuper -d ALL"  # of all that is queued
    sender_process = "smtp -n ses-relay"  # what the process list shows of it while it delivers
    announcement = f"relayhost = [{REGION_ENDPOINT}]:587"  # what a check of a bare host says
    trace = "(Postfix"  # in the Received header that it adds
    null_sender = ""  # as `sendmail -f` takes it
    unverified, no_tls = "certificate not ", "TLS is required"  # why mail waits; 3.5 says "trusted", 3.7 "verified"
    defers_refused_log_in = replaces_headers = True
    lets_pass = False  # whether a mail does not wait for those of a burst that came before it
    ports = (587, 2587, 465, 2465, 25)  # those that it can use, in the order that `auto` tries them

    def __init__(self, host: Any) -> None:
        self.host = host

    def most_messages(self, messages: int, _seconds: int) -> int:
        """How many messages a connection takes that is recycled after so many messages and so many seconds."""
        return messages

    def queue(self) -> list[str]:
        """The reason why it waits, for each mail in the queue."""
        mails = [json.loads(line) for line in self.host.run("postqueue -j").stdout.splitlines()]
        return ["; ".join(to.get("delay_reason", "") for to in mail["recipients"]) for mail in mails]

    def flush(self) -> None:
        """Try all of the queue at once."""
        self.host.check_output("postqueue -f")

    def port(self) -> int:
        """The endpoint's port that is configured."""
        return int(self.host.check_output("postconf -h relayhost").rpartition(":")[2])

    def _table(self) -> str:
        return str(self.host.check_output("postconf -h ses_relay_password_maps"))

    def credential_files(self) -> list[str]:
        """The files that may hold the password."""
        path = self._table().partition(":")[2]
        return [path + suffix for suffix in ("", ".db", ".lmdb", ".cdb")]

    def keys(self, name: str) -> list[str]:
        """The keys under which a server's name may be looked up."""
        if name == REGION_ENDPOINT:
            return [name, f"[{name}]:587"]
        return [name, f"{name}:25", f"{name}:587"]

    def credential(self, key: str) -> tuple[str, str]:
        """User and password of a key."""
        user, _, password = self.host.check_output(f"postmap -q '{key}' {self._table()}").partition(":")
        return user, password

    # Settings of somebody else that would lead mail around the verification, if the role let them.
    bypasses = (
        "postconf -P smtp/unix/smtp_tls_security_level=may",
        "postconf -e 'smtp_tls_policy_maps=static:may'",
        "postconf -e 'default_transport=smtp:[127.0.0.1]:2525'",
        "postconf -e 'sender_dependent_relayhost_maps=static:[127.0.0.1]:2525'",
        "postconf -e smtp_cname_overrides_servername=yes",
    )
    # Somebody else's relay for a whole network.
    exposures = (
        "postconf -e inet_interfaces=all mynetworks=10.0.0.0/8",
        "systemctl restart postfix",
    )


class Sendmail:
    """A host where Sendmail is the relay."""

    name = "sendmail"
    package = "sendmail-bin"  # Debian's
    command = "makemap"
    pid_file = "/run/sendmail/mta/sendmail.pid"
    deletion = "find /var/spool/mqueue /var/spool/mqueue-client -type f -delete"
    sender_process = "sendmail: MTA: running queue"
    announcement = f"define(`SMART_HOST', `ses_relay:{REGION_ENDPOINT}')"
    trace = "(8."  # its version
    null_sender = "<>"
    unverified, no_tls = "403 4.7.0", "does not support STARTTLS"
    defers_refused_log_in = replaces_headers = False
    lets_pass = True
    ports = (587, 2587, 25)

    def __init__(self, host: Any) -> None:
        self.host = host

    def most_messages(self, messages: int, seconds: int) -> int:
        """As above; Sendmail has no clock on a connection, and takes two messages for each second."""
        return min(messages, 2 * seconds)

    def queue(self) -> list[str]:
        """The reason why it waits, for each mail in the queue, also in that of the submission program."""
        files = self.host.run("find /var/spool/mqueue /var/spool/mqueue-client -name 'qf*'").stdout.split()
        texts = [self.host.run(f"sed -n 's/^M//p' {path}") for path in files]
        return [text.stdout.strip() for text in texts if text.rc == 0]

    def flush(self) -> None:
        """Try all of the queue at once: a run that selects mail by its recipients asks for no age."""
        self.host.check_output("sendmail -Am -qR@")

    def port(self) -> int:
        """The endpoint's port that is configured."""
        return int(self.host.check_output("sed -n 's/.*A=TCP $h \\([0-9]*\\)$/\\1/p' /etc/mail/sendmail.cf"))

    def credential_files(self) -> list[str]:
        """The files that may hold the password."""
        return ["/etc/mail/ses_authinfo", "/etc/mail/ses_authinfo.db"]

    def keys(self, name: str) -> list[str]:
        """The keys under which a server's name may be looked up."""
        return [f"AuthInfo:{name}"]

    def credential(self, key: str) -> tuple[str, str]:
        """User and password of a key."""
        listing = self.host.check_output("makemap -u hash /etc/mail/ses_authinfo")
        rows = dict(line.split("\t", 1) for line in listing.splitlines())
        fields = {word[1]: word[3:-1] for word in rows[key.lower()].split()}
        return fields["I"], fields["P"]

    bypasses = (
        "sed -i '1i define(`SMART_HOST'\"'\"', `[127.0.0.1]'\"'\"')dnl' /etc/mail/sendmail.mc",
        "sed -i '/amazonaws.com *VERIFY\\|^Try_TLS:amazonaws.com/d' /etc/mail/access",  # of an earlier run
        f"echo 'TLS_Srv:{REGION_ENDPOINT} VERIFY:0' >> /etc/mail/access",
        "echo 'Try_TLS:amazonaws.com NO' >> /etc/mail/access",
        'echo \'AuthInfo: "U:root" "I:nobody" "P:nothing"\' > /etc/mail/authinfo',
    )
    exposures = (
        "sed -i '/BEGIN mailops/,/END mailops/d; s/Addr=127.0.0.1/Addr=0.0.0.0/' /etc/mail/sendmail.mc",
        "sed -i 's/^#Connect:10\\b/Connect:10/' /etc/mail/access",
        "make -C /etc/mail",
        "systemctl restart sendmail",
    )


MTAS = (Postfix, Sendmail)


def mta_of(host: Any) -> Postfix | Sendmail:
    """The MTA that is installed on a host, Postfix where none is."""
    return next((mta(host) for mta in MTAS if host.exists(mta.command)), Postfix(host))
