# SPDX-License-Identifier: GPL-3.0-or-later
"""The check: every port's dialogue at the same time, then one report with the causes."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.deadline import Deadline
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import diagnose
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import PORTS, is_mail_manager
from ansible_collections.mailops.ses.plugins.module_utils._ses.wording import Symptom
from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure
from ansible_collections.mailops.ses.plugins.module_utils._smtp.families import Families
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.handshake import Way
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path.probe import PathWatch
from ansible_collections.mailops.ses.plugins.module_utils._smtp.port import PortCheck
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import (
    Resolved,
    in_hosts_file,
    resolve_in_time,
)
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import Progress
from ansible_collections.mailops.ses.plugins.module_utils._smtp.witness import Witness

# When the name took more than this share of the time, what times out after it is the name's fault.
_NAME_SHARE = 0.7


def outcome(request: Request, net: Net, retries: int = 0, delay: float = 5) -> dict[str, Any]:
    """What smtp_check returns: the report of `check`, and where no port took the dialogue that it failed, and why."""
    report = check(request, net, retries, delay)
    return report if report["reachable"] else {"failed": True, "msg": summary(report), **report}


def check(request: Request, net: Net, retries: int = 0, delay: float = 5) -> dict[str, Any]:
    """The report of smtp_check. While no port is through, the whole check is repeated, RETRIES times at most and DELAY
    seconds after the one before."""
    report = _check_once(request, net)
    for _retry in range(retries):
        if report["reachable"]:
            break
        net.sleep(delay)
        report = _check_once(request, net)
    return report


def _check_once(request: Request, net: Net) -> dict[str, Any]:
    deadline = Deadline(net.clock, net.clock() + request.timeout)
    progress = Progress(net.clock)
    resolved = Resolved(None, [])
    witness = None
    symptoms: list[Symptom] = []
    try:
        with progress.during("resolve"):
            resolved = resolve_in_time(request.endpoint, net.resolve, deadline)
        late = deadline.seconds() < request.timeout * (1 - _NAME_SHARE)
        way = net.connect_sized and Way(
            net.connect_sized,
            request.context,
            request.client_name,
            request.endpoint,
            net.clock,
            small=request.small,
        )
        watch = PathWatch(way, deadline)
        families = Families(resolved.addresses, net, deadline)
        checks = [PortCheck(port, request, net, deadline, progress, watch=watch) for port in request.ports]
        left_out = [port for port in PORTS if port not in request.ports]
        witness = Witness(net, deadline, lambda: all(one.unheard for one in checks), left_out)
        with witness.listening(request.endpoint, resolved.addresses, request.region), families.tried(request.ports[0]):
            _side_by_side(checks, resolved.addresses)
        symptoms = families.symptoms(
            {address: kind for one in checks for address, kind in one.failed.items()},
            {one.port: one.session.peer for one in checks if one.session and one.session.peer},
            lambda: request.mta or net.mta(),
        )
        findings = watch.findings()
        for one in checks:
            one.learn(findings)
            one.miss(families.missing(one.failure))
            one.named = {symptom.facts["family"] for symptom in symptoms}
            if late:
                one.blame_the_name()
    except Failure as failure:
        checks = [PortCheck(port, request, net, deadline, progress) for port in request.ports]
        for one in checks:
            one.failure = failure
    return _report(request, resolved, checks, witness, _warnings(request, resolved, net, symptoms))


def _side_by_side(checks: Iterable[PortCheck], addresses: list[str]) -> None:
    """Lead the ports' dialogues. A program that ends meanwhile leaves them behind, where it would wait for those of an
    executor."""
    faults: list[Exception] = []

    def lead(one: PortCheck) -> None:
        try:
            one.run(addresses)
        except Exception as fault:  # ours, which the caller's thread raises
            faults.append(fault)

    threads = [threading.Thread(target=lead, args=(one,), daemon=True) for one in checks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def _warnings(request: Request, resolved: Resolved, net: Net, symptoms: list[Symptom]) -> list[dict[str, str]]:
    """What holds for the endpoint whichever port is used, and whether or not one works; SYMPTOMS are those of its
    addresses."""
    found = [*symptoms]
    static = [address for address in in_hosts_file(request.endpoint, net.hosts_file()) if address in resolved.addresses]
    if static:
        found.append(Symptom("hosts_file", ", ".join(dict.fromkeys(static))))
    if is_mail_manager(request.endpoint, request.credentials.username if request.credentials else ""):
        found.append(Symptom("only_accepted"))
    return [diagnose(symptom._replace(facts={**symptom.facts, "endpoint": request.endpoint})) for symptom in found]


def _scope(one: PortCheck, checks: list[PortCheck], witness: Witness | None) -> str:
    """How the other ports do, which tells a blocked port from a blocked host."""
    others = [other for other in checks if other is not one]
    if any(other.session for other in others):
        return "works"
    return witness.scope if witness and all(other.swallowed for other in others) else ""


def _report(
    request: Request,
    resolved: Resolved,
    checks: list[PortCheck],
    witness: Witness | None,
    warnings: Iterable[dict[str, str]],
) -> dict[str, Any]:
    facts = {
        "endpoint": request.endpoint,
        "region": request.region or "",
        "canonical_name": resolved.canonical_name or "",
        "witness": witness.heard if witness else "",
        "sender": request.sender or "",
        "recipients": request.recipient or "",
    }
    ports = [one.report(_scope(one, checks, witness), facts) for one in checks]
    usable = {report["port"] for report in ports if report["ok"]}
    return {
        "reachable": bool(usable),
        "recommended_port": next((port for port in PORTS if port in usable), None),
        "endpoint": request.endpoint,
        "canonical_name": resolved.canonical_name,
        "addresses": resolved.addresses,
        "ports": ports,
        "diagnosis": union([*(diagnosis for report in ports for diagnosis in report["diagnosis"]), *warnings]),
    }


def union(diagnoses: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Each diagnosis once, in the order of the first ones."""
    found: list[dict[str, str]] = []
    for diagnosis in diagnoses:
        if diagnosis not in found:
            found.append(diagnosis)
    return found


def summary(report: dict[str, Any]) -> str:
    """Why nothing works, in one paragraph: each cause with the ports that have it."""
    causes = []
    for diagnosis in report["diagnosis"]:
        ports = [str(port["port"]) for port in report["ports"] if diagnosis in port["diagnosis"]]
        where = f"Port{'s' if len(ports) > 1 else ''} {', '.join(ports)}: " if ports else ""
        causes.append(f"{where}{diagnosis['cause']} {diagnosis['remedy']}")
    asked = [str(port["port"]) for port in report["ports"]]
    which = "No port" if len(asked) > 1 else f"Port {asked[0]}"
    verdict = "took" if len(asked) > 1 else "did not take"
    return " ".join([f"{which} of {report['endpoint']} {verdict} the whole dialogue.", *causes])
