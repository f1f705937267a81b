#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validate the ses_* variables on a host and describe the relay that they mean there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: relay_plan
short_description: Validate the C(ses_*) variables on a host and describe the relay that they mean there
version_added: 0.1.0
description:
  - Checks every C(ses_*) variable of the roles and refuses, with all faults at once, what describes no relay.
  - Looks at the host (its names, its packages, the endpoint's canonical name) and changes nothing.
  - The roles run it before they install anything. It needs root and systemd (or a chroot), as they do.
author:
  - mailops maintainers (@mailops)
extends_documentation_fragment:
  - mailops.ses.attributes
attributes:
  diff_mode:
    details:
      - In check mode it shows the packages that the role installs, and the MTAs that it replaces.
options:
  mta:
    description: The MTA that is to relay.
    type: str
    choices: [postfix, sendmail]
    required: true
  packages:
    description: The packages that the relay needs. Empty stands for those of the MTA's role on this system.
    type: list
    elements: str
    default: []
  ca_bundle:
    description:
      - A bundle of trust anchors, for where C(ses_tls_ca_file) isn't set. The default is the distribution's.
    type: path
  units:
    description:
      - The units of systemd that run the MTA. One that is masked is refused. Empty names are none, and an empty list
        stands for those of this system.
    type: list
    elements: str
    default: []
  variables:
    description:
      - The roles' C(ses_*) variables, except for the secrets.
      - Their meaning stands in the roles' documentation.
      - An empty one counts as not set, an unknown one is refused.
    type: dict
    required: true
  credential_faults:
    description:
      - For each secret of the roles that is set, what is wrong with its form, or an empty text.
      - The filter P(mailops.ses.credential_faults#filter) tells it.
    type: dict
    default: {}
    version_added: 0.2.0
  smtp_password:
    description:
      - RV(relay.username)'s SMTP password, looked at for its form only.
      - In the result Ansible hides each word that is the same, so what is written to a host needs
        O(credential_faults) in place of it.
    type: str
  secret_access_key:
    description:
      - The secret access key from which the SMTP password is derived, looked at for its form only.
      - O(credential_faults) goes in place of it as well.
    type: str
seealso:
  - module: mailops.ses.smtp_check
  - module: mailops.ses.postfix_config
  - module: mailops.ses.sendmail_config
  - plugin: mailops.ses.credential_faults
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Describe the relay
  mailops.ses.relay_plan:
    mta: postfix
    packages: [postfix, libsasl2-modules, ca-certificates]
    variables:
      ses_region: us-east-1
      ses_smtp_username: AKIAIOSFODNN7EXAMPLE
    credential_faults: "{{ {'ses_smtp_password': vault_ses_smtp_password} | mailops.ses.credential_faults }}"
  become: true
  register: plan
"""

RETURN = r"""
relay:
  description: The relay, without its secrets.
  returned: success
  type: dict
  contains:
    endpoint:
      description: The endpoint's name.
      type: str
    region:
      description: The region, or null where the endpoint's name doesn't tell it.
      type: str
    ports:
      description: The ports to try, in the order of preference.
      type: list
      elements: int
    wrapper_ports:
      description: The ports that speak TLS from the first byte.
      type: list
      elements: int
    username:
      description: The SMTP user name.
      type: str
    max_messages:
      description: Messages after which a connection is recycled.
      type: int
    max_seconds:
      description: Seconds after which a connection is recycled.
      type: int
    max_connections:
      description: Concurrent connections.
      type: int
    credential_names:
      description: The names under which the MTA may look the credentials up.
      type: list
      elements: str
    local_names:
      description: The domains that are local to the host.
      type: list
      elements: str
    origin:
      description: The domain that completes a bare local user.
      type: str
    organisation_domains:
      description: The domains whose mail leaves through SES, whatever the host is called.
      type: list
      elements: str
    sender_rewrites:
      description: What a sender becomes, by address, C(@domain), or C(*) for all.
      type: dict
    bounce_recipient:
      description: Who gets mail that has a null sender, which SES refuses.
      type: str
    configuration_set:
      description: The configuration set's name, or null.
      type: str
    headers:
      description: The headers of SES's that each mail gets, with their values.
      type: dict
    identities:
      description:
        - Senders with a log-in of their own. Empty here, since C(ses_identities) has secrets and goes to
          M(mailops.ses.relay_config) alone.
      type: list
      elements: dict
    fallback:
      description:
        - Further ways out. Empty here, since C(ses_fallback) has secrets and goes to M(mailops.ses.relay_config) alone.
      type: list
      elements: dict
    variables:
      description: The variables with their types and defaults; null where one has no value.
      type: dict
postfix:
  description: What the relay means in Postfix's terms.
  returned: when O(mta=postfix)
  type: dict
  contains:
    credential_keys:
      description: The keys under which C(smtp_sasl_password_maps) has the credentials.
      type: list
      elements: str
    bounce_aliases:
      description: Value of C(alias_maps) for mail that has a null sender, or empty.
      type: str
    return_service:
      description: The service of C(master.cf) where null senders' mail comes in again, by a family that Postfix has.
      type: str
      sample: 127.0.0.25:24
    parameters:
      description: Parameters of C(main.cf) whose values depend on what the host has.
      type: dict
    relay_options:
      description: Options of the service that sends to SES which depend on what the host has.
      type: dict
    services:
      description: Services that go, as M(mailops.ses.postfix_config) takes them.
      type: list
      elements: dict
    identity_options:
      description: As RV(postfix.relay_options), of each identity's service. Empty here.
      type: list
      elements: dict
    tables:
      description: The look-up tables without a secret, as M(mailops.ses.postfix_config) takes them.
      type: list
      elements: dict
sendmail:
  description: What the relay means in Sendmail's terms.
  returned: when O(mta=sendmail)
  type: dict
  contains:
    credential_keys:
      description: The keys under which C(authinfo) has the credentials.
      type: list
      elements: str
    mailer:
      description: The line of the mailer that leads to SES, to which the port is to be added.
      type: str
    access:
      description: Rows of C(access).
      type: dict
    aliases:
      description: Aliases for mail that has a null sender, or empty.
      type: dict
    defines:
      description: What a variable changes among the definitions of m4.
      type: dict
    features:
      description: What a variable changes among the features.
      type: dict
    macros:
      description: Macros of m4 with their calls, as M(mailops.ses.sendmail_config) takes them.
      type: dict
    queues:
      description: Queue directories beside the distribution's.
      type: list
      elements: str
    recipient_rules:
      description: Rules that go before those of ruleset 0.
      type: list
      elements: list
    sender_rules:
      description: Rules of ruleset 1.
      type: list
      elements: list
    rulesets:
      description: Further rulesets, each the line with its name and then its rules.
      type: list
      elements: raw
    options:
      description: Lines of C(sendmail.cf).
      type: list
      elements: str
    identity_mailers:
      description: As RV(sendmail.mailer), of each identity's mailer. Empty here.
      type: list
      elements: str
missing_packages:
  description: Those of O(packages) that aren't installed.
  returned: success
  type: list
  elements: str
trust_anchors:
  description: Whether the file with the trust anchors is there.
  returned: success
  type: bool
other_mtas:
  description: Installed MTAs that O(mta) would replace.
  returned: success
  type: list
  elements: str
package_manager:
  description: The system's, V(apt), V(dnf) or V(dnf5); null on a system that the MTA's role refuses.
  returned: success
  type: str
program:
  description: The program that the alternative C(mta) has to lead to; empty where the system has no such alternative.
  returned: success
  type: str
findings:
  description:
    - What the host has of its own, and what becomes of it. A refused one is among RV(faults), a changed one is a
      warning.
  returned: always
  type: list
  elements: dict
  contains:
    verdict:
      description: V(kept), V(changed) or V(refused).
      type: str
    subject:
      description: The parameter, line, file or unit.
      type: str
    reason:
      description: What is so about it.
      type: str
    remedy:
      description: What to do, where there is something.
      type: str
faults:
  description: What is wrong with the variables on this host, a sentence each, of which the message is made.
  returned: when a variable is refused
  type: list
  elements: str
"""

import os
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import System, names, system_of
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import offline, readable
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import SECRET_CHECKS, credential_faults
from ansible_collections.mailops.ses.plugins.module_utils._role.host import Host
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import RefusedError, make_plan


def _system(mta: str) -> System | None:
    try:
        return system_of(mta, names(read))
    except LookupError:  # the role refuses it, and a plan says what the variables mean all the same
        return None


def plan(module: AnsibleModule) -> dict[str, Any]:
    """What the host and the variables say together."""
    params = module.params
    system = _system(params["mta"])
    there = system and system.of(params["mta"])
    secrets = {name: params[name.partition("_")[2]] for name in SECRET_CHECKS}
    credentials = {**credential_faults(secrets), **params["credential_faults"]}
    units = params["units"] or (there.units if there else [])
    host = Host(module.run_command, offline(), units)
    found = make_plan(params["mta"], params["variables"], credentials, host)
    for sentence in found.warnings:
        module.warn(sentence)
    bundle = params["ca_bundle"] or (system.family.ca_bundle if system else "")
    packages = params["packages"] or (there.packages if there else [])
    return {
        "relay": asdict(found.relay),
        params["mta"]: asdict(found.terms),
        "missing_packages": found.packages.missing(packages),
        "other_mtas": found.other_mtas,
        "findings": [asdict(finding) for finding in found.findings],
        "trust_anchors": os.path.isfile(found.variables.get("ses_tls_ca_file") or bundle),
        "package_manager": system.family.package_manager if system else None,
        "program": there.program if there else "",
    }


def difference(gone: list[str], new: list[str]) -> dict[str, str]:
    """Packages as a diff."""
    return {
        "before_header": "packages",
        "after_header": "packages",
        "before": "".join(f"{name}\n" for name in gone),
        "after": "".join(f"{name}\n" for name in new),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "mta": {"type": "str", "choices": ["postfix", "sendmail"], "required": True},
            "packages": {"type": "list", "elements": "str", "default": []},
            "ca_bundle": {"type": "path"},
            "units": {"type": "list", "elements": "str", "default": []},
            "variables": {"type": "dict", "required": True},
            "credential_faults": {"type": "dict", "default": {}},
            "smtp_password": {"type": "str", "no_log": True},
            "secret_access_key": {"type": "str", "no_log": True},
        },
        supports_check_mode=True,
    )
    try:
        result = plan(module)
    except LookupError as error:
        module.fail_json(msg=str(error))
    except RefusedError as error:
        module.fail_json(msg=str(error), **error.result)
    # What check mode cannot try: packages that come, and those that go.
    announced = module.check_mode and bool(result["missing_packages"] or result["other_mtas"])
    if announced and module._diff:
        result["diff"] = difference(result["other_mtas"], result["missing_packages"])
    module.exit_json(changed=announced, **readable(result))


if __name__ == "__main__":
    main()
