#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A configuration set in SES."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ses_configuration_set
short_description: Set up a configuration set in Amazon SES, with the places that its events go to
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - Creates a configuration set by SES's API v2 in one region and brings its settings and event destinations to the
    wanted state. Relays name it by C(ses_configuration_set).
  - What is not given stays as it is.
options:
  name:
    description:
      - Its name.
    type: str
    required: true
  state:
    description:
      - Whether there is such a set. V(absent) deletes it, and SES refuses mail that names it from then on.
    type: str
    choices: [present, absent]
    default: present
  tls_policy:
    description:
      - Whether SES delivers to servers that speak TLS alone (V(REQUIRE)).
    type: str
    choices: [OPTIONAL, REQUIRE]
  reputation_metrics:
    description:
      - Whether SES counts bounces and complaints for this set.
    type: bool
  sending_enabled:
    description:
      - Whether SES takes mail that names it.
    type: bool
  suppressed_reasons:
    description:
      - For which reasons SES drops mail to addresses on the suppression list, in place of the account's setting. With
        an empty list it drops none.
    type: list
    elements: str
    choices: [BOUNCE, COMPLAINT]
  max_delivery_seconds:
    description:
      - The seconds that SES tries to deliver a mail, from 300 to 50400.
    type: int
  events:
    description:
      - Event destinations, which are compared by their names. Others that the set has stay.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Its name.
        type: str
        required: true
      state:
        description:
          - Whether there is such a destination.
        type: str
        choices: [present, absent]
        default: present
      enabled:
        description:
          - Whether events go there.
        type: bool
        default: true
      types:
        description:
          - Which events go there. Needed unless the destination is to be absent.
        type: list
        elements: str
        choices:
          - SEND
          - REJECT
          - BOUNCE
          - COMPLAINT
          - DELIVERY
          - OPEN
          - CLICK
          - RENDERING_FAILURE
          - DELIVERY_DELAY
          - SUBSCRIPTION
      sns:
        description:
          - ARN of a topic of SNS. One of these four is needed.
        type: str
      eventbridge:
        description:
          - ARN of the default event bus.
        type: str
      firehose:
        description:
          - A stream of Firehose.
        type: dict
        suboptions:
          stream:
            description:
              - ARN of the stream.
            type: str
            required: true
          role:
            description:
              - ARN of the role by which SES writes to it.
            type: str
            required: true
      cloudwatch:
        description:
          - Dimensions for CloudWatch.
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - The dimension's name.
            type: str
            required: true
          source:
            description:
              - Where its value comes from.
            type: str
            choices: [MESSAGE_TAG, EMAIL_HEADER, LINK_TAG]
            required: true
          default:
            description:
              - Its value for a mail without one.
            type: str
            required: true
extends_documentation_fragment:
  - mailops.ses.aws
  - mailops.ses.attributes
attributes:
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Set up the fleet's configuration set
  mailops.ses.ses_configuration_set:
    region: us-east-1
    name: fleet
    tls_policy: REQUIRE
    reputation_metrics: true
    events:
      - name: bounces
        types: [BOUNCE, COMPLAINT]
        sns: arn:aws:sns:us-east-1:123456789012:bounces
  delegate_to: localhost
  run_once: true
  become: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""

RETURN = r"""
configuration_set:
  description: The configuration set as it is now; null once it is deleted.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: fleet
    exists:
      description: Whether it is there, or would be.
      type: bool
      sample: true
    tls_policy:
      description: As O(tls_policy).
      type: str
      sample: REQUIRE
    max_delivery_seconds:
      description: As O(max_delivery_seconds); null for SES's own.
      type: int
    reputation_metrics:
      description: As O(reputation_metrics).
      type: bool
      sample: true
    sending_enabled:
      description: As O(sending_enabled).
      type: bool
      sample: true
    suppressed_reasons:
      description: As O(suppressed_reasons); null where the account's setting holds.
      type: list
      elements: str
    events:
      description: The names of its event destinations.
      type: list
      elements: str
      sample: [bounces]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._aws import configuration_set
from ansible_collections.mailops.ses.plugins.module_utils._aws.running import run


def main() -> None:
    module = AnsibleModule(argument_spec=configuration_set.ARGUMENTS, supports_check_mode=True)
    run(module, lambda aws: configuration_set.ensure(aws, module.params, module.check_mode), configuration_set.judge)


if __name__ == "__main__":
    main()
