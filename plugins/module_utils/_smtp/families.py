# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv4 and IPv6 of an endpoint that has both: does one work, and the other not? An MTA meets both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import family_of
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import failure_of

# Seconds for connections to the family that the dialogues do not begin with: a lost packet is sent again after one.
_SECONDS = 3.0


class Families:
    """The families of an endpoint's ADDRESSES. The dialogues begin with the first one's; the addresses of the other are
    tried beside them, until one takes the connection."""

    def __init__(self, addresses: Sequence[str], net: Net, deadline: Deadline) -> None:
        self._all = list(dict.fromkeys(map(family_of, addresses)))
        self._others = [address for address in addresses if family_of(address) != self._all[0]]
        self._net, self._deadline = net, deadline
        self._port: int | None = None
        self._failed: dict[str, str] = {}
        self._works: list[str] = []

    @contextmanager
    def tried(self, port: int) -> Iterator[None]:
        """Try the second family at PORT while the dialogues are led inside."""
        thread = threading.Thread(target=self._try, args=(port,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def _try(self, port: int) -> None:
        self._port, self._failed, self._works = port, {}, []
        for address in self._others:
            try:
                seconds = self._deadline.within(_SECONDS / len(self._others)).left()
                self._net.connect(address, port, seconds).close()
            except OSError as error:
                self._failed[address] = failure_of(error).kind
            else:
                self._failed, self._works = {}, [address]
                return

    def symptoms(
        self, failed: Mapping[str, str], peers: Mapping[int, str], mta: Callable[[], str | None]
    ) -> list[Symptom]:
        """A family whose addresses swallow or refuse connections beside one that works. FAILED: the addresses that
        failed in dialogues which went on to another one, and how; PEERS: the address that took the connection, by port;
        MTA: asked only where there is a symptom."""
        if not peers or len(self._all) == 1:
            return []
        if self._port not in peers:  # what fails for all at a port says nothing of a family
            self._try(next(iter(peers)))
        works = {family_of(address) for address in (*peers.values(), *self._works)}
        if len(works) != 1:
            return []
        kinds = {a: k for a, k in {**self._failed, **failed}.items() if family_of(a) not in works}
        for kind, name in (("timeout", "family_swallowed"), ("refused", "family_refused")):
            struck = [address for address, how in kinds.items() if how == kind]
            if struck:
                facts = {"works": works.pop(), "family": family_of(struck[0]), "silent": ", ".join(struck)}
                installed = mta()
                return [Symptom(name, facts={**facts, **({f"on_{installed}": "true"} if installed else {})})]
        return []

    def missing(self, failure: Failure | None) -> str:
        """The family of all addresses where the host has a way by the other alone; empty elsewhere."""
        if failure is None or failure.kind != "unreachable" or len(self._all) != 1:
            return ""
        other = {"IPv4": "IPv6", "IPv6": "IPv4"}[self._all[0]]
        return self._all[0] if self._net.routed(other) and not self._net.routed(self._all[0]) else ""
