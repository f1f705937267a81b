# SPDX-License-Identifier: GPL-3.0-or-later
"""Two MTAs whose mail waits for real causes: Postfix on Debian 12, Sendmail on Debian 13."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from testbed.mta import mta_of
from testbed.relay import Relay, until

MODULE = "mailops.ses.mail_queue_info"


class Mta(Relay):
    """What the tests do to either MTA, and see of its queue without the module."""

    unit = ""

    @property
    def kind(self) -> str:
        return self.mta.name

    def look(self, *arguments: str, **options: str) -> dict[str, Any]:
        """What the module returns."""
        return self.module(MODULE, *arguments, **options)

    def defer(self, *recipients: str) -> None:
        """Send a mail and wait until its first delivery has failed."""
        before = self.deferred_mails()
        self.send(", ".join(recipients or ("success@simulator.amazonses.com",)))
        until("the mail is deferred", lambda: self.deferred_mails() > before)

    def service(self, verb: str) -> None:
        self.host.check_output(f"systemctl {verb} {self.unit}")

    def deferred_mails(self) -> int:
        raise NotImplementedError

    def hold(self) -> None:
        """Hold all mail back."""
        raise NotImplementedError

    def forget(self) -> None:
        """Let the MTA forget what it holds against the endpoint, and what it has loaded."""

    def lose(self) -> None:
        """Let the MTA find a queue file that it cannot read."""


class Postfix(Mta):
    unit = "postfix@-"

    def deferred_mails(self) -> int:
        return sum(bool(reason) for reason in self.queue())

    def hold(self) -> None:
        self.host.check_output("postsuper -h ALL")

    def forget(self) -> None:
        self.host.check_output(self.mta.reload)


class Sendmail(Mta):
    unit = "sendmail"

    def deferred_mails(self) -> int:
        script = "cat /var/spool/mqueue/qf* /var/spool/mqueue-client/qf* 2>/dev/null | grep -c '^N[1-9]'"
        return int(self.host.run(script).stdout)

    def hold(self) -> None:
        self.host.check_output("cd /var/spool/mqueue && for f in qf*; do sendmail -Qtest -qI${f#qf}; done")

    def lose(self) -> None:
        broken = "V8\\nT1795538783\\nK0\\nN0\\nP30000\\nYes\\n.\\n"
        self.host.check_output(f"printf '{broken}' > /var/spool/mqueue/qf6AOGbroken0001")
        self.host.run("sendmail -q")


KINDS: dict[str, type[Mta]] = {"postfix": Postfix, "sendmail": Sendmail}


@pytest.fixture
def mta(host: Any, layout: Any, endpoint: Any) -> Iterator[Mta]:
    """The host's MTA, with an empty queue before and after."""
    machine = KINDS[mta_of(host).name](host, layout)
    machine.empty()
    yield machine
    machine.empty()
