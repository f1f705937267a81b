# SPDX-License-Identifier: GPL-3.0-or-later
"""One call that looks at a host, logs in meanwhile, and brings its MTA to the relay: what relay_config does."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import zip_longest
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.systems import System
from ansible_collections.mailops.ses.plugins.module_utils._metrics import proofs
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import (
    offline,
    scratch,
    unit_named,
)
from ansible_collections.mailops.ses.plugins.module_utils._relay.choice import choose
from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import judged
from ansible_collections.mailops.ses.plugins.module_utils._relay.identities import IDENTITIES
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import credential_faults, region_meant
from ansible_collections.mailops.ses.plugins.module_utils._role.bring import BringError, asked_for, bring
from ansible_collections.mailops.ses.plugins.module_utils._role.host import Host
from ansible_collections.mailops.ses.plugins.module_utils._role.log_in import (
    LogIns,
    password_of,
    trust_anchors,
)
from ansible_collections.mailops.ses.plugins.module_utils._role.mtas import part_of
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import Plan, make_plan

ALTERNATIVE = "/etc/alternatives/mta"
NO_METRICS: dict[str, Any] = {"changed": False, "diff": [], "files": []}
ARGUMENTS: dict[str, Any] = {
    "mta": {"type": "str", "choices": ["postfix", "sendmail"], "required": True},
    "variables": {"type": "dict", "required": True},
    "smtp_password": {"type": "str", "no_log": True},
    "secret_access_key": {"type": "str", "no_log": True},
    "fallback": {"type": "raw"},
    "fallback_secrets": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,  # the values that are secret are below
        "options": {
            "smtp_password": {"type": "str", "no_log": True},
            "secret_access_key": {"type": "str", "no_log": True},
        },
    },
    "identities": {"type": "raw"},
    "identity_secrets": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,  # the values that are secret are below
        "options": {
            "smtp_password": {"type": "str", "no_log": True},
            "secret_access_key": {"type": "str", "no_log": True},
        },
    },
    "credential_faults": {"type": "dict", "default": {}},
    "verify": {"type": "bool", "default": True},
    "installed": {"type": "str", "choices": ["no", "package", "mta"], "default": "no"},
    "proven_port": {"type": "int"},
}


def run(module: Any, system: System, opened: Sequence[str] = ()) -> dict[str, Any]:
    """The result for an AnsibleModule whose parameters are ARGUMENTS; where something has to be installed first, what
    is known until then. OPENED says which programs users have got back for it, a sentence each."""
    params = module.params
    mta, there, done = params["mta"], system.of(params["mta"]), params["installed"]
    open_diff = [{"prepared": f"{sentence}\n"} for sentence in opened]
    host = Host(module.run_command, offline(), there.units, fresh=done == "mta")
    secrets = {f"ses_{name}": params[name] or None for name in ("smtp_password", "secret_access_key")}
    log_in = LogIns(
        mta,
        secrets,
        params["fallback_secrets"],
        system.family.ca_bundle,
        awaited=done == "no" or module.check_mode,
        identities=params["identity_secrets"],
    )
    plan = make_plan(
        mta,
        params["variables"],
        {
            **credential_faults(secrets),
            **judged(params["fallback_secrets"]),
            **judged(params["identity_secrets"], IDENTITIES),
            **params["credential_faults"],
        },
        host,
        log_in.begin if params["verify"] and not params["proven_port"] else lambda variables: None,
        fallback=params["fallback"] or [],
        identities=params["identities"] or [],
    )
    password = password_of(secrets, plan.relay.region)
    ways = zip(log_in.secrets(plan.variables), plan.variables["ses_fallback"])
    others = [password_of(own, region_meant(way)) for own, way in ways]
    senders = zip(log_in.identity_secrets(plan.variables), plan.variables["ses_identities"])
    of_senders = [password_of(own, region_meant(way)) for own, way in senders]
    module.no_log_values.update([password, *others, *of_senders])  # they may be derived ones, which no option holds
    # The report alone tells a port among several; with one, the dialogue goes on while the configuration is compared.
    report = log_in.report() if len(plan.relay.ports) > 1 else None
    anchors = trust_anchors(plan.variables, system.family.ca_bundle)
    choice = choose(plan.relay, report, password, anchors, others, identity_passwords=of_senders)
    if params["proven_port"] in plan.relay.ports:
        choice = replace(
            choice, port=params["proven_port"], tls_wrapper=params["proven_port"] in plan.relay.wrapper_ports
        )

    def known() -> dict[str, Any]:
        return {
            "endpoint": plan.relay.endpoint,
            "port": choice.port,
            "log_in": log_in.report(),
            "fallback": [
                {"endpoint": way.endpoint, "port": way.port, "log_in": report}
                for way, report in zip_longest(plan.relay.fallback, log_in.further_reports())
            ],
            "identities": [
                {"sender": one.sender, "endpoint": one.endpoint, "log_in": report}
                for one, report in zip_longest(plan.relay.identities, log_in.identity_reports())
            ],
            "findings": [asdict(finding) for finding in plan.findings],
        }

    for sentence in (*opened, *plan.warnings):  # also of a second look, which sees by tools that the first did not have
        module.warn(sentence)
    missing = plan.packages.missing(there.packages)
    if done == "no" and (missing or plan.other_mtas or _leads_elsewhere(there.program)):
        # A package that is half-configured is missing, and what the MTA has is the host's own all the same.
        installs = "mta" if there.packages[0] in missing and not part_of(mta).installed() else "package"
        due = {"next": "install", "installs": installs, "proven_port": choice.port if log_in.report() else None}
        return {**known(), "changed": bool(opened), "diff": open_diff, **due}
    units = [unit_named(module, name, host.offline) for name in there.units]
    try:
        with scratch(module) as directory:
            request = asked_for(plan, choice, there, restart=done != "no")
            result = bring(mta, request, module.check_mode, directory, units, ready=log_in.prove)
    except BringError:
        log_in.prove()  # of two faults the endpoint's is told first
        raise
    proven = bool(log_in.report() or params["proven_port"])
    metrics = _with_metrics(module, plan, host.offline, proven) if plan.metrics or proofs.kept() else NO_METRICS
    probe = plan.variables.get("ses_probe_recipient") and not module.check_mode
    return {
        **result,
        **known(),
        "changed": bool(opened) or result["changed"] or metrics["changed"],
        "diff": [*open_diff, *result["diff"], *metrics["diff"]],
        "metrics": metrics["files"],
        "next": "probe" if probe else "nothing",
    }


def _with_metrics(module: Any, plan: Plan, is_offline: bool, proven: bool) -> dict[str, Any]:
    """Bring the host's metrics to what they are to be: none where the relay has none. PROVEN says that the host has
    logged in to SES."""
    # A host compiles every file that is loaded, and most have no metrics.
    from ansible_collections.mailops.ses.plugins.module_utils._metrics import (  # noqa: PLC0415
        exposition,
        installation,
        units,
    )

    timer = unit_named(module, units.TIMER, is_offline)
    due = installation.plan(exposition.Relay(plan.mta, plan.relay.endpoint), plan.metrics, timer)
    if not module.check_mode:
        if proven and plan.metrics:
            with suppress(OSError):  # bring() tells of a disk that takes nothing
                proofs.record("log_in", time.time())
        installation.bring(due, timer)
    return {"changed": due.changed, "diff": due.diff(), "files": installation.result(due)}


def _leads_elsewhere(program: str) -> bool:
    """Whether programs hand their mail to another MTA, where the system lets several be installed."""
    found = os.readlink(ALTERNATIVE) if os.path.islink(ALTERNATIVE) else ""
    # By its name: of /usr/sbin and /usr/bin, newer systems have made one.
    return bool(program) and os.path.basename(found) != os.path.basename(program)
