# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that others wrote, in the endpoint's place: what each is told, and what it tells of those who came."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from shlex import quote
from typing import Any

import trustme
from ses_simulator.certificates import authority
from ses_simulator.credentials import derive
from testbed.layout import Layout
from testbed.relay import until

USER = "AKIATESTBEDUSEAST123"
FOLDER = "/etc/endpoint"
LOG = "/run/endpoint.log"


def password(layout: Layout) -> str:
    """The SMTP password that the relays derive."""
    secret: Any = layout.credentials[USER]
    return derive(secret["secret_access_key"], "us-east-1")


def _found(pattern: str, text: str) -> tuple[str, ...]:
    """The groups of a pattern that has to be in a text."""
    match = re.search(pattern, text, re.M)
    assert match, f"{pattern!r} is not in {text}"
    return match.groups()


@dataclass(frozen=True)
class State:
    """How a server is to be; by default as the endpoint."""

    certificate: str = "good"  # or other_name, untrusted
    starttls: bool = True
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")
    password: str = ""  # that it takes; the relays' where none is given
    refuses: bool = False  # every sender
    runs: bool = True


@dataclass(frozen=True)
class Mail:
    """A mail as a server tells of it."""

    user: str
    tls: str  # its version, in the server's words
    sender: str
    recipients: list[str]


class Server:
    """One of them, on its host as testinfra sees it."""

    name = owner = ""
    mechanisms = True  # whether it can be told which it offers
    emptying = f"rm -f {LOG}"  # what makes it forget those who came

    def __init__(self, host: Any, layout: Layout) -> None:
        self.host = host
        self.state = State()
        self.endpoint = layout.hosts[self.name].hostname
        self.password = password(layout)
        self._ca = authority(layout.state)
        self._leaves = {
            "good": self._ca.issue_cert(self.endpoint),
            "other_name": self._ca.issue_cert("smtp.example.net"),
            "untrusted": trustme.CA().issue_cert(self.endpoint),
        }

    def put(self, state: State) -> None:
        """Have it so, with a log that begins here."""
        self.state = state
        leaf = self._leaves[state.certificate]
        files = {
            "certificate.pem": "".join(part.bytes().decode() for part in leaf.cert_chain_pems),
            "key.pem": leaf.private_key_pem.bytes().decode(),
            **self.files(state),
        }
        commands = [
            "systemctl stop endpoint",
            f"mkdir -p {FOLDER} && cd {FOLDER} && umask 077",
            *(f"printf '%s' {quote(text)} > {name}" for name, text in files.items()),
            f"chown {self.owner} {' '.join(files)}",
            self.emptying,
            *(["systemctl start endpoint"] if state.runs else []),
        ]
        self.host.check_output(" && ".join(commands))
        if state.runs:
            until(f"{self.name} listens", lambda: self.host.run("ss -Hltn sport = 587").stdout)

    def files(self, state: State) -> dict[str, str]:
        """What tells it how it is to be, by name."""
        raise NotImplementedError

    def log(self) -> str:
        """What it tells of all that came since."""
        return str(self.host.run(f"cat {LOG}").stdout)

    def came(self) -> bool:
        """Whether a client spoke to it."""
        raise NotImplementedError

    def given_away(self) -> bool:
        """Whether a client tried to log in or gave it a mail."""
        raise NotImplementedError

    def mail(self, subject: str) -> Mail | None:
        """The mail with this subject; None where there is none."""
        raise NotImplementedError

    def arrived(self, subject: str) -> Mail:
        """The mail with this subject, as soon as it is there."""
        mail: Mail = until(f"{subject} arrives at {self.name}", lambda: self.mail(subject))
        return mail


class Exim(Server):
    name, owner = "exim", "Debian-exim"
    emptying = "rm -f /var/log/exim4/*"

    def files(self, state: State) -> dict[str, str]:
        values = {
            "OFFERED": "*" if state.starttls else ":",
            "MECHANISMS": ":".join(state.mechanisms),
            "USER": USER,
            "PASSWORD": state.password or self.password,
            "REFUSES": "yes" if state.refuses else "no",
        }
        return {"state": "".join(f"{name} = {value}\n" for name, value in values.items())}

    def log(self) -> str:
        return str(self.host.run("cat /var/log/exim4/mainlog").stdout)

    def came(self) -> bool:
        return bool(re.search(r" \[[\d.]+\] ", self.log()))  # a client's address

    def given_away(self) -> bool:
        return bool(re.search(r" <= |[=,]AUTH|authenticator failed|A=", self.log()))

    def mail(self, subject: str) -> Mail | None:
        line = next((line for line in self.log().splitlines() if f'T="{subject}"' in line), "")
        words = re.search(r" <= (\S+) .* X=(\S+?):.* A=\w+:(\S+) .* for (.*)", line)
        return Mail(words[3], words[2], words[1], words[4].split()) if words else None


class OpenSmtpd(Server):
    name, owner = "opensmtpd", "root"
    mechanisms = False
    emptying = f"{Server.emptying} && rm -rf /var/spool/endpoint && install -d -o nobody /var/spool/endpoint"

    def files(self, state: State) -> dict[str, str]:
        secret = self.host.check_output(f"smtpctl encrypt {quote(state.password or self.password)}")
        more = "pki endpoint auth <credentials>" + (" filter refuse" if state.refuses else "")
        # Without TLS it offers no log-in.
        submission = f"tls-require {more}" if state.starttls else ""
        return {
            "state": f"listen on eth0 port 587 {submission}\nlisten on eth0 port 465 smtps {more}\n",
            "credentials": f"{USER} {secret}\n",
        }

    def came(self) -> bool:
        return "smtp connected" in self.log()

    def given_away(self) -> bool:
        return bool(re.search(r"<<< (AUTH|MAIL)", self.log()))

    def mail(self, subject: str) -> Mail | None:
        text = str(self.host.run(f"grep -rlF 'Subject: {subject}' /var/spool/endpoint | xargs -r cat").stdout)
        if not text:
            return None
        ident, tls = _found(r" id (\w+) \((TLS\S+?):", text)
        log = self.log()  # which has the rest, by mail and by session
        session, sender, recipient = _found(rf"^(\w+) smtp envelope evpid={ident}.* from=<(\S*)> to=<(\S+)>", log)
        (user,) = _found(rf"^{session} smtp authentication user=(\S+) result=ok", log)
        return Mail(user, tls, sender, [recipient])


class Node(Server):
    name, owner = "node", "root"

    def files(self, state: State) -> dict[str, str]:
        values = {
            "starttls": state.starttls,
            "mechanisms": state.mechanisms,
            "user": USER,
            "password": state.password or self.password,
            "refuses": state.refuses,
        }
        return {"state": json.dumps(values)}

    def came(self) -> bool:
        return "C: " in self.log()

    def given_away(self) -> bool:
        return bool(re.search(r"^C: (AUTH|MAIL)", self.log(), re.M | re.I))

    def mail(self, subject: str) -> Mail | None:
        mails = [json.loads(line[5:]) for line in self.log().splitlines() if line.startswith("mail ")]
        told = next((mail for mail in mails if f"Subject: {subject}\r\n" in mail["text"]), None)
        return Mail(told["user"], told["tls"], told["sender"], told["recipients"]) if told else None


SERVERS: tuple[type[Server], ...] = (Exim, OpenSmtpd, Node)
