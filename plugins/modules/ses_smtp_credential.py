#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A relay's access key, and its secret in a store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ses_smtp_credential
short_description: Make, store and rotate the access key by which relays log in to Amazon SES
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - Creates an access key of an IAM user and stores its secret in AWS Secrets Manager or in SSM's Parameter Store, in
    one call. AWS tells a secret once, so a key that was made and not stored is of no use.
  - No result has a secret, and neither has a diff or an error. Hosts get it by the lookup
    P(mailops.ses.stored_credential#lookup).
  - IAM allows two keys for each user. If there are two, and the second one came from no rotation, no third is made, and
    the module fails with both keys' status and last use.
  - No active key is deleted. A key that is to go is deactivated first, which can be undone.
  - If a run is killed after any call, the next run goes on. Before a key is made, a note of the keys that there are is
    left in the store. By it the next run knows a key whose secret was lost, and removes it.
  - The store has a JSON text with C(username), C(secret_access_key), C(created) and C(replaces). It holds for all
    regions. The SMTP password does not, so it is not stored.
options:
  user:
    description:
      - The IAM user, which is there already and may C(ses:SendRawEmail).
    type: str
    required: true
  state:
    description:
      - V(present) has an active key whose secret is current in the store. It makes one where the store has none.
      - V(rotated) makes a second key and stores it as pending, beside the current one, which stays in use. While the
        last rotation is not over, it changes nothing, and RV(step) tells how far that is. The last one is over when the
        key that it replaced is inactive and O(grace_days) have passed since its last use; that key is deleted then.
      - V(promoted) makes the pending key current in the store. Prove before that it logs in, by
        M(mailops.ses.smtp_check). SES may know a new key some seconds late.
      - V(retired) deactivates the key that is not current any more. Each host needs the new one before that.
      - V(absent) deletes that key, once O(grace_days) have passed since its last use; before that it changes nothing.
    type: str
    choices: [present, rotated, promoted, retired, absent]
    default: present
  store:
    description:
      - Where the secret is.
    type: dict
    required: true
    suboptions:
      secretsmanager:
        description:
          - Name of a secret of AWS Secrets Manager. The pending key is its version V(AWSPENDING).
          - One of O(store.secretsmanager) and O(store.ssm) is needed.
        type: str
      ssm:
        description:
          - Name of a parameter of SSM, a C(SecureString). The pending key is in the parameter with C(.pending) after
            that name.
        type: str
      kms_key:
        description:
          - The KMS key that encrypts what is made. By default the service's own.
        type: str
  grace_days:
    description:
      - The days after which O(state=absent) and O(state=rotated) delete a key. They begin with its last use (or its
        creation, for one without use), and when the current key was made at the earliest.
    type: float
    default: 7
  key_id:
    description:
      - With O(state=promoted) or O(state=retired), the ID of the key that was proven. The module fails, and changes
        nothing, where the store has another one by now.
    type: str
  delete_inactive_key:
    description:
      - The ID of an inactive key to delete where two keys leave no room for a new one.
    type: str
extends_documentation_fragment:
  - mailops.ses.aws
  - mailops.ses.attributes
attributes:
  check_mode:
    details:
      - RV(steps) tells what would be done. The other results tell what is there now.
  diff_mode:
    support: none
    details:
      - RV(steps) tells what was done.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: The relays have a key, and it is stored
  mailops.ses.ses_smtp_credential:
    region: us-east-1
    user: relay
    store:
      secretsmanager: mail/ses
  delegate_to: localhost
  run_once: true
  become: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"

- name: A second key waits to be proven
  mailops.ses.ses_smtp_credential:
    region: us-east-1
    user: relay
    store:
      secretsmanager: mail/ses
    state: rotated
  delegate_to: localhost
  run_once: true
  become: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""

RETURN = r"""
steps:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: str
  sample: ["create a key of relay and store it as pending"]
step:
  description: How far a rotation has come. V(none) has no key of the user in the store, V(current) one key and no
    other, V(pending) a second one that waits to be promoted, V(promoted) an old one that is still active, V(retired)
    an old one that is inactive.
  returned: success
  type: str
  sample: pending
user:
  description: The IAM user.
  returned: success
  type: str
  sample: relay
current_id:
  description: ID of the key that is current in the store, which is the SMTP user name; null for none.
  returned: success
  type: str
  sample: AKIAIOSFODNN7EXAMPLE
pending_id:
  description: ID of the key that waits to be promoted; null for none.
  returned: success
  type: str
previous_id:
  description: ID of the user's other key; null for none.
  returned: success
  type: str
replaced_id:
  description: ID of the key in whose place the current one was made; null for none, and for one that is deleted.
  returned: success
  type: str
access_keys:
  description: The user's keys, with their status and when they were made.
  returned: success
  type: list
  elements: dict
  sample: [{"id": "AKIAIOSFODNN7EXAMPLE", "status": "Active", "created": "2026-11-29T12:00:00Z"}]
arn:
  description: ARN of the secret or parameter; null where it is not there yet.
  returned: success
  type: str
  sample: arn:aws:secretsmanager:us-east-1:123456789012:secret:mail/ses-AbCdEf
version:
  description: Version of what is current in the store.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._aws import credential
from ansible_collections.mailops.ses.plugins.module_utils._aws.running import run


def main() -> None:
    module = AnsibleModule(argument_spec=credential.ARGUMENTS, supports_check_mode=True)
    hide = module.no_log_values.add  # a derived password is in no option, so Ansible would not hide it
    run(module, lambda aws: credential.ensure(aws, module.params, module.check_mode, hide), credential.judge)


if __name__ == "__main__":
    main()
