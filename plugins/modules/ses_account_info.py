#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What in an AWS account keeps mail from leaving."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ses_account_info
short_description: Tell what an AWS account lets through Amazon SES, and what in it stops mail
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - Reads what SES, IAM and STS say of an account in one region, and changes nothing. A host sees only SMTP's reply
    (535, 554); the reasons stand here.
  - Each part fails alone, such as for a missing permission. RV(unread) then says why, and the others are reported.
  - RV(findings) names what stops mail or will, each with its remedy. The module does not fail for them.
options:
  identities:
    description:
      - The senders to look for, as addresses or domains. SES takes an address if it is verified itself, or its domain,
        or a domain above that; so are they looked up here.
      - Without it all identities of the region are listed, with less about each, in one call for a thousand.
    type: list
    elements: str
  access_key_id:
    description:
      - The SMTP user name of the relays, which is the ID of an access key. Whose it is, whether it is active, and when
        it was used last is told.
      - With O(identities) IAM's simulation also tells whether the key's user may send.
    type: str
  configuration_set:
    description:
      - A configuration set that mail names.
    type: str
  other_regions:
    description:
      - Regions to look for a sender in that is not verified in O(region).
    type: list
    elements: str
    default: []
  fleet:
    description:
      - What sends through the account, which is compared with the account's rate.
    type: dict
    suboptions:
      hosts:
        description:
          - The number of hosts.
        type: int
        default: 1
      connections:
        description:
          - The connections that they may open at once, all together.
        type: int
        default: 0
      rate:
        description:
          - The messages a second that they may send, all together. Leave it out where one of them has no limit.
        type: float
  timeout:
    description:
      - The seconds that all parts may take together, from 1 to 600. A part that took longer is in RV(unread).
    type: float
    default: 60
extends_documentation_fragment:
  - mailops.ses.aws
  - mailops.ses.attributes
attributes:
  check_mode:
    details:
      - It changes nothing.
  diff_mode:
    support: none
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: What in the account keeps these relays from sending
  mailops.ses.ses_account_info:
    region: us-east-1
    identities: [example.com]
    access_key_id: "{{ ses_smtp_username }}"
    configuration_set: fleet
    other_regions: [eu-west-1, us-west-2]
  delegate_to: localhost
  run_once: true
  become: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  register: account

- name: Stop where SES would refuse every mail
  ansible.builtin.assert:
    that: account.findings | selectattr('stops_sending') | length == 0
    fail_msg: "{{ account.findings | map(attribute='cause') | join(' ') }}"
  run_once: true
"""

RETURN = r"""
region:
  description: The region that was asked.
  returned: success
  type: str
  sample: us-east-1
caller:
  description: Whose credentials the controller uses; null when that could not be read.
  returned: success
  type: dict
  contains:
    account:
      description: The account's number.
      type: str
      sample: "123456789012"
    arn:
      description: The user or role.
      type: str
      sample: arn:aws:iam::123456789012:user/operator
account:
  description: SES in this region; null when it could not be read.
  returned: success
  type: dict
  contains:
    production_access:
      description: Whether the account is out of the sandbox.
      type: bool
    sending_enabled:
      description: Whether it may send at all.
      type: bool
    enforcement_status:
      description: V(HEALTHY), V(PROBATION) or V(SHUTDOWN).
      type: str
      sample: HEALTHY
    quota:
      description: What it may send. C(left) is null for an account without a limit.
      type: dict
      sample: {"max_24_hours": 50000.0, "max_per_second": 14.0, "sent_24_hours": 1200.0, "left": 48800.0}
suppression:
  description: For which reasons SES puts an address on the account's suppression list; null when it could not be read.
  returned: success
  type: dict
  sample: {"reasons": ["BOUNCE", "COMPLAINT"]}
identities:
  description: An entry for each of O(identities), or for each identity of the region.
  returned: success
  type: list
  elements: dict
  contains:
    sender:
      description: What was asked for.
      type: str
      sample: web@mail.example.com
    name:
      description: The identity by which SES verifies it, or the nearest there is.
      type: str
      sample: example.com
    exists:
      description: Whether there is such an identity.
      type: bool
    type:
      description: V(domain), V(email_address) or V(managed_domain).
      type: str
      sample: domain
    verified:
      description: Whether SES takes mail from it.
      type: bool
    verification_status:
      description: V(PENDING), V(SUCCESS), V(FAILED), V(TEMPORARY_FAILURE) or V(NOT_STARTED).
      type: str
      sample: SUCCESS
    elsewhere:
      description: Those of O(other_regions) where it is verified.
      type: list
      elements: str
      sample: []
    error:
      description: What is wrong with its rows in DNS, such as V(HOST_NOT_FOUND).
      returned: with O(identities)
      type: str
    dkim:
      description: DKIM. The tokens and the zone make three CNAME rows.
      returned: with O(identities)
      type: dict
      sample: {"signing": true, "status": "SUCCESS", "tokens": [], "zone": null, "key_length": "RSA_2048_BIT"}
    mail_from:
      description: The MAIL FROM domain.
      returned: with O(identities)
      type: dict
      sample: {"domain": null, "status": null, "on_mx_failure": "USE_DEFAULT_VALUE"}
    configuration_set:
      description: Its default configuration set.
      returned: with O(identities)
      type: str
    tags:
      description: Its tags.
      returned: with O(identities)
      type: dict
key:
  description: The access key; null without O(access_key_id), or when it could not be read.
  returned: success
  type: dict
  contains:
    id:
      description: Its ID.
      type: str
      sample: AKIAIOSFODNN7EXAMPLE
    exists:
      description: Whether the account has it.
      type: bool
    account:
      description: The account that it belongs to where it is not this one; null when AWS does not tell.
      type: str
    user:
      description: Its IAM user.
      type: str
      sample: relay
    status:
      description: V(Active) or V(Inactive).
      type: str
      sample: Active
    created:
      description: When it was made.
      type: str
      sample: "2026-11-29T12:00:00Z"
    last_used:
      description: When, for which service and in which region it was used last; nulls for never.
      type: dict
      sample: {"at": null, "service": null, "region": null}
configuration_set:
  description: The configuration set; null without O(configuration_set), or when it could not be read.
  returned: success
  type: dict
  sample: {"name": "fleet", "exists": true, "sending_enabled": true, "tls_policy": "REQUIRE"}
policy:
  description: IAM's simulation of C(ses:SendRawEmail); null when it was not asked or could not be read.
  returned: success
  type: dict
  sample: {"user": "relay", "action": "ses:SendRawEmail", "allowed": true, "denied": []}
unread:
  description: The parts that could not be read, with AWS's code, the operation, a sentence and a remedy.
  returned: success
  type: dict
  sample: {}
findings:
  description: What stops mail or will. First what stops it.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: A short name for the cause, which stays the same in later versions. C(docs/aws.md) lists them.
      type: str
      sample: domain_verified_elsewhere
    cause:
      description: The cause in a sentence.
      type: str
      sample: example.com is verified in eu-west-1, not in us-east-1.
    remedy:
      description: What to do about it.
      type: str
      sample: Verify it in us-east-1 too, or have the hosts use the endpoint of eu-west-1.
    source:
      description: Where to read more.
      type: str
      sample: https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html
    stops_sending:
      description: Whether SES refuses every mail because of it.
      type: bool
      sample: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._aws import request
from ansible_collections.mailops.ses.plugins.module_utils._aws.running import run


def main() -> None:
    module = AnsibleModule(argument_spec=request.ARGUMENTS, supports_check_mode=True)
    run(module, lambda aws: {"changed": False, **request.outcome(aws, module.params)}, request.judge)


if __name__ == "__main__":
    main()
