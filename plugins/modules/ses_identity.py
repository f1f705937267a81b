#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A sender's domain or address in SES."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ses_identity
short_description: Set up a domain or an address in Amazon SES, and give the DNS rows that verify it
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - Creates an identity by SES's API v2 in one region, with Easy DKIM, and sets its MAIL FROM domain, its default
    configuration set and its tags. RV(dns_records) then has what DNS needs.
  - SES verifies the identity by itself once DNS answers. M(mailops.ses.ses_account_info) tells whether it has.
  - What is not given stays as it is. An identity is deleted for O(state=absent) alone.
options:
  name:
    description:
      - The domain or the address. A domain stands for all addresses in it and in its subdomains.
    type: str
    required: true
  state:
    description:
      - Whether there is such an identity. V(absent) deletes it, and mail from it is refused from then on.
    type: str
    choices: [present, absent]
    default: present
  dkim:
    description:
      - Easy DKIM. SES signs, and DNS has three CNAMEs.
    type: dict
    suboptions:
      signing:
        description:
          - Whether SES signs mail from this identity. For a new domain it does.
        type: bool
      key_length:
        description:
          - Length of the keys. SES makes new ones when it changes.
        type: str
        choices: [RSA_1024_BIT, RSA_2048_BIT]
  mail_from:
    description:
      - The envelope's domain in place of C(amazonses.com), so that SPF speaks for your domain.
    type: dict
    suboptions:
      domain:
        description:
          - A subdomain of the identity's domain that nothing else uses. An empty one ends it.
        type: str
        required: true
      on_mx_failure:
        description:
          - What SES does while the domain's MX row is missing. V(USE_DEFAULT_VALUE) sends from C(amazonses.com),
            V(REJECT_MESSAGE) refuses the mail.
        type: str
        choices: [USE_DEFAULT_VALUE, REJECT_MESSAGE]
        default: USE_DEFAULT_VALUE
  configuration_set:
    description:
      - The configuration set for mail that names none. An empty one ends it.
    type: str
  tags:
    description:
      - Tags to set. Others that the identity has stay.
    type: dict
extends_documentation_fragment:
  - mailops.ses.aws
  - mailops.ses.attributes
attributes:
  check_mode:
    details:
      - RV(dns_records) lacks the three CNAMEs of an identity that is yet to be made, since SES makes them up.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Set up the senders' domain
  mailops.ses.ses_identity:
    region: us-east-1
    name: example.com
    mail_from:
      domain: bounce.example.com
  delegate_to: localhost
  run_once: true
  become: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  register: identity

- name: Show what DNS needs
  ansible.builtin.debug:
    msg: "{{ identity.dns_records }}"
  run_once: true
"""

RETURN = r"""
identity:
  description: The identity as it is now; null once it is deleted. It has the form of M(mailops.ses.ses_account_info)'s
    C(identities).
  returned: success
  type: dict
  contains:
    name:
      description: Its name, in lower case.
      type: str
      sample: example.com
    type:
      description: V(domain) or V(email_address).
      type: str
      sample: domain
    verified:
      description: Whether SES takes mail from it.
      type: bool
      sample: false
    verification_status:
      description: V(PENDING), V(SUCCESS), V(FAILED), V(TEMPORARY_FAILURE) or V(NOT_STARTED).
      type: str
      sample: PENDING
    error:
      description: What is wrong with its rows in DNS, such as V(HOST_NOT_FOUND).
      type: str
    dkim:
      description: DKIM. The tokens and the zone make three CNAME rows.
      type: dict
    mail_from:
      description: The MAIL FROM domain.
      type: dict
    configuration_set:
      description: Its default configuration set.
      type: str
    tags:
      description: Its tags.
      type: dict
dns_records:
  description: The rows that DNS needs, three CNAMEs for a domain, and an MX and a TXT row for a MAIL FROM domain. They
    can be handed to a module for DNS as they are.
  returned: success
  type: list
  elements: dict
  contains:
    type:
      description: V(CNAME), V(MX) or V(TXT).
      type: str
      sample: CNAME
    name:
      description: The row's name, whole and without a dot at its end.
      type: str
      sample: 999ddcd468976307c6de395dc055f283._domainkey.example.com
    value:
      description: Its value. That of a TXT row is in quotes.
      type: str
      sample: 999ddcd468976307c6de395dc055f283.dkim.amazonses.com
    ttl:
      description: Seconds that it may be kept.
      type: int
      sample: 1800
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._aws import identity
from ansible_collections.mailops.ses.plugins.module_utils._aws.running import run


def main() -> None:
    module = AnsibleModule(argument_spec=identity.ARGUMENTS, supports_check_mode=True)
    run(module, lambda aws: identity.ensure(aws, module.params, module.check_mode), identity.judge)


if __name__ == "__main__":
    main()
