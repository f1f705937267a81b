# SPDX-License-Identifier: GPL-3.0-or-later
"""Does anything else answer while every mail port swallows? That tells an egress firewall from no network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from ansible_collections.mailops.ses.plugins.module_utils._deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._dialogue import failure_of
from ansible_collections.mailops.ses.plugins.module_utils._net import Net
from ansible_collections.mailops.ses.plugins.module_utils._replies import Failure
from ansible_collections.mailops.ses.plugins.module_utils._resolver import resolve_in_time

PORT = 443
# A port that has not answered in this share of the time is taken for swallowed; the rest is for asking elsewhere.
_PATIENCE = 0.5


class Witness:
    """Asked only when no mail port answered: the endpoint's own HTTPS port, then SES's web interface in the region."""

    def __init__(self, net: Net, deadline: Deadline, wanted: Callable[[], bool]) -> None:
        self.heard = ""  # NAME:PORT that answered, be it with a refusal
        self._net = net
        self._deadline = deadline
        self._wanted = wanted
        self._over = threading.Event()

    @contextmanager
    def listening(self, endpoint: str, addresses: list[str], region: str | None) -> Iterator[None]:
        """Asks beside the dialogues, so that it costs no time beyond theirs."""
        thread = threading.Thread(target=self._ask, args=(endpoint, addresses, region), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _ask(self, endpoint: str, addresses: list[str], region: str | None) -> None:
        try:
            self._over.wait(self._deadline.share(_PATIENCE).left())
            if self._wanted() and not self._answers(endpoint, addresses[:1], 0.5) and region:
                name = f"email.{region}.amazonaws.com"
                self._answers(name, resolve_in_time(name, self._net.resolve, self._deadline).addresses[:1], 0.9)
        except (Failure, OSError):  # no name, no time: nothing was heard
            return

    def _answers(self, name: str, addresses: list[str], share: float) -> bool:
        for address in addresses:
            try:
                self._net.connect(address, PORT, self._deadline.share(share).left()).close()
            except OSError as error:
                if failure_of(error).kind != "refused":
                    continue
            self.heard = f"{name}:{PORT}"
        return bool(self.heard)
