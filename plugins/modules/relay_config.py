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
  - Before all that, programs with which users hand mail to this MTA, and which nobody can run, get their modes back,
    with a warning. A change to another MTA that was killed leaves them so. Where it is refused they stay as they are.
  - Where packages have to be installed or another MTA has to go first, it changes nothing, and RV(next) says so. What
    installs them is the roles' part, which then run it once more with O(installed).
  - The roles C(mailops.ses.postfix) and C(mailops.ses.sendmail) are made of it. It needs root and systemd (or a
    chroot), as they do.
author:
  - mailops maintainers (@mailops)
extends_documentation_fragment:
  - mailops.ses.attributes
  - mailops.ses.log_ins
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

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import names, system_of
from ansible_collections.mailops.ses.plugins.module_utils._metrics.proofs import MetricsError
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import finish, readable
from ansible_collections.mailops.ses.plugins.module_utils._role.bring import BringError
from ansible_collections.mailops.ses.plugins.module_utils._role.config import ARGUMENTS, run
from ansible_collections.mailops.ses.plugins.module_utils._role.log_in import LogInError
from ansible_collections.mailops.ses.plugins.module_utils._role.opening import opened
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import RefusedError


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        system = system_of(module.params["mta"], names(read))
        with opened(module.params["mta"], module.check_mode) as sentences:
            result = run(module, system, sentences)
    except (KeyError, IndexError):  # a fault of ours: its traceback tells more than its words
        raise
    except LookupError as error:
        module.fail_json(msg=str(error))
    except RefusedError as error:
        module.fail_json(msg=str(error), **error.result)
    except LogInError as error:
        module.fail_json(msg=str(error), **error.report)
    except (BringError, MetricsError) as error:
        module.fail_json(msg=readable(str(error)))
    finish(module, result)


if __name__ == "__main__":
    main()
