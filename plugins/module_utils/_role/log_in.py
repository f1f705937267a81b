# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof that a host can log in to SES, made while the host is looked at."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import FURTHER, Form, label, secrets_of
from ansible_collections.mailops.ses.plugins.module_utils._relay.identities import IDENTITIES
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import endpoint_named
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import ports_of, region_meant
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import smtp_password
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import check, summary
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import this_host
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import OptionError, request_of

SECONDS = 10.0  # for the dialogue
RETRIES, DELAY = 2, 5.0  # a host that has just started may have no network yet
# What errors name in place of smtp_check's options.
OPTION_NAMES = {
    "region": "ses_region",
    "endpoint": "ses_endpoint",
    "ports": "ses_port",
    "username": "ses_smtp_username",
    "password": "ses_smtp_password",
    "secret_access_key": "ses_secret_access_key",
    "ca_file": "ses_tls_ca_file",
}


def password_of(secrets: Mapping[str, str | None], region: str | None) -> str:
    """The SMTP password: the one that is given, else that which the secret access key gives for the region."""
    given = secrets["ses_smtp_password"]
    return given or smtp_password(str(secrets["ses_secret_access_key"]), str(region))


def trust_anchors(variables: Mapping[str, Any], bundle: str) -> str:
    """The file with the trust anchors: ses_tls_ca_file, else the distribution's BUNDLE."""
    return str(variables.get("ses_tls_ca_file") or bundle)


class LogInError(Exception):
    """Why this host cannot log in, in sentences, and smtp_check's report."""

    def __init__(self, sentences: str, report: Mapping[str, Any]) -> None:
        super().__init__(sentences)
        self.report = dict(report)


class LogIn:
    """smtp_check's dialogue in a thread of its own, which nobody waits for where the host is refused meanwhile."""

    def __init__(
        self,
        mta: str,
        secrets: Mapping[str, str | None],
        bundle: str,
        awaited: bool,
        option_names: Mapping[str, str] | None = None,
    ) -> None:
        self._secrets, self._mta, self._option_names = secrets, mta, option_names or OPTION_NAMES
        # The distribution's trust anchors, and whether they are AWAITED from a package that is still to be installed.
        self._bundle, self._awaited = bundle, awaited
        self._thread: threading.Thread | None = None
        self._report: dict[str, Any] = {}
        self._fault: Exception | None = None

    def begin(self, variables: Mapping[str, Any]) -> None:
        """Begin, with VARIABLES that have no fault; not where the trust anchors are still to come."""
        ca_file = trust_anchors(variables, self._bundle)
        if os.path.isfile(ca_file) or not self._awaited:
            self._thread = threading.Thread(target=self._run, args=(variables, ca_file), daemon=True)
            self._thread.start()

    def report(self) -> dict[str, Any] | None:
        """smtp_check's report once it is there, None where none was made; LogInError where no port took the log-in."""
        if self._thread is None:
            return None
        self._thread.join()
        if self._fault:
            raise self._fault
        if not self._report["reachable"]:
            raise LogInError(summary(self._report), self._report)
        return self._report

    def prove(self) -> None:
        """LogInError where a log-in was begun and no port took it."""
        self.report()

    def _run(self, variables: Mapping[str, Any], ca_file: str) -> None:
        net = this_host()
        try:
            request = request_of(
                {
                    "region": region_meant(variables),
                    "endpoint": endpoint_named(variables),
                    "ports": ports_of(variables),
                    "username": variables["ses_smtp_username"],
                    "password": password_of(self._secrets, region_meant(variables)),
                    "secret_access_key": self._secrets["ses_secret_access_key"],
                    "timeout": SECONDS,
                    "ca_file": ca_file,
                    "mta": self._mta,
                    "sender": None,
                    "recipient": None,
                    "send": False,
                    "retries": RETRIES,
                    "delay": DELAY,
                    "option_names": self._option_names,
                },
                socket.gethostname(),
                "",
            )
            self._report = check(request, net, RETRIES, DELAY)
        except OptionError as fault:
            self._fault = LogInError(str(fault), {"diagnosis": fault.diagnosis})
        except Exception as fault:  # the caller's thread raises it
            self._fault = fault


class LogIns:
    """A log-in by each way out, side by side. OWN has the secrets of the entries of ses_fallback, IDENTITIES those of
    ses_identities; those of the first way are also right for some of them."""

    def __init__(
        self,
        mta: str,
        secrets: Mapping[str, str | None],
        own: Sequence[Mapping[str, Any]],
        bundle: str,
        awaited: bool,
        *,
        identities: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self._mta, self._secrets, self._own, self._identities = mta, secrets, own, identities
        self._bundle, self._awaited = bundle, awaited
        self._first = LogIn(mta, secrets, bundle, awaited)
        self._others: list[LogIn] = []
        self._senders: list[LogIn] = []

    def secrets(self, variables: Mapping[str, Any]) -> list[dict[str, str | None]]:
        """The secrets of each further way."""
        ways = variables.get("ses_fallback") or []
        return [secrets_of(way, own, variables, self._secrets) for way, own in zip(ways, self._own)]

    def identity_secrets(self, variables: Mapping[str, Any]) -> list[dict[str, str | None]]:
        """The secrets of each identity."""
        ways = variables.get("ses_identities") or []
        return [secrets_of(way, own, variables, self._secrets) for way, own in zip(ways, self._identities)]

    def begin(self, variables: Mapping[str, Any]) -> None:
        """Begin, as LogIn does."""
        self._first.begin(variables)
        ways = zip(variables.get("ses_fallback") or [], self.secrets(variables))
        self._others = [self._begun(number, *way, FURTHER) for number, way in enumerate(ways)]
        ways = zip(variables.get("ses_identities") or [], self.identity_secrets(variables))
        self._senders = [self._begun(number, *way, IDENTITIES) for number, way in enumerate(ways)]

    def _begun(self, number: int, way: Mapping[str, Any], secrets: Mapping[str, str | None], form: Form) -> LogIn:
        """The log-in of an entry, which errors name."""
        names = {option: label(number, name[len("ses_") :], form) for option, name in OPTION_NAMES.items()}
        names["ca_file"] = OPTION_NAMES["ca_file"]
        one = LogIn(self._mta, secrets, self._bundle, self._awaited, names)
        one.begin(way)
        return one

    def report(self) -> dict[str, Any] | None:
        """smtp_check's report of the first way, as LogIn has it."""
        return self._first.report()

    def further_reports(self) -> list[dict[str, Any] | None]:
        """Those of the further ways; LogInError, with the entry's name, at the first that did not take the log-in."""
        return [_told(number, one, FURTHER) for number, one in enumerate(self._others)]

    def identity_reports(self) -> list[dict[str, Any] | None]:
        """Those of the identities, in the same way."""
        return [_told(number, one, IDENTITIES) for number, one in enumerate(self._senders)]

    def prove(self) -> None:
        """LogInError where a log-in was begun and a way did not take it: one that is found out when it is needed would
        be none."""
        self.report()
        self.further_reports()
        self.identity_reports()


def _told(number: int, one: LogIn, form: Form) -> dict[str, Any] | None:
    try:
        return one.report()
    except LogInError as fault:
        raise LogInError(f"{label(number, form=form)}: {fault}", fault.report) from fault
