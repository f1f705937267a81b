# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv4 and IPv6 of an endpoint that has both: does one work, and the other not? An MTA meets both."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import family_of
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import failure_of

# Seconds for a connection to the family that the dialogues do not begin with: a lost packet is sent again after one.
_SECONDS = 3.0


class Families:
    """The families of an endpoint's ADDRESSES. The dialogues begin with the first one's; of the other, one address is
    tried at PORT beside them."""

    def __init__(self, addresses: Sequence[str], port: int, net: Net, deadline: Deadline) -> None:
        self._all = list(dict.fromkeys(map(family_of, addresses)))
        self._second = next((address for address in addresses if family_of(address) != self._all[0]), None)
        self._port, self._net, self._deadline = port, net, deadline
        self._failed: dict[str, str] = {}
        self._works: list[str] = []

    @contextmanager
    def tried(self) -> Iterator[None]:
        """Try the second family while the dialogues are led inside."""
        thread = threading.Thread(target=self._try, daemon=True)
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def _try(self) -> None:
        if self._second is None:
            return
        try:
            seconds = self._deadline.within(_SECONDS).left()
            self._net.connect(self._second, self._port, seconds).close()
        except OSError as error:
            self._failed[self._second] = failure_of(error).kind
        else:
            self._works.append(self._second)

    def symptoms(self, failed: Mapping[str, str], peers: Iterable[str], mta: str | None) -> list[Symptom]:
        """A family whose addresses swallow or refuse connections beside one that works: FAILED and PEERS are the
        dialogues', addresses with each one's kind of failure, and addresses that took the connection."""
        works = {family_of(address) for address in (*peers, *self._works) if address}
        if len(works) != 1:
            return []
        kinds = {a: k for a, k in {**self._failed, **failed}.items() if family_of(a) not in works}
        facts = {"works": works.pop(), **({f"on_{mta}": "true"} if mta else {})}
        for kind, name in (("timeout", "family_swallowed"), ("refused", "family_refused")):
            struck = [address for address, how in kinds.items() if how == kind]
            if struck:
                return [Symptom(name, facts={**facts, "family": family_of(struck[0]), "silent": ", ".join(struck)})]
        return []

    def missing(self, failure: Failure | None) -> str:
        """The family of all addresses where the host has a way by the other alone; empty elsewhere."""
        if failure is None or failure.kind != "unreachable" or len(self._all) != 1:
            return ""
        other = {"IPv4": "IPv6", "IPv6": "IPv4"}[self._all[0]]
        return self._all[0] if self._net.routed(other) and not self._net.routed(self._all[0]) else ""
