# SPDX-License-Identifier: GPL-3.0-or-later
"""Two MTAs, configured by hand, and how each is led into the mismatch: Sendmail on Debian 12, Postfix on 13."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from testbed.mta import mta_of
from testbed.relay import Relay, until


class Mta(Relay):
    """What the tests do to either MTA, and where each keeps the rows of AWS's page."""

    verified = ""  # what the log says of verified TLS with a server of this name
    no_log_in: list[str] = []  # the causes that the queue gives where the host did not log in
    unproved = ""  # the one where the server does not prove the name that it was connected to under
    expands = True  # whether settings of the host lead the role's relay back into the mismatch
    page: dict[str, tuple[str, str]]  # table: key and value of the page's row

    def by_hand(self) -> None:
        """The configuration of prepare.yml."""
        self.host.check_output(f"rm -rf {self.mta.directory} && cp --archive /root/by-hand {self.mta.directory}")
        self.host.check_output(self.mta.restart)

    def demand_the_name(self) -> None:
        """Have the configuration of prepare.yml verify the server's name, as it knows it."""
        raise NotImplementedError

    def expand(self, region: str) -> None:
        """Put the mismatching settings in place of the role's, and leave the role's rows and its verification alone."""
        raise NotImplementedError

    def drop_rows(self, name: str) -> None:
        """Take the credentials of this name away."""
        raise NotImplementedError

    def words(self, subject: str) -> str:
        """What the endpoint answered to a mail without a log-in, as the MTA words it."""
        raise NotImplementedError

    def mark(self) -> None:
        """Begin to listen to the log."""
        self.cursor = self.host.check_output("journalctl --quiet --lines 0 --show-cursor").partition("cursor: ")[2]

    def logs(self, text: str) -> None:
        """Wait until the log has this text."""
        command = f"journalctl --quiet --output cat --after-cursor '{self.cursor}'"
        until(f"{text!r} in the log", lambda: text in self.host.check_output(command), deadline=10)


class Postfix(Mta):
    verified = "Verified TLS connection established to {name}["
    no_log_in, unproved = ["hostname_mismatch"], "certificate_not_verified"
    page = {"ses_sasl_passwd": ("{name}:25", "{user}:{password}")}

    def demand_the_name(self) -> None:
        self.host.check_output(f"postconf -e smtp_tls_security_level=verify && {self.mta.reload}")

    def expand(self, region: str) -> None:
        relayhost = f"email-smtp.{region}.amazonaws.com:587"
        self.host.check_output(f"postconf -e relayhost={relayhost} soft_bounce=yes")
        for option in ("smtp_host_lookup=dns", "smtp_cname_overrides_servername=yes"):
            self.host.check_output(f"postconf -P {self.mta.service()}/unix/{option}")
        self.host.check_output(self.mta.restart)  # a reload would leave connections open

    def drop_rows(self, name: str) -> None:
        for key in self.mta.keys(name):
            self.drop_row(key)
        self.host.check_output(self.mta.restart)

    def drop_row(self, key: str) -> None:
        """Take one key away; Postfix sees it when it has started anew."""
        self.host.check_output(f"postmap -d '{key}' {self.mta.option('smtp_sasl_password_maps')}")

    def words(self, subject: str) -> str:
        return self.deferred(subject, "530")


class Sendmail(Mta):
    verified = "relay={name}, version=TLSv1.3, verify=OK"
    expands = False  # the role's mailer connects to the name as it is written, whatever that option says
    unproved = "hostname_mismatch"  # and where the host did not log in, the mail has bounced
    page = {
        # The page has M:LOGIN alone; by the second mechanism mail waits when the log-in is refused.
        "ses_authinfo": ("AuthInfo:{name}", '"U:root" "I:{user}" "P:{password}" "M:LOGIN PLAIN"'),
        "access": ("Connect:{name}", "RELAY"),
    }

    def demand_the_name(self) -> None:
        self.host.check_output("echo 'TLS_Srv: TEMP+VERIFY:112+CN' >> /etc/mail/access && make -C /etc/mail")

    def expand(self, region: str) -> None:
        changes = "/confDONT_EXPAND_CNAMES/s/True/False/"
        self.host.check_output(f"sed -i '{changes}' /etc/mail/sendmail.mc && make -C /etc/mail")
        self.host.check_output(self.mta.reload)

    def drop_rows(self, name: str) -> None:
        table = f"hash /etc/mail/{self.mta.generation('ses_authinfo')}"
        others = f"makemap -u {table} | grep -v :{name} > /run/others"
        self.host.check_output(f"{others}; makemap {table} < /run/others; rm /run/others")

    def words(self, subject: str) -> str:
        return self.mailbox("root", subject)  # the bounce


KINDS: dict[str, type[Mta]] = {"postfix": Postfix, "sendmail": Sendmail}


@pytest.fixture
def relay(host: Any, layout: Any) -> Iterator[Mta]:
    """The host's MTA, with an empty queue before and after."""
    machine = KINDS[mta_of(host).name](host, layout)
    machine.empty()
    machine.mark()
    yield machine
    machine.empty()
