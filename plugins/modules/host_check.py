#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host can tell of its way to SES, in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_check
short_description: Check the ports to Amazon SES, a mail and the queue of a host in one call
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - Does on a host what M(mailops.ses.smtp_check) on all five ports, M(mailops.ses.mail_queue_info), and with
    O(recipient) M(mailops.ses.mail_probe) do, in one execution. The playbook C(mailops.ses.check) uses it.
  - The queue is read while the ports answer. Where a mail is sent, it goes after the ports were checked, and then the
    queue is read.
  - Each part fails alone, and the module does not fail for it. A host that cannot log in still tells its queue.
    Look at RV(check.reachable), RV(queue.messages) and RV(probe.delivered), or whether a part has C(failed).
requirements:
  - Python 3.9 or newer on the managed host
  - Root on the managed host for O(recipient), for Sendmail's queue, for that of a stopped Postfix, and where Postfix's
    C(authorized_mailq_users) does not name the user
options:
  region:
    description:
      - The AWS region, for example V(us-east-1), as in M(mailops.ses.smtp_check).
      - Needed unless O(endpoint) is set.
    type: str
  endpoint:
    description:
      - Another name than the region's usual one, such as a FIPS endpoint, a VPC endpoint or a test server.
    type: str
  username:
    description:
      - The SMTP user name. Without it the check ends after TLS.
      - Needs O(password) or O(secret_access_key).
    type: str
  password:
    description:
      - The SMTP password, as in M(mailops.ses.smtp_check).
    type: str
  secret_access_key:
    description:
      - The IAM user's secret access key, as in M(mailops.ses.smtp_check).
    type: str
  ca_file:
    description:
      - A file of PEM certificates on the managed host, the trust anchors.
      - By default the first bundle that is found of those that the distributions keep.
    type: path
  mta:
    description:
      - Which MTA the host has.
      - By default the installed one; of two, the one to which C(/usr/sbin/sendmail) belongs.
    type: str
    choices: [postfix, sendmail]
  recipient:
    description:
      - Who gets a mail, as in M(mailops.ses.mail_probe). By default none is sent.
    type: str
  fallback:
    description:
      - Further ways out, as the roles' C(ses_fallback) has them. Each is checked by a log-in at its port.
    type: list
    elements: dict
    default: []
    suboptions:
      region:
        description: The way's AWS region.
        type: str
      endpoint:
        description: Another name than the region's usual one.
        type: str
      port:
        description: The endpoint's port. By default 587.
        type: str
      smtp_username:
        description: The SMTP user name. By default O(username).
        type: str
      smtp_password:
        description: The SMTP password for this region.
        type: str
      secret_access_key:
        description:
          - The secret access key, from which the password is derived. By default O(secret_access_key), and in the first
            way's region O(password).
        type: str
  option_names:
    description:
      - What messages call the options, where a role has given them other names, such as C(region) and C(ses_region).
    type: dict
    default: {}
extends_documentation_fragment:
  - mailops.ses.attributes
attributes:
  check_mode:
    details:
      - It sends no mail then, and RV(probe) has the state V(skipped).
  diff_mode:
    support: none
    details:
      - It changes nothing of the host's configuration.
  idempotent:
    details:
      - With O(recipient) it sends a mail each time, and reports no change, since the host stays as it was.
  platform:
    platforms: posix
seealso:
  - module: mailops.ses.smtp_check
  - module: mailops.ses.mail_queue_info
  - module: mailops.ses.mail_probe
  - module: mailops.ses.check_report
"""

EXAMPLES = r"""
- name: Check a host
  mailops.ses.host_check:
    region: us-east-1
    username: "{{ vault_ses_smtp_username }}"
    password: "{{ vault_ses_smtp_password }}"
  become: true
  register: found

- name: Fail when it cannot log in, or its queue cannot be read
  ansible.builtin.assert:
    that:
      - found.check is not failed
      - found.queue is not failed
    fail_msg: "{{ found.check.msg | default('') }} {{ found.queue.msg | default('') }}"

- name: Check a further way out too, for whose region the key gives a password
  mailops.ses.host_check:
    region: us-east-1
    username: "{{ vault_ses_smtp_username }}"
    password: "{{ vault_ses_smtp_password }}"
    fallback:
      - region: eu-west-1
        secret_access_key: "{{ vault_ses_secret_access_key }}"
  become: true

- name: Send a mail to SES's mailbox simulator as well
  mailops.ses.host_check:
    region: us-east-1
    username: "{{ vault_ses_smtp_username }}"
    password: "{{ vault_ses_smtp_password }}"
    recipient: success@simulator.amazonses.com
  become: true
"""

RETURN = r"""
check:
  description: What M(mailops.ses.smtp_check) returns, and this when it fails.
  returned: always
  type: dict
  contains:
    reachable:
      description: Whether a port took the whole dialogue, as in RV(mailops.ses.smtp_check#module:reachable).
      returned: unless an option is at fault
      type: bool
      sample: false
    failed:
      description: That no port took the dialogue, or an option is at fault.
      returned: only then
      type: bool
      sample: true
    msg:
      description: Why it failed.
      returned: with RV(check.failed)
      type: str
      sample: "ses_region lacks a hyphen before its number: write it like us-east-1."
fallback:
  description:
    - What M(mailops.ses.smtp_check) returns of each further way at its port, with RV(fallback[].name).
    - Of a list that is at fault one dictionary with C(failed) and C(msg).
  returned: with O(fallback)
  type: list
  elements: dict
  contains:
    name:
      description: What errors call the way.
      returned: unless the list is at fault
      type: str
      sample: ses_fallback[0]
    endpoint:
      description: The endpoint's name.
      returned: unless the list is at fault
      type: str
      sample: email-smtp.eu-west-1.amazonaws.com
    port:
      description: The endpoint's port.
      returned: unless the list is at fault
      type: int
      sample: 587
    reachable:
      description: Whether the port took the whole dialogue.
      returned: unless an option is at fault
      type: bool
      sample: true
queue:
  description: What M(mailops.ses.mail_queue_info) returns, and this when it fails.
  returned: always
  type: dict
  contains:
    messages:
      description: How many messages are queued, as in RV(mailops.ses.mail_queue_info#module:messages).
      returned: unless RV(queue.failed)
      type: int
      sample: 12
    failed:
      description: That the queue cannot be read.
      returned: only then
      type: bool
      sample: true
    msg:
      description: Why it failed.
      returned: with RV(queue.failed)
      type: str
      sample: "The queue cannot be read as user 1000: /var/spool/mqueue: Permission denied."
probe:
  description: What M(mailops.ses.mail_probe) returns, and this when it fails. Null without O(recipient).
  returned: always
  type: dict
  contains:
    delivered:
      description: Whether SES has the mail, as in RV(mailops.ses.mail_probe#module:delivered).
      returned: unless RV(probe.failed)
      type: bool
      sample: true
    failed:
      description: That an option is at fault, or which MTA the host has cannot be told.
      returned: only then
      type: bool
      sample: true
    msg:
      description: What came of the mail, or why it failed.
      type: str
      sample: "ses_probe_recipient 'nobody' is no mail address of the form local-part@domain in ASCII."
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._check.parts import parts
from ansible_collections.mailops.ses.plugins.module_utils._host.command import run
from ansible_collections.mailops.ses.plugins.module_utils._host.facts import installed_mta
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net, of_this_host

ARGUMENTS: dict[str, dict[str, Any]] = {
    "region": {"type": "str"},
    "endpoint": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "secret_access_key": {"type": "str", "no_log": True},
    "ca_file": {"type": "path"},
    "mta": {"type": "str", "choices": ["postfix", "sendmail"]},
    "recipient": {"type": "str"},
    "fallback": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "region": {"type": "str"},
            "endpoint": {"type": "str"},
            "port": {"type": "str"},
            "smtp_username": {"type": "str"},
            "smtp_password": {"type": "str", "no_log": True},
            "secret_access_key": {"type": "str", "no_log": True},
        },
    },
    "option_names": {"type": "dict", "default": {}},
}


def _installed() -> str | None:
    return installed_mta(run)


NET = of_this_host(_installed)


def main(net: Net = NET) -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    found = parts(module.params, net, _installed, module.check_mode, module.no_log_values.add)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
