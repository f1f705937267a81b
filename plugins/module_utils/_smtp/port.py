# SPDX-License-Identifier: GPL-3.0-or-later
"""One port's dialogue, what came of it, and what the check's other connections tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from typing import Any, Callable

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS, region_of
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from ansible_collections.mailops.ses.plugins.module_utils._smtp import tls
from ansible_collections.mailops.ses.plugins.module_utils._smtp.certificate import Certificate, wildcard_alone
from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.mtu import BLACK_HOLE, BLOCKED, ONE_WAY, UNANSWERED
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.probe import Findings, PathWatch, PortWatch
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import family_of
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import (
    Progress,
    Session,
    open_connection,
)

# A server that owes a banner gets this share of the time; the rest is for asking whether it speaks TLS instead.
_BANNER_SHARE = 0.7
# Failures of which another connection can tell more: who answers a silent client, whose certificate, which TLS.
_LOOKS = (
    ("banner", "timeout"),
    ("tls", "closed"),
    ("tls", "tls_too_old"),
    ("tls", "certificate_untrusted"),
    ("tls", "certificate_expired"),
    ("tls", "certificate_not_yet_valid"),
    ("tls", "certificate_other_name"),
)
# What a large write that failed will do to mail.
_LARGE_KINDS = {BLACK_HOLE: "large_writes_lost", ONE_WAY: ONE_WAY, UNANSWERED: UNANSWERED}
_GREETED_SMALL = "large_hello_avoided"  # a port that is used past such a fault
# The MTA whose own ClientHello is small whatever OpenSSL would send, and the one that finds no name in a certificate's
# wildcard where that is the common name.
_GREETS_SMALL, _NEEDS_ALTERNATIVES = "postfix", "sendmail"
# Failures after which the server still listens.
_POLITE = ("reply", "no_auth", "no_starttls")
# Failures that may have no other reason than that too little time was left.
_TIMED_OUT = ("timeout", "silent", "unfinished")

During = Callable[[str], AbstractContextManager[None]]


class PortCheck:
    """One port's dialogue and what came of it."""

    def __init__(
        self,
        port: int,
        request: Request,
        net: Net,
        deadline: Deadline,
        resolved: Progress,
        *,
        watch: PathWatch | None = None,
    ) -> None:
        self.port = port
        self.tls = PORTS[port]
        self.failure: Failure | None = None
        self.inspected: Certificate | None = None  # the certificate that failed verification
        self.path_mtu: int | None = None
        self.session: Session | None = None
        self.progress = Progress(net.clock)
        self.progress.stage = resolved.stage
        self.progress.timings_ms.update(resolved.timings_ms)
        self._request = request
        self._net = net
        self._resolved = resolved
        self._deadline = deadline
        self._watch = watch
        self._beside: PortWatch | None = None
        self._shaking = False  # the TLS handshake has begun
        self._warning = ""  # the kind of what fails later
        self.failed: dict[str, str] = {}  # addresses before the one that took the connection, and each one's failure
        self.named: set[str] = set()  # families of addresses that a finding of the endpoint names
        self._sizes: dict[str, str] = {}  # of the large ClientHello that does not pass, and of the small one that does

    def run(self, addresses: list[str]) -> None:
        """Go through the dialogue until it is done or a stage fails; the failure is kept, and none is raised."""
        try:
            with self.progress.during("connect"):
                self.session = self._open(addresses)
            self.path_mtu = self.session.path_mtu
            self._beside = self._watch.port(self.session, self.port, self.tls) if self._watch else None
            self._secure(self.session, self._shake, self.progress.during, self._prepare)
            self._ask(self.session)
        except Failure as failure:
            self.failure = failure
        finally:
            if self._beside:
                self._beside.over.set()
            if self.session:
                if self.failure is None or self.failure.kind in _POLITE:
                    self.session.quit()
                self.session.close()
        if self.failure:
            self._look_into(addresses, self.failure)

    def _open(self, addresses: list[str]) -> Session:
        opened = open_connection(addresses, self.port, self._deadline, self._net.connect)
        self.failed = opened.failed
        return Session(opened.sock, self._deadline, self._request.mask)

    def _prepare(self) -> None:
        if self._beside:
            self._beside.prepare()

    def _shake(self, session: Session) -> None:
        self._shaking = True
        with self._beside.handshake() if self._beside else nullcontext():
            hopeless = self._beside.drops_large if self._beside else lambda: False
            session.start_tls(self._request.context, self._request.endpoint, hopeless)
        certificate = session.certificate
        if certificate and wildcard_alone(certificate, self._request.endpoint) and self._mta() == _NEEDS_ALTERNATIVES:
            failure = Failure("certificate_wildcard")
            failure.facts = {"wildcard": certificate.common_name}
            raise failure

    def _mta(self) -> str | None:
        return self._request.mta or self._net.mta()

    def _secure(
        self,
        session: Session,
        shake: Callable[[Session], None],
        during: During,
        greeted: Callable[[], None] = lambda: None,
    ) -> None:
        """Up to the EHLO over TLS; over TLS without verification nothing is sent."""
        if self.tls == "wrapper":
            with during("tls"):
                shake(session)
            if not session.verified:
                return
        with during("banner"):
            whole, session.deadline = session.deadline, session.deadline.share(_BANNER_SHARE)
            session.expect(220)
            session.deadline = whole
        greeted()
        with during("ehlo"):
            session.greet(self._request.client_name)
        if self.tls == "starttls":
            with during("tls"):
                if "STARTTLS" not in session.offers:
                    raise Failure("no_starttls")
                session.command("STARTTLS", 220)
                shake(session)
            if session.verified:
                with during("ehlo"):
                    session.greet(self._request.client_name)

    def _ask(self, session: Session) -> None:
        request = self._request
        if request.credentials:
            with self.progress.during("auth"):
                session.authenticate(request.credentials)
        if request.sender:
            with self.progress.during("sender"):
                session.command(f"MAIL FROM:<{request.sender}>", 250)
        if request.recipient:
            with self.progress.during("recipient"):
                session.command(f"RCPT TO:<{request.recipient}>", 250)
        if request.message:
            with self.progress.during("data"):
                session.command("DATA", 354)
                session.command(f"{request.message}\r\n.", 250)

    def _look_into(self, addresses: list[str], failure: Failure) -> None:
        if self._large_blocked(failure):
            self._greet_small(addresses, failure)
        elif (failure.stage, failure.kind) in _LOOKS:
            self._look(addresses, failure)

    def _large_blocked(self, failure: Failure) -> bool:
        """Whether the handshake failed because of the size of its ClientHello, and a small one passes."""
        if not self._beside or not self._shaking or failure.stage != "tls":
            return False
        if failure.kind == "timeout":
            return self._beside.drops_large()
        return failure.kind == "closed" and self._beside.resets_large()

    def _greet_small(self, addresses: list[str], failure: Failure) -> None:
        """What comes of the dialogue with a small ClientHello, where that is how the MTA greets."""
        request, context = self._request, self._request.small()
        if not context:
            return
        failure.kind = BLOCKED
        sizes = {"large_hello": request.context, "small_hello": context}
        self._sizes = {name: str(tls.hello_size(each, request.endpoint)) for name, each in sizes.items()}
        if self._mta() != _GREETS_SMALL:
            return
        again = PortCheck(self.port, request._replace(context=context), self._net, self._deadline, self._resolved)
        again.run(addresses)
        if again.certificate:  # the server has answered
            self.failure, self.session, self.inspected = again.failure, again.session, again.inspected
            self.progress, self.path_mtu = again.progress, again.path_mtu
            self._warning = _GREETED_SMALL

    def _look(self, addresses: list[str], failure: Failure) -> None:
        """What only another connection can tell; nothing secret goes over it."""
        with suppress(Failure, OSError):
            session = self._open(addresses)
            with closing(session):
                if failure.stage == "tls":
                    self._secure(session, self._inspect, lambda _stage: nullcontext())
                    self.inspected = session.certificate
                    if session.tls_version in tls.TOO_OLD:
                        failure.kind = "tls_too_old"
                elif self.tls == "starttls":
                    self._inspect(session)
                    failure.kind = "wrapper_spoken"

    def _inspect(self, session: Session) -> None:
        session.start_tls(tls.inspecting_context(), self._request.endpoint)

    def learn(self, findings: Findings) -> None:
        """Name the failure anew by what further handshakes told of the path, and keep the size of its packets."""
        failure, stalled, large = self.failure, findings.stalled, findings.large
        if failure and (failure.stage, failure.kind) == ("tls", "timeout"):
            if not self._shaking:
                failure.kind = "silent"
            elif stalled:
                failure.kind = stalled.verdict
                self.path_mtu = stalled.size or self.path_mtu
        if self._warning:
            return
        if large and large.verdict in _LARGE_KINDS and self.session and self.session.tls_version:
            self.path_mtu = large.size or self.path_mtu
            self._warning = _LARGE_KINDS[large.verdict]
        elif self.path_mtu and findings.learnt:
            self.path_mtu = min(self.path_mtu, findings.learnt)

    def miss(self, family: str) -> None:
        """Name the FAMILY of addresses that the host has no way to, where it is known."""
        if self.failure and family:
            self.failure.facts = {**self.failure.facts, "missing": family}

    def blame_the_name(self) -> None:
        """Put a time-out down to the look-up of the endpoint's name, which took most of the time."""
        if self.failure and self.failure.kind in _TIMED_OUT:
            self.failure.kind = "dns_late"

    def diagnosis(self, scope: str, facts: Mapping[str, str]) -> list[dict[str, str]]:
        """Why the port failed, what will fail later, and what makes it slow."""
        silent = self._silent()
        if not (self.failure or self._warning or silent):
            return []
        known = {**facts, **self._sizes, "size": str(self.path_mtu or "")}
        symptoms = []
        if self.failure:
            told = {**self._request.facts, **known, **_facts_of(self.certificate), **self.failure.facts}
            failure = self.failure
            symptoms.append(Symptom(failure.kind, failure.text, failure.stage, self.port, scope, told))
        if self._warning:
            symptoms.append(Symptom(self._warning, facts=known))
        if silent:
            symptoms.append(Symptom("address_swallowed", facts={**known, "silent": ", ".join(silent)}))
        return [diagnose(symptom) for symptom in symptoms]

    def _silent(self) -> list[str]:
        """Addresses that gave no answer before another one did; a family that fails as a whole is named by itself."""
        silent = [address for address, kind in self.failed.items() if kind == "timeout"]
        return [address for address in silent if family_of(address) not in self.named]

    @property
    def certificate(self) -> Certificate | None:
        """The certificate that failed verification, else the session's; None where no certificate was seen."""
        return self.inspected or (self.session.certificate if self.session else None)

    @property
    def swallowed(self) -> bool:
        """Whether the connection was neither made nor refused in time."""
        return self.failure is not None and (self.failure.stage, self.failure.kind) == ("connect", "timeout")

    @property
    def unheard(self) -> bool:
        """Whether the port is swallowed, or still waits for an answer to its first packet."""
        return self.swallowed or not (self.session or self.failure)

    def report(self, scope: str, facts: Mapping[str, str]) -> dict[str, Any]:
        """The port's row in the report. SCOPE is how the other ports do, FACTS are those of the whole check."""
        session = self.session
        certificate = self.certificate
        return {
            "port": self.port,
            "tls": self.tls,
            "ok": self.failure is None,
            "stage": self.progress.stage,
            "timings_ms": self.progress.timings_ms,
            "tls_version": session.tls_version if session else None,
            "tls_cipher": session.tls_cipher if session else None,
            "certificate": certificate and _shown(certificate, bool(session and session.verified)),
            "auth_mechanisms": session.offers.get("AUTH", []) if session else [],
            "path_mtu": self.path_mtu,
            "reply": session.last._asdict() if session and session.last else None,
            "diagnosis": self.diagnosis(scope, facts),
        }


def _facts_of(certificate: Certificate | None) -> dict[str, str]:
    if certificate is None:
        return {}
    facts = {name: value for name, value in certificate._asdict().items() if isinstance(value, str)}
    return {
        **facts,
        "names": ", ".join(certificate.names) or certificate.subject,
        "ses_name": next((name for name in certificate.names if region_of(name)), ""),
    }


def _shown(certificate: Certificate, verified: bool) -> dict[str, Any]:
    fields = certificate._asdict()
    del fields["not_before"], fields["common_name"]
    return {**fields, "verified": verified}
