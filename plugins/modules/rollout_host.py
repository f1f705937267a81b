#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One step of a rollout on one host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_host
short_description: Change a host's relay and prove it by a mail, or give the host back what it had
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - The playbooks C(mailops.ses.rollout) and C(mailops.ses.rotate_credentials) are made of it and of
    M(mailops.ses.rollout_gate).
  - With O(step=change) it does what M(mailops.ses.relay_config) does, and then sends a mail through the MTA, as
    M(mailops.ses.mail_probe) does. It fails unless SES takes the mail.
  - Before the first change it leaves a stamp, C(.mailops-rollout) in the MTA's directory, which root alone reads. It
    has no secret. It tells which change this is, what the host had before, and when a mail proved the change.
  - With O(step=back) the host gets again what the stamp tells, by the way back of M(mailops.ses.postfix_config) or
    M(mailops.ses.sendmail_config). Its units run and start at boot as they did, and files of this collection for them
    say what they said. Where the MTA was not installed before, it ends stopped, with its package's configuration.
    Mail in the queue is left alone.
  - If the host's mail left through a server that it logs in to, a mail then has to prove that it does again.
  - Where another MTA was replaced, RV(install) tells which packages the host has to have again. Between them, the
    playbook empties the MTA that took its place by M(mailops.ses.mail_queue_drain), clears it by O(step=clear), has
    these packages installed, and brings the earlier MTA back by O(step=restore).
notes:
  - Before another MTA is replaced, its configuration is kept in C(/var/lib/ses-rollout), which root alone reads. The
    playbooks have it removed (O(step=forget)) once the host needs no way back any more.
options:
  step:
    description:
      - What to do. V(look) reads the queue alone.
      - V(clear) has the MTA that took another one's place, and is empty and stopped, be what it was before.
      - V(restore) has the earlier MTA be what it was, once its packages are there again.
      - V(forget) removes what is kept for that.
    type: str
    choices: [change, look, back, clear, restore, forget]
    default: change
  mta:
    description: The MTA that is to relay.
    type: str
    choices: [postfix, sendmail]
    required: true
  variables:
    description:
      - The roles' C(ses_*) variables, except for the secrets, as in M(mailops.ses.relay_config).
      - O(step=change) needs them.
    type: dict
    default: {}
  installed:
    description: As in M(mailops.ses.relay_config).
    type: str
    choices: ["no", package, mta]
    default: "no"
  proven_port:
    description: As in M(mailops.ses.relay_config).
    type: int
  recipient:
    description:
      - Who gets the mail, a bare address outside the host.
    type: str
    default: success@simulator.amazonses.com
  before:
    description:
      - RV(before) of an earlier call, where packages were installed after it.
    type: dict
  fingerprint:
    description:
      - With O(step=back), O(step=clear) and O(step=restore), RV(fingerprint) of the change that is to be taken back. A
        host with the stamp of another change keeps what it has.
      - By default a change that no mail has proven is taken back.
    type: str
  proven:
    description:
      - With these steps and O(fingerprint), whether a change that a mail has proven is taken back as well.
    type: bool
    default: true
  change:
    description:
      - With O(step=look), what O(step=change) registered. The queue then is no worse than before the change, or the
        step fails. A host that could not be reached is not looked at again.
    type: dict
  reason:
    description:
      - With O(step=back), why the host goes back. It is returned as it is.
    type: str
  fault:
    description:
      - With O(step=back), the result of the task that kept the MTA that was replaced from coming back. The host is
        V(broken) then, and is not asked.
    type: dict
  patience:
    description:
      - Seconds for which a log-in is tried again as long as SES refuses the credential. A new access key is not known
        everywhere at once.
    type: float
    default: 0
extends_documentation_fragment:
  - mailops.ses.attributes
  - mailops.ses.log_ins
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the
      controller.
    support: full
  check_mode:
    details:
      - It tells what would change, as M(mailops.ses.relay_config) does, and whether a stamp has a proof of it.
        It logs in, and sends no mail.
  diff_mode:
    details:
      - Of secrets it shows whether they change, never a value.
  idempotent:
    details:
      - It sends a mail each time, and reports no change where the configuration does not change.
seealso:
  - module: mailops.ses.relay_config
  - module: mailops.ses.mail_probe
  - module: mailops.ses.rollout_gate
"""

EXAMPLES = r"""
- name: Change a host, and prove it
  become: true
  block:
    - name: Bring the host to the relay, and send a mail
      mailops.ses.rollout_host:
        mta: postfix
        variables:
          ses_region: us-east-1
          ses_smtp_username: "{{ vault_ses_smtp_username }}"
          ses_masquerade_domain: example.com
        smtp_password: "{{ vault_ses_smtp_password }}"
  rescue:
    - name: Give it back what it had
      mailops.ses.rollout_host:
        step: back
        mta: postfix
"""

RETURN = r"""
state:
  description:
    - V(rolled_back) where the host has again what it had, V(broken) where it has not, or where a mail does not leave by
      that either, V(replaced) where RV(install) has to be installed first.
  returned: with O(step=back) and O(step=restore)
  type: str
  sample: rolled_back
install:
  description:
    - What has to be installed for the way back, RV(ignore:missing_packages), by which RV(ignore:package_manager).
    - RV(ignore:other_mtas) is empty, and is there for tasks that expect it.
  returned: where RV(state) is V(replaced)
  type: dict
  sample: {"missing_packages": ["postfix"], "other_mtas": [], "package_manager": "apt"}
kept:
  description: Whether the host keeps what it had of an MTA that was replaced.
  returned: with O(step=change), only then
  type: bool
next:
  description: What is due after it. V(install) where packages have to come first, and nothing was changed.
  returned: with O(step=change)
  type: str
  sample: nothing
fingerprint:
  description: A name of the change, the same for the same variables. No secret is part of it.
  returned: with O(step=change)
  type: str
  sample: 1f0c4e9a7b3d5c21
before:
  description: What the host had before the first change of this rollout. Later the stamp has it.
  returned: where RV(next) is V(install)
  type: dict
touched:
  description: Whether the host may have been changed, so that there is a way back.
  returned: with O(step=change), if so. A module that is killed returns nothing
  type: bool
due:
  description: Whether the configuration would change.
  returned: in check mode
  type: bool
refused:
  description: Whether the host cannot be changed, as RV(ignore:msg) tells. The task does not fail then.
  returned: in check mode, only then
  type: bool
stamped:
  description: Whether a stamp is of this very change.
  returned: in check mode
  type: bool
proven:
  description: Whether a stamp says that a mail has proven this very change.
  returned: in check mode
  type: bool
logged_in:
  description: Whether SES has taken the log-in, by each way. One that it refuses is an error.
  returned: in check mode
  type: bool
users:
  description: The SMTP user names of the host, of each way and of each sender with a log-in of its own.
  returned: with O(step=change)
  type: list
  elements: str
  sample: [AKIAIOSFODNN7EXAMPLE]
sends:
  description: Whether the MTA runs, and mail for other domains leaves through a server that it logs in to.
  returned: in check mode
  type: bool
probe:
  description: What M(mailops.ses.mail_probe) returns of the mail.
  returned: where one was sent
  type: dict
queue:
  description:
    - How many messages wait, in which states, and why. With O(step=change) as it was before the change.
    - Empty where no queue can be read.
  returned: with O(step=change) and O(step=look)
  type: dict
causes:
  description: Why the step failed, as M(mailops.ses.smtp_check) has it in RV(mailops.ses.smtp_check#module:diagnosis).
  returned: on failure, where it is known
  type: list
  elements: dict
system:
  description: The host's distribution and release.
  returned: with O(step=change)
  type: str
  sample: Debian 12
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import read
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import System, names, system_of
from ansible_collections.mailops.ses.plugins.module_utils._metrics.proofs import MetricsError
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import readable
from ansible_collections.mailops.ses.plugins.module_utils._role.bring import BringError
from ansible_collections.mailops.ses.plugins.module_utils._role.log_in import LogInError
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import RefusedError
from ansible_collections.mailops.ses.plugins.module_utils._rollout.steps import (
    ARGUMENTS,
    causes_of,
    change,
    look_again,
)


def _step_back(module: AnsibleModule, system: System) -> dict[str, Any]:
    """One of the steps by which a host goes back."""
    # A host compiles every file that is loaded, and most never go back.
    from ansible_collections.mailops.ses.plugins.module_utils._rollout import steps_back  # noqa: PLC0415

    if module.params["step"] == "back":
        return steps_back.back(module, system)
    if module.params["step"] == "clear":
        return steps_back.clear(module, system)
    return steps_back.restore(module) if module.params["step"] == "restore" else steps_back.forget(module)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    known = names(read)
    try:
        system = system_of(module.params["mta"], known)
        if module.params["step"] == "change":
            result = change(module, system, known)
        elif module.params["step"] == "look":
            result = look_again(module)
        else:
            result = _step_back(module, system)
    except (KeyError, IndexError):  # a fault of ours: its traceback tells more than its words
        raise
    except LookupError as error:
        module.fail_json(msg=str(error))
    except RefusedError as error:
        module.fail_json(msg=str(error))
    except LogInError as error:
        module.fail_json(msg=str(error), causes=causes_of(error.report))
    except BringError as error:
        module.fail_json(msg=readable(str(error)))
    except MetricsError as error:  # the relay's configuration came before its metrics
        module.fail_json(msg=readable(str(error)), touched=True)
    for text in result.pop("warnings", []):
        module.warn(readable(text))
    if not module._diff:
        result.pop("diff", None)
    module.exit_json(**readable(result))


if __name__ == "__main__":
    main()
