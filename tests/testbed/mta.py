# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests ask an MTA on a host, in its own terms: all that they know of Postfix and of Sendmail alike."""

from __future__ import annotations

import json
from typing import Any

REGION_ENDPOINT = "email-smtp.us-east-1.amazonaws.com"


class Mta:
    """Either MTA, on a host as testinfra sees it."""

    name = package = ""
    command = ""  # it is installed where this is found
    directory = ""  # of its configuration
    reload = restart = ""  # commands
    pid_file = ""
    processes: tuple[str, ...] = ()  # commands that print the ids of those that have to be there, the daemon's first
    stops: tuple[str, ...] = ()  # commands after which it stays down
    deletion = ""  # the command that deletes all that is queued
    sender_process = ""  # what the process list shows of it while it delivers
    announcement = ""  # what a check of a bare host says
    trace = ""  # in the Received header that it adds
    null_sender = ""  # as `sendmail -f` takes it
    copies = 1  # files that may have the same credential
    unverified = no_tls = ""  # why mail waits
    refused_log_in = ""  # why mail waits after a 535
    replaces_headers = False
    lets_pass = False  # whether a mail does not wait for those of a burst that came before it
    ports: tuple[int, ...] = ()  # those that it can use, in the order that `auto` tries them
    bypasses: tuple[str, ...] = ()  # settings of somebody else that would lead mail around the verification
    exposures: tuple[str, ...] = ()  # somebody else's relay for a whole network

    def __init__(self, host: Any) -> None:
        self.host = host

    def most_messages(self, messages: int, seconds: int) -> int:
        """How many messages a connection takes that is recycled after so many messages and so many seconds."""
        raise NotImplementedError

    def queue(self) -> list[str]:
        """The reason why it waits, for each mail in the queue, also in that of the submission program."""
        raise NotImplementedError

    def flush(self) -> None:
        """Try all of the queue at once."""
        raise NotImplementedError

    def unit(self) -> str:
        """The unit of systemd that runs it."""
        return self.name

    def pid(self) -> str:
        """The daemon's process id, as its file has it."""
        return str(self.host.run(self.processes[0]).stdout).strip()

    def runs(self) -> bool:
        """Whether the daemon of its file runs."""
        return self.pid().isdigit() and self.host.file(f"/proc/{self.pid()}").exists

    def postpone(self) -> None:
        """Have what waits wait for minutes more. It must not run."""
        raise NotImplementedError

    def smart_host(self) -> str:
        """The next hop of all mail, as it is configured."""
        raise NotImplementedError

    def port(self) -> int:
        """The endpoint's port that is configured."""
        raise NotImplementedError

    def listing(self, table: str) -> str:
        """A table of type `hash` as the MTA's own tool reads it."""
        raise NotImplementedError

    def row(self, table: str, key: str) -> str:
        """The value of a key in such a table, or nothing."""
        raise NotImplementedError

    def credential_files(self) -> list[str]:
        """The files that may hold the password."""
        raise NotImplementedError

    def keys(self, name: str) -> list[str]:
        """The keys under which a server's name may be looked up."""
        raise NotImplementedError

    def credential(self, key: str) -> tuple[str, str]:
        """User and password of a key."""
        raise NotImplementedError


class Postfix(Mta):
    name = package = command = "postfix"
    directory = "/etc/postfix"
    reload, restart = "postfix reload", "systemctl restart postfix"
    pid_file = "/var/spool/postfix/pid/master.pid"
    processes = (f"tr -d ' ' < {pid_file}", "grep -lx qmgr /proc/[0-9]*/comm | cut -d/ -f3")
    stops = ("systemctl stop {unit}", "postfix stop")
    deletion = "test ! -x /usr/sbin/postsuper || postsuper -d ALL"
    sender_process = "smtp -n ses-relay"  # of either generation
    announcement = f"relayhost = [{REGION_ENDPOINT}]:587"
    trace = "(Postfix"
    unverified, no_tls = "certificate not ", "TLS is required"  # 3.5 says "trusted", 3.7 "verified"
    refused_log_in = "535"
    replaces_headers = True
    ports = (587, 2587, 465, 2465, 25)
    bypasses = (
        "postconf -P smtp/unix/smtp_tls_security_level=may",
        "postconf -e 'smtp_tls_policy_maps=static:may'",
        "postconf -e 'default_transport=smtp:[127.0.0.1]:2525'",
        "postconf -e 'sender_dependent_relayhost_maps=static:[127.0.0.1]:2525'",
        "postconf -e smtp_cname_overrides_servername=yes",
    )
    exposures = (
        "postconf -e inet_interfaces=all mynetworks=10.0.0.0/8",
        restart,
    )

    def most_messages(self, messages: int, _seconds: int) -> int:
        return messages

    def queue(self) -> list[str]:
        mails = [json.loads(line) for line in self.host.run("postqueue -j").stdout.splitlines()]
        return ["; ".join(to.get("delay_reason", "") for to in mail["recipients"]) for mail in mails]

    def flush(self) -> None:
        self.host.check_output("postqueue -f")

    def unit(self) -> str:
        instance = self.host.run("systemctl is-enabled postfix@-").stdout.strip() == "enabled-runtime"
        return "postfix@-" if instance else "postfix"

    def postpone(self) -> None:
        self.host.check_output("find /var/spool/postfix/deferred -type f -exec touch -d '+1 hour' {} +")

    def smart_host(self) -> str:
        return str(self.host.check_output("postconf -h relayhost"))

    def port(self) -> int:
        return int(self.smart_host().rpartition(":")[2])

    def listing(self, table: str) -> str:
        return str(self.host.check_output(f"postmap -s hash:{self._path(table)}"))

    def row(self, table: str, key: str) -> str:
        return str(self.host.run(f"postmap -q '{key}' hash:{self._path(table)}").stdout).strip()

    def _path(self, table: str) -> str:
        """Where a table is in the generation that is in force."""
        other = f"{self.directory}/{table}-2"
        return other if self.host.run(f"ls {other}*").rc == 0 else f"{self.directory}/{table}"

    def _table(self) -> str:
        return self.option("smtp_sasl_password_maps")

    def option(self, name: str) -> str:
        """An option of that client."""
        return str(self.host.check_output(f"postconf -Ph {self.service()}/unix/{name}"))

    def service(self) -> str:
        """The client that sends to SES, of the generation that is in force."""
        return str(self.host.check_output("postconf -h default_transport")).partition(":")[0]

    def credential_files(self) -> list[str]:
        path = self._table().partition(":")[2]
        return [path + suffix for suffix in ("", ".db", ".lmdb", ".cdb")]

    def keys(self, name: str) -> list[str]:
        if name == REGION_ENDPOINT:
            return [name, f"[{name}]:587"]
        return [name, f"{name}:25", f"{name}:587"]

    def credential(self, key: str) -> tuple[str, str]:
        user, _, password = self.host.check_output(f"postmap -q '{key}' {self._table()}").partition(":")
        return user, password


class Sendmail(Mta):
    name = "sendmail"
    package = "sendmail-bin"  # Debian's
    command = "makemap"
    directory = "/etc/mail"
    reload, restart = "/etc/init.d/sendmail reload", "systemctl restart sendmail"
    pid_file = "/run/sendmail/mta/sendmail.pid"
    processes = (f"head -1 {pid_file}", "head -1 /run/sendmail/msp/sendmail.pid")
    stops = ("systemctl stop {unit}", "/etc/init.d/sendmail stop")
    queues = "/var/spool/mqueue /var/spool/mqueue-client"
    deletion = f"find {queues} -type f -delete"
    sender_process = "sendmail: MTA: ./"
    announcement = f"define(`SMART_HOST', ``ses_relay:{REGION_ENDPOINT}'')"
    trace = "(8."  # its version
    null_sender = "<>"
    copies = 2  # the table of the previous configuration stays
    unverified, no_tls = "403 4.7.0", "does not support STARTTLS"
    refused_log_in = "Temporary AUTH failure"
    lets_pass = True
    ports = (587, 2587, 25)
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
        restart,
    )

    def most_messages(self, messages: int, seconds: int) -> int:
        # Sendmail has no clock on a connection, and takes two messages for each second.
        return min(messages, 2 * seconds)

    def queue(self) -> list[str]:
        files = self.host.run(f"find {self.queues} -name 'qf*'").stdout.split()
        texts = [self.host.run(f"sed -n 's/^M//p' {path}") for path in files]
        return [text.stdout.strip() for text in texts if text.rc == 0]

    def flush(self) -> None:
        # A run that selects mail by its recipients asks for no age.
        self.host.check_output("sendmail -Am -qR@")

    def postpone(self) -> None:
        # An attempt comes after as many seconds as the last one came after the mail, 20 minutes at most.
        fields = "s/^T.*/T'$(($(date +%s) - 3600))'/; s/^K.*/K'$(date +%s)'/"
        self.host.check_output(f"find /var/spool/mqueue -name 'qf*' -exec sed -i '{fields}' {{}} +")

    def smart_host(self) -> str:
        return str(self.host.check_output("sed -n 's/^DS//p' /etc/mail/sendmail.cf"))

    def port(self) -> int:
        return int(self.host.check_output("sed -n 's/.*A=TCP $h \\([0-9]*\\)$/\\1/p' /etc/mail/sendmail.cf"))

    def generation(self, table: str) -> str:
        """The name that a table has in sendmail.cf, with the number of its generation."""
        path = rf"{self.directory}/{table}\(\.[0-9]\+\)\?"
        named = self.host.run(rf"grep -o '{path}\(\.db\)\?\( \|$\)' {self.directory}/sendmail.cf").stdout.split()
        return str(named[0]).rpartition("/")[2].removesuffix(".db") if named else table

    def listing(self, table: str) -> str:
        return str(self.host.check_output(f"makemap -u hash {self.directory}/{self.generation(table)}"))

    def row(self, table: str, key: str) -> str:
        return dict(line.split("\t", 1) for line in self.listing(table).splitlines()).get(key.lower(), "")

    def credential_files(self) -> list[str]:
        path = f"{self.directory}/{self.generation('ses_authinfo')}"
        there = self.host.run(f"ls {self.directory}/ses_authinfo*.db").stdout.split()
        return [path, f"{path}.db", *(file for file in there if file != f"{path}.db")]

    def keys(self, name: str) -> list[str]:
        return [f"AuthInfo:{name}"]

    def credential(self, key: str) -> tuple[str, str]:
        fields = {word[1]: word[3:-1] for word in self.row("ses_authinfo", key).split()}
        return fields["I"], fields["P"]


class RedHatsSendmail(Sendmail):
    """Sendmail as Red Hat's family packages it: two units, each with its daemon."""

    package = "sendmail"
    reload = "systemctl reload sendmail"
    pid_file = "/run/sendmail.pid"
    processes = (f"head -1 {pid_file}", "head -1 /run/sm-client.pid")
    stops = ("systemctl stop {unit}", "systemctl stop sm-client {unit}")
    queues = "/var/spool/mqueue /var/spool/clientmqueue"
    deletion = f"find {queues} -type f ! -name sm-client.st -delete"
    sender_process = "sendmail: running queue"
    exposures = (
        Sendmail.exposures[0],
        "printf 'Connect:10\\tRELAY\\n' >> /etc/mail/access",
        *Sendmail.exposures[2:],
    )


MTAS: tuple[type[Mta], ...] = (Postfix, Sendmail)


def mta_of(host: Any) -> Mta:
    """The MTA that is installed on a host, of two the one that programs hand their mail to; Postfix where none is."""
    found = [mta(host) for mta in MTAS if host.exists(mta.command)]
    if len(found) > 1:
        program = host.run("readlink -f /usr/sbin/sendmail").stdout
        found = [mta for mta in found if mta.name in program.rpartition("/")[2]]
    if found and found[0].name == "sendmail" and host.file("/usr/sbin/sendmail.sendmail").exists:
        return RedHatsSendmail(host)
    return found[0] if found else Postfix(host)
