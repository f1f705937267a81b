# SPDX-License-Identifier: GPL-3.0-or-later
"""One handshake beside the check's own, with what the kernel tells of it."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Callable, NamedTuple, TypeVar

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._smtp import tls
from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path import mtu
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.mtu import Attempt, ConnectSized
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import Session

Result = TypeVar("Result")


class Way(NamedTuple):
    """How to get to the server once more; nothing secret goes over it."""

    connect: ConnectSized
    context: ssl.SSLContext
    client_name: str
    server_name: str
    clock: Callable[[], float]
    address: str = ""
    port: int = 0
    tls: str = ""
    small: Callable[[], ssl.SSLContext | None] = lambda: None  # greets in one packet; None where `context` does

    def with_small_hello(self) -> Way | None:
        """The same way with a greeting of one packet; None where it has that already."""
        context = self.small()
        return self._replace(context=context) if context else None


def start(call: Callable[[], Result]) -> Callable[[float], Result | None]:
    """Run CALL in a thread. The returned function waits so many seconds for its result, and gives None where there is
    none yet; the thread is left behind then."""
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()

    def ask(seconds: float) -> Result | None:
        thread.join(max(seconds, 0))
        return results[0] if results else None

    return ask


def attempt(way: Way, deadline: Deadline, wait: Callable[[], float], max_segment: int | None = None) -> Attempt:
    """Make one handshake; a failure is its outcome. `wait` gives the seconds that TLS may take, and is called just
    before it; 0 cancels it. MAX_SEGMENT is in bytes, None for the kernel's own choice."""
    began = ready = hello = way.clock()
    opened = ended = mtu.TcpInfo()
    session: Session | None = None
    outcome = mtu.LATE
    try:
        session = Session(way.connect(way.address, way.port, deadline.left(), max_segment), deadline, str)
        opened = session.tcp_info()
        if way.tls == "starttls":
            session.expect(220)
            session.greet(way.client_name)
            session.command("STARTTLS", 220)
        outcome = mtu.REFUSED
        ready = hello = way.clock()
        seconds = wait()
        if seconds:
            outcome = mtu.STALLED
            hello = way.clock()
            session.deadline = deadline.within(seconds)
            session.start_tls(way.context, way.server_name)
            outcome = mtu.PASSED
    except (socket.timeout, TimeoutError):  # noqa: UP041  (two errors on Python 3.9 and one from 3.10 on)
        pass  # the outcome says already which step stalled
    except Failure as failure:
        outcome = mtu.LATE if failure.kind == "timeout" else mtu.REFUSED
    except OSError as error:
        answered = isinstance(error, ssl.SSLError) and tls.kind_of(error) != "closed"
        outcome = mtu.PASSED if answered else mtu.REFUSED
    finally:
        if session:
            ended = session.tcp_info()
            session.close()
    return Attempt(outcome, way.clock() - hello, ready - began, opened, ended)
