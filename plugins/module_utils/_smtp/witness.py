# SPDX-License-Identifier: GPL-3.0-or-later
"""Does anything else answer while every port of the check swallows? That tells a port, a firewall, no network apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import api_of
from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import resolve_in_time
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import open_connection

PORT = 443
# A port that has not answered in this share of the time is taken for swallowed; the rest is for asking elsewhere.
_PATIENCE = 0.5
_SHARE = 0.9  # of the time that is left then, so that the answer is there when the dialogues give up


class Witness:
    """Looks whether anything else answers when no port does: the endpoint's own HTTPS port, then SES's web interface in
    the region.

    At the same time it connects to the endpoint's other mail ports, those that the check leaves out. WANTED tells
    whether no port has answered.
    """

    def __init__(self, net: Net, deadline: Deadline, wanted: Callable[[], bool], left_out: list[int]) -> None:
        self.heard = ""  # NAME:PORT that answered, be it with a refusal
        self._net = net
        self._deadline = deadline
        self._wanted = wanted
        self._left_out = dict.fromkeys(left_out, "")  # what became of each
        self._over = threading.Event()

    @property
    def scope(self) -> str:
        """How the ports do that the check leaves out, in the words of the table of causes; empty where that is not
        known."""
        outcomes = set(self._left_out.values())
        if "connected" in outcomes:
            return "works"
        return "swallowed" if outcomes <= {"timeout"} else ""

    @contextmanager
    def listening(self, endpoint: str, addresses: list[str], region: str | None) -> Iterator[None]:
        """Ask beside the dialogues, which are led inside, so that no time is spent beyond theirs."""
        thread = threading.Thread(target=self._ask, args=(endpoint, addresses, region), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _ask(self, endpoint: str, addresses: list[str], region: str | None) -> None:
        others: list[threading.Thread] = []
        try:
            self._over.wait(self._deadline.share(_PATIENCE).left())
            if not self._wanted():
                return
            until = self._deadline.share(_SHARE)
            others = [
                threading.Thread(target=self._try, args=(addresses, port, until), daemon=True)
                for port in self._left_out
            ]
            for other in others:
                other.start()
            if not self._answers(endpoint, addresses, 0.5) and region:
                name = api_of(region)
                self._answers(name, resolve_in_time(name, self._net.resolve, self._deadline).addresses, _SHARE)
        except (Failure, OSError):  # no name, no time: nothing was heard
            return
        finally:
            for other in others:
                other.join()

    def _try(self, addresses: list[str], port: int, until: Deadline) -> None:
        self._left_out[port] = self._outcome(addresses, port, until)

    def _answers(self, name: str, addresses: list[str], share: float) -> bool:
        if self._outcome(addresses, PORT, self._deadline.share(share)) in ("connected", "refused"):
            self.heard = f"{name}:{PORT}"
        return bool(self.heard)

    def _outcome(self, addresses: list[str], port: int, until: Deadline) -> str:
        try:
            open_connection(addresses, port, until, self._net.connect).sock.close()
        except Failure as failure:
            return failure.kind
        return "connected"
