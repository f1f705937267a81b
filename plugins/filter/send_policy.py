# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policy of a relay's IAM user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.ses.plugins.module_utils._aws import policy
from ansible_collections.mailops.ses.plugins.module_utils._aws.request import identity_fault

DOCUMENTATION = r"""
name: send_policy
short_description: The IAM policy by which a relay may send from a domain or an address, and nothing else
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - Gives a policy with the one action C(ses:SendRawEmail) on the identity, and on the configuration set if there is
    one. The sender must be in the identity (C(ses:FromAddress)).
positional: _input, region
options:
  _input:
    description:
      - The domain or the address.
    type: str
    required: true
  region:
    description:
      - The AWS region, or V(*) for all.
    type: str
    default: "*"
  account:
    description:
      - The account's number, or V(*).
    type: str
    default: "*"
  configuration_set:
    description:
      - The configuration set that mail names.
    type: str
"""

EXAMPLES = r"""
- name: The policy of the relays' user
  ansible.builtin.debug:
    msg: "{{ 'example.com' | mailops.ses.send_policy('us-east-1', configuration_set='fleet') }}"
"""

RETURN = r"""
_value:
  description: The policy, which a module takes as a dictionary, or as JSON by P(ansible.builtin.to_json#filter).
  type: dict
"""


def send_policy(
    identity: str, region: str = "*", account: str = "*", configuration_set: str | None = None
) -> dict[str, Any]:
    """The policy; an error for what is no identity."""
    fault = identity_fault(str(identity))
    if fault:
        raise AnsibleFilterError(f"send_policy: {identity!r} {fault}")
    return policy.send_policy(str(identity), str(region), str(account), configuration_set)


class FilterModule:
    """The filter mailops.ses.send_policy."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"send_policy": send_policy}
