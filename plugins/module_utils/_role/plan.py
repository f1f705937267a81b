# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables mean on a host: judged with all faults at once, looked at, and described in its MTA's terms."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.facts import (
    Packages,
    host_names,
    installed_packages,
    read,
)
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import readable
from ansible_collections.mailops.ses.plugins.module_utils._relay.definitions import DEFAULTS
from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import foreign_arns, ways
from ansible_collections.mailops.ses.plugins.module_utils._relay.finding import CHANGED, REFUSED, Finding, sentences
from ansible_collections.mailops.ses.plugins.module_utils._relay.identities import identities as identities_of
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import Relay
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import faults, typed
from ansible_collections.mailops.ses.plugins.module_utils._role.host import Host
from ansible_collections.mailops.ses.plugins.module_utils._role.mtas import part_of
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import is_mail_manager
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom

SYSTEMD = "/run/systemd/system"  # where it runs (sd_booted)


class RefusedError(Exception):
    """Why the variables describe no relay on this host, a sentence each, and what was found there."""

    def __init__(self, sentences: Sequence[str], findings: Sequence[Finding]) -> None:
        super().__init__(readable(" ".join(sentences)))
        self.result = readable({"faults": sentences, "findings": [asdict(finding) for finding in findings]})


@dataclass(frozen=True)
class Plan:
    """The relay on this host, with what it is called there."""

    mta: str
    variables: Mapping[str, Any]
    relay: Relay
    terms: Any  # InPostfix or InSendmail
    packages: Packages
    other_mtas: list[str]
    findings: list[Finding] = field(default_factory=list)

    @property
    def metrics(self) -> str | None:
        """The directory where the host is to tell of its queue; None where it is not to."""
        directory: str | None = self.variables.get("ses_metrics_dir")
        return directory

    @property
    def warnings(self) -> list[str]:
        """What changes on the host, and what a log-in does not show of the endpoint."""
        return [readable(text) for text in (*sentences(self.findings, CHANGED), *_doubts(self.relay))]


def _given(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are set: null is not, nor is the empty text that a survey or an inventory has for it."""
    return {name: value for name, value in variables.items() if value is not None and value != ""}


def judged(
    variables: Mapping[str, Any],
    credentials: Mapping[str, str],
    mta: str,
    names: Sequence[str],
    fallback: Sequence[Mapping[str, Any]] = (),
    *,
    identities: Sequence[Mapping[str, Any]] = (),
) -> tuple[dict[str, Any], list[str]]:
    """The variables with their types and defaults, and every fault of theirs for a host of these NAMES; CREDENTIALS has
    what is wrong with each secret that is set. The entries of ses_fallback and ses_identities are in these variables
    then."""
    given, refused = typed(_given(variables))
    known = {**DEFAULTS, **given}
    found = [*refused.values(), *faults(known, credentials, refused)]
    known["ses_fallback"], of_ways = ways(fallback, known, credentials)
    known["ses_identities"], of_senders = identities_of(identities, known, credentials)
    found += [*of_ways, *of_senders]
    # Entries have their numbers only where none of them has a fault.
    found += [] if found else foreign_arns(known)
    return known, [*found, *part_of(mta).faults(known, names)]


def make_plan(
    mta: str,
    variables: Mapping[str, Any],
    credentials: Mapping[str, str],
    host: Host,
    begin: Callable[[Mapping[str, Any]], None] = lambda known: None,
    *,
    fallback: Sequence[Mapping[str, Any]] = (),
    identities: Sequence[Mapping[str, Any]] = (),
) -> Plan:
    """Look at the host. RefusedError with all that is wrong at once; LookupError where no package manager answers.
    BEGIN gets the variables once they have no fault of their own, for what may be done while the host is looked at.
    FALLBACK has the entries of ses_fallback without their secrets, IDENTITIES those of ses_identities."""
    names = host_names(socket.gethostname(), read("/etc/hosts"))
    known, found = judged(variables, credentials, mta, names, fallback, identities=identities)
    found += _host_faults(host.offline, known)
    packages = installed_packages(host.run)
    others = packages.others_than(mta)
    if others and not known.get("ses_replace_mta"):
        found.append(
            f"ses_replace_mta is false, and this host's MTA is {', '.join(others)}, which {mta} would replace; "
            "set ses_replace_mta to true if that is what you want, or use the role of the one that is there."
        )
    if not found:
        begin(known)
    relay, terms, findings = part_of(mta).look(known, names, others, host, not found)
    found += sentences(findings, REFUSED)
    if relay is None or terms is None or found:
        raise RefusedError(found, findings)
    return Plan(mta, known, relay, terms(), packages, others, findings)


def _doubts(relay: Relay) -> list[str]:
    """What a log-in and an accepted mail do not show of the endpoint."""
    accepted = diagnose(Symptom("only_accepted", facts={"endpoint": relay.endpoint}))
    return [f"{accepted['cause']} {accepted['remedy']}"] if is_mail_manager(relay.endpoint, relay.username) else []


def _host_faults(offline: bool, variables: Mapping[str, Any]) -> list[str]:
    """What the host lacks for the role to run at all."""
    found = []
    if os.geteuid() != 0:
        found.append("This task does not run as root, which the role needs on the host; set become to true.")
    if not os.path.isdir(SYSTEMD) and not offline:
        found.append(
            "systemd does not run on this host, and starts the MTA in the role's last step; use a host that has it, "
            "or set SYSTEMD_OFFLINE=1 in the environment to prepare an image."
        )
    if offline and variables.get("ses_probe_recipient"):
        found.append(
            "ses_probe_recipient is set, and in an image no MTA runs that could send the mail; leave it unset there."
        )
    ca_file = variables.get("ses_tls_ca_file")
    if ca_file and not os.path.isfile(ca_file):
        found.append(f"ses_tls_ca_file {ca_file!r} is not there on this host; put it there first, or leave it unset.")
    metrics = variables.get("ses_metrics_dir")
    if metrics and not os.path.isdir(metrics):
        found.append(
            f"ses_metrics_dir {metrics!r} is no directory on this host; install node_exporter first, whose option "
            "--collector.textfile.directory names it, or leave it unset."
        )
    return found
