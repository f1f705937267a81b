#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module mailops.ses.relay_config."""

from __future__ import annotations

DOCUMENTATION = r"""
module: relay_config
short_description: Bring a host to the relay that the C(ses_*) variables mean, in one call
version_added: 0.2.0
description:
  - Knows the system, validates the variables, looks at what the host has, and logs in to SES meanwhile. It fails
    before any change with all faults at once, or with the cause where this host cannot log in.
  - Then it compares the MTA's configuration, its unit and whether it starts at boot with what is wanted, and writes
    what differs, as M(mailops.ses.postfix_config) and M(mailops.ses.sendmail_config) do.
  - Where packages have to be installed or another MTA has to go first, it changes nothing, and RV(next) says so. What
    installs them is the roles' part, which then run it once more with O(installed).
  - The roles C(mailops.ses.postfix) and C(mailops.ses.sendmail) are made of it. It needs root and systemd (or a
    chroot), as they do.
author:
  - mailops maintainers (@mailops)
extends_documentation_fragment:
  - mailops.ses.attributes
attributes:
  check_mode:
    details:
      - It logs in as well in check mode. On a host without the MTA it reports the difference to an empty configuration.
  diff_mode:
    details:
      - Of secrets it shows whether they change, never a value.
options:
  mta:
    description: The MTA that is to relay.
    type: str
    choices: [postfix, sendmail]
    required: true
  variables:
    description:
      - The roles' C(ses_*) variables, except for the secrets. Their meaning stands in the roles' documentation.
      - An empty one counts as not set, an unknown one is refused.
    type: dict
    required: true
  smtp_password:
    description: The SMTP password.
    type: str
  secret_access_key:
    description: The secret access key. Without O(smtp_password) the password is derived from it.
    type: str
  fallback:
    description:
      - The roles' C(ses_fallback), further ways out. Its meaning stands in the roles' documentation.
      - An entry has what the variables of these names without their C(ses_) have for the first way, C(region) or
        C(endpoint), C(port), C(smtp_username), and C(smtp_password) or C(secret_access_key).
    type: raw
  fallback_secrets:
    description:
      - The secrets of O(fallback), entry by entry. The controller takes them out of O(fallback), and fills this.
    type: list
    elements: dict
    default: []
    suboptions:
      smtp_password:
        description: The entry's SMTP password.
        type: str
      secret_access_key:
        description: The entry's secret access key.
        type: str
  identities:
    description:
      - The roles' C(ses_identities), senders with a log-in of their own. Its meaning stands in the roles'
        documentation.
      - An entry has C(sender), and what the variables of these names without their C(ses_) have for the relay,
        C(region) or C(endpoint), C(smtp_username), C(configuration_set), and C(smtp_password) or
        C(secret_access_key).
    type: raw
  identity_secrets:
    description:
      - The secrets of O(identities), entry by entry. The controller takes them out of O(identities), and fills this.
    type: list
    elements: dict
    default: []
    suboptions:
      smtp_password:
        description: The entry's SMTP password.
        type: str
      secret_access_key:
        description: The entry's secret access key.
        type: str
  credential_faults:
    description:
      - What is wrong with the form of each secret that is set, or an empty text, by its variable.
      - The controller tells it. It sends no secret that has a fault.
    type: dict
    default: {}
  verify:
    description: Whether the host has to prove first that it can log in to SES.
    type: bool
    default: true
  installed:
    description:
      - >-
        Whether what RV(next) asked for was done: V(package) where packages came, V(mta) where the MTA is one of them,
        so that its configuration is its package's and nobody's wish. V(no) stands for a host that was not looked at
        yet.
    type: str
    choices: ["no", package, mta]
    default: "no"
  proven_port:
    description:
      - RV(proven_port) of an earlier call. The relay takes this port, and no second log-in is made, which could fail
        after another MTA has gone.
    type: int
seealso:
  - module: mailops.ses.relay_plan
  - module: mailops.ses.smtp_check
  - module: mailops.ses.postfix_config
  - module: mailops.ses.sendmail_config
"""

EXAMPLES = r"""
- name: Bring a host where Postfix is installed to the relay
  mailops.ses.relay_config:
    mta: postfix
    variables:
      ses_region: us-east-1
      ses_smtp_username: "{{ vault_ses_smtp_username }}"
      ses_masquerade_domain: example.com
    smtp_password: "{{ vault_ses_smtp_password }}"
  become: true
"""

RETURN = r"""
next:
  description:
    - What is due after it. V(install) where packages have to come or another MTA has to go before anything changes,
      V(probe) where a mail has to prove the way (C(ses_probe_recipient)), else V(nothing).
  returned: success
  type: str
  sample: nothing
installs:
  description: What O(installed) has to say once that is done.
  returned: when RV(next) is V(install)
  type: str
endpoint:
  description: The endpoint's name.
  returned: success
  type: str
  sample: email-smtp.us-east-1.amazonaws.com
port:
  description: The endpoint's port that the relay takes.
  returned: success
  type: int
  sample: 587
log_in:
  description: The report of M(mailops.ses.smtp_check), or null where no log-in was made.
  returned: success
  type: dict
fallback:
  description: The further ways out, in their order, each with the report of M(mailops.ses.smtp_check) as C(log_in).
  returned: success
  type: list
  elements: dict
  sample:
    - endpoint: email-smtp.eu-west-1.amazonaws.com
      port: 587
      log_in: null
identities:
  description: The identities, in their order, each with the report of M(mailops.ses.smtp_check) as C(log_in).
  returned: success
  type: list
  elements: dict
  sample:
    - sender: brand.example
      endpoint: email-smtp.eu-west-1.amazonaws.com
      log_in: null
proven_port:
  description: The port that took the log-in, or null where no log-in was made.
  returned: when RV(next) is V(install)
  type: int
findings:
  description: What the host has of its own, and what becomes of it, as M(mailops.ses.relay_plan) returns it.
  returned: always
  type: list
  elements: dict
faults:
  description: What is wrong with the variables on this host, a sentence each, of which the message is made.
  returned: when a variable is refused
  type: list
  elements: str
action:
  description: What the MTA was told, V(none), V(reload) or V(restart), and in check mode what it would be told.
  returned: unless RV(next) is V(install)
  type: str
unit_files:
  description: Files for systemd, as M(mailops.ses.postfix_config) returns them.
  returned: unless RV(next) is V(install)
  type: list
  elements: dict
metrics:
  description: Files of the metrics (C(ses_metrics_dir)), empty where the host has none and is to have none.
  returned: unless RV(next) is V(install)
  type: list
  elements: dict
  contains:
    path:
      description: Its path.
      type: str
      sample: /etc/systemd/system/ses-metrics.timer
    changed:
      description: Whether it is written, or goes.
      type: bool
      sample: false
"""

import os
import time
from dataclasses import asdict, replace
from itertools import zip_longest
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import System, names, system_of
from ansible_collections.mailops.ses.plugins.module_utils._metrics import proofs
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import (
    finish,
    offline,
    readable,
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
    LogInError,
    LogIns,
    password_of,
    trust_anchors,
)
from ansible_collections.mailops.ses.plugins.module_utils._role.mtas import part_of
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import Plan, RefusedError, make_plan

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


def run(module: AnsibleModule, system: System) -> dict[str, Any]:
    """The module's result; where something has to be installed first, what is known until then."""
    params = module.params
    mta, there, done = params["mta"], system.of(params["mta"]), params["installed"]
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

    for sentence in plan.warnings:  # also of a second look, which sees by tools that the first did not have
        module.warn(sentence)
    missing = plan.packages.missing(there.packages)
    if done == "no" and (missing or plan.other_mtas or _leads_elsewhere(there.program)):
        # A package that is half-configured is missing, and what the MTA has is the host's own all the same.
        installs = "mta" if there.packages[0] in missing and not part_of(mta).installed() else "package"
        due = {"next": "install", "installs": installs, "proven_port": choice.port if log_in.report() else None}
        return {**known(), "changed": False, "diff": [], **due}
    units = [unit_named(module, name, host.offline) for name in there.units]
    try:
        with scratch(module) as directory:
            request = asked_for(plan, choice, there, restart=done != "no")
            result = bring(mta, request, module.check_mode, directory, units, ready=log_in.prove)
    except BringError:
        log_in.prove()  # of two faults the endpoint's is told first
        raise
    proven = bool(log_in.report() or params["proven_port"])
    metrics = with_metrics(module, plan, host.offline, proven) if plan.metrics or proofs.kept() else NO_METRICS
    probe = plan.variables.get("ses_probe_recipient") and not module.check_mode
    return {
        **result,
        **known(),
        "changed": result["changed"] or metrics["changed"],
        "diff": [*result["diff"], *metrics["diff"]],
        "metrics": metrics["files"],
        "next": "probe" if probe else "nothing",
    }


def with_metrics(module: AnsibleModule, plan: Plan, is_offline: bool, proven: bool) -> dict[str, Any]:
    """Bring the host's metrics to what they are to be: none where the relay has none. PROVEN says that the host has
    logged in to SES."""
    # A host compiles every file that is loaded, and most have no metrics.
    from ansible_collections.mailops.ses.plugins.module_utils._metrics import installation  # noqa: PLC0415

    timer = unit_named(module, installation.TIMER, is_offline)
    due = installation.plan(installation.Relay(plan.mta, plan.relay.endpoint), plan.metrics, timer)
    if not module.check_mode:
        if proven and plan.metrics:
            proofs.record("log_in", time.time())
        installation.bring(due, timer)
    return {"changed": due.changed, "diff": due.diff(), "files": installation.result(due)}


def _leads_elsewhere(program: str) -> bool:
    """Whether programs hand their mail to another MTA, where the system lets several be installed."""
    found = os.readlink(ALTERNATIVE) if os.path.islink(ALTERNATIVE) else ""
    # By its name: of /usr/sbin and /usr/bin, newer systems have made one.
    return bool(program) and os.path.basename(found) != os.path.basename(program)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        system = system_of(module.params["mta"], names(read))
        result = run(module, system)
    except (KeyError, IndexError):  # a fault of ours: its traceback tells more than its words
        raise
    except LookupError as error:
        module.fail_json(msg=str(error))
    except RefusedError as error:
        module.fail_json(msg=str(error), **error.result)
    except LogInError as error:
        module.fail_json(msg=str(error), **error.report)
    except (BringError, proofs.MetricsError) as error:
        module.fail_json(msg=readable(str(error)))
    finish(module, result)


if __name__ == "__main__":
    main()
