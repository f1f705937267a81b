# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection to an SMTP server: commands and replies before one deadline, credentials only over verified TLS."""

from __future__ import annotations

import base64
import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._smtp import tls
from ansible_collections.mailops.ses.plugins.module_utils._smtp.certificate import Certificate, parse
from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.mtu import TcpInfo, kernel_mtu, tcp_info
from ansible_collections.mailops.ses.plugins.module_utils._smtp.replies import Reply, ReplyReader, capabilities

MECHANISMS = ("PLAIN", "LOGIN")  # in order of preference

_ERRNO_KINDS = {
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.EADDRNOTAVAIL: "unreachable",
    errno.EAFNOSUPPORT: "unreachable",
    errno.EPERM: "forbidden",
    errno.EACCES: "forbidden",
}
_ERROR_KINDS: tuple[tuple[type[OSError], str], ...] = (
    (socket.timeout, "timeout"),
    (TimeoutError, "timeout"),
    (ConnectionRefusedError, "refused"),
    (ConnectionError, "closed"),
)

# Of several addresses' failures the lowest speaks for the port: an answer shows that there is a way out, and an address
# family that the host lacks says little.
_ANSWERS = {"refused": 0, "closed": 0, "unreachable": 2}
_OTHERS = 1
_GOODBYE_SECONDS = 1
_ASK_SECONDS = 0.2  # that a handshake waits before it asks whether to go on

Connect = Callable[[str, int, float], socket.socket]


class Credentials(NamedTuple):
    """An SMTP user name and its password; neither is in the repr."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"

    def encoded(self) -> dict[str, str]:
        """What each mechanism sends last: RFC 4616 for PLAIN; LOGIN has no RFC."""
        return {
            "PLAIN": _base64(f"\0{self.username}\0{self.password}"),
            "LOGIN": _base64(self.password),
        }

    def secrets(self) -> list[str]:
        """The password in each form that a server could repeat."""
        return [self.password, *self.encoded().values()]


class Session:
    """One connection: sends a command, reads its reply. Each step raises a Failure or an OSError, socket.timeout at the
    deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline, mask: Callable[[str], str]) -> None:
        # The EHLO after TLS must not wait until the end of the handshake is acknowledged.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self.path_mtu = kernel_mtu(sock)
        self.opened = tcp_info(sock)
        self.peer = _peer(sock)
        self.deadline = deadline
        self._mask = mask
        self._reader = ReplyReader(self._receive, mask)
        self.verified = False
        self.tls_version: str | None = None
        self.tls_cipher: str | None = None
        self.certificate: Certificate | None = None
        self.last: Reply | None = None
        self.offers: dict[str, list[str]] = {}

    def tcp_info(self) -> TcpInfo:
        """What the kernel tells of the connection now."""
        return tcp_info(self._sock)

    def expect(self, code: int) -> Reply:
        """Read a reply, which has to have this code; Failure with the reply where it has another."""
        self.last = reply = self._reader.read()
        if reply.code != code:
            raise Failure("reply", f"{reply.code} {reply.text}".replace("\n", " "))
        return reply

    def command(self, line: str, code: int) -> Reply:
        """Send one line and read the reply, which has to have this code; Failure with the reply where it has
        another."""
        self._sock.settimeout(self.deadline.left())
        self._sock.sendall(line.encode("ascii") + b"\r\n")
        return self.expect(code)

    def greet(self, client_name: str) -> None:
        """Say EHLO and keep what the server offers; an empty name stands for this end's address."""
        name = client_name or _literal(self._sock.getsockname()[0])
        self.offers = capabilities(self.command(f"EHLO {name}", 250).text)

    def start_tls(
        self, context: ssl.SSLContext, server_name: str, hopeless: Callable[[], bool] = lambda: False
    ) -> None:
        """Make the TLS handshake and keep what it shows. Failure (injected) where the server sent more in clear than it
        was asked. Once HOPELESS says so, no more time is spent on waiting for an answer."""
        if self._reader.pending:  # sent in clear by someone who wants it read as if it had come over TLS
            raise Failure("injected")
        # In two steps, so that the kernel can be asked about a handshake that fails.
        self._sock = secured = context.wrap_socket(
            self._sock, server_hostname=server_name, do_handshake_on_connect=False
        )
        self._shake_hands(secured, hopeless)
        self.verified = context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
        self._reader = ReplyReader(self._receive, self._mask)
        self.tls_version = secured.version()
        self.tls_cipher = (secured.cipher() or ("",))[0] or None
        with contextlib.suppress(ValueError):
            self.certificate = parse(secured.getpeercert(binary_form=True) or b"")

    def _shake_hands(self, secured: ssl.SSLSocket, hopeless: Callable[[], bool]) -> None:
        while True:
            secured.settimeout(min(self.deadline.left(), _ASK_SECONDS))
            try:
                secured.do_handshake()
            except (socket.timeout, TimeoutError):  # noqa: UP041  (two errors on Python 3.9 and one from 3.10 on)
                if hopeless():
                    raise
            else:
                return

    def authenticate(self, credentials: Credentials) -> None:
        """Log in, by the first of MECHANISMS that the server offers. Failure before anything is sent where TLS is not
        verified (unverified) or no mechanism fits (no_auth)."""
        if not self.verified:
            raise Failure("unverified")
        offered = self.offers.get("AUTH", [])
        mechanism = next((known for known in MECHANISMS if known in offered), None)
        if mechanism is None:
            raise Failure("no_auth", " ".join(offered))
        last = credentials.encoded()[mechanism]
        if mechanism == "PLAIN":
            self.command(f"AUTH PLAIN {last}", 235)
        else:
            self.command("AUTH LOGIN", 334)
            self.command(_base64(credentials.username), 334)
            self.command(last, 235)

    def quit(self) -> None:
        """Say QUIT, and wait one second at most for the answer; nothing is raised."""
        self.deadline = self.deadline.share(0.5).within(_GOODBYE_SECONDS)
        with contextlib.suppress(OSError, Failure):
            self._sock.settimeout(self.deadline.left())
            self._sock.sendall(b"QUIT\r\n")
            self._reader.read()

    def close(self) -> None:
        """Close the connection without a word."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def _receive(self) -> bytes:
        self._sock.settimeout(self.deadline.left())
        return self._sock.recv(8192)


class Progress:
    """Which stages are done, and the milliseconds that each took, the failed one too."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.stage: str | None = None
        self.timings_ms: dict[str, float] = {}

    @contextlib.contextmanager
    def during(self, stage: str) -> Iterator[None]:
        """Time a stage. What fails inside is raised as a Failure that names the stage, an OSError too."""
        begun = self._clock()
        again = stage in self.timings_ms
        try:
            yield
            if not again:
                self.stage = stage
        except Failure as failure:
            failure.stage = stage
            raise
        except OSError as error:
            known = failure_of(error)
            known.stage = stage
            raise known from None
        finally:
            self.timings_ms[stage] = round(self.timings_ms.get(stage, 0) + (self._clock() - begun) * 1000, 1)


class Opened(NamedTuple):
    """A connection that was made, and what came before."""

    sock: socket.socket
    failed: dict[str, str]  # the addresses before it, and the kind of each one's failure


def open_connection(addresses: list[str], port: int, deadline: Deadline, connect: Connect) -> Opened:
    """Try the addresses in order; each has its share of the time that is left. Failure where none connects."""
    failures: dict[str, Failure] = {}
    for number, address in enumerate(addresses):
        try:
            sock = connect(address, port, deadline.share(1 / (len(addresses) - number)).left())
        except OSError as error:
            failures[address] = failure_of(error)
        else:
            return Opened(sock, {address: failure.kind for address, failure in failures.items()})
    raise _speaking(failures)


def _speaking(failures: dict[str, Failure]) -> Failure:
    """The failure that stands for all; where some refuse and others swallow, with the addresses of both."""
    failure = min(failures.values(), key=lambda one: _ANSWERS.get(one.kind, _OTHERS), default=Failure("unreachable"))
    silent = _of_kind("timeout", failures)
    if failure.kind == "refused" and silent:
        failure.facts = {"refusing": ", ".join(_of_kind("refused", failures)), "silent": ", ".join(silent)}
    return failure


def _of_kind(kind: str, failures: dict[str, Failure]) -> list[str]:
    return [address for address, failure in failures.items() if failure.kind == kind]


def failure_of(error: OSError) -> Failure:
    """The Failure that stands for an error of the operating system or of OpenSSL."""
    if isinstance(error, ssl.SSLError):
        return Failure(tls.kind_of(error), getattr(error, "verify_message", "") or error.reason or "")
    by_class = next((kind for cls, kind in _ERROR_KINDS if isinstance(error, cls)), None)
    return Failure(by_class or _ERRNO_KINDS.get(error.errno or 0, "io"), error.strerror or "")


def _peer(sock: socket.socket) -> str:
    """The server's address; empty when the connection is gone already."""
    with contextlib.suppress(OSError):
        return str(sock.getpeername()[0])
    return ""


def _literal(address: str) -> str:
    return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
