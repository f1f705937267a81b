# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which questions a fleet has for AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.ses.plugins.module_utils._aws.fleet import requests

DOCUMENTATION = r"""
name: account_requests
short_description: Options of M(mailops.ses.ses_account_info) for a fleet, as few as its hosts differ
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - Groups hosts by region, SMTP user name, sender and configuration set, and sums their connections. The playbook
    C(mailops.ses.check) asks AWS once for each group, where C(ses_aws) is set.
  - The region is that in the name of C(ses_endpoint), or C(ses_region). It is null where neither tells it.
options:
  _input:
    description:
      - For each host its variables, of which the C(ses_*) variables are read.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Ask AWS once for each group of hosts
  mailops.ses.ses_account_info:
    region: "{{ item.region }}"
    identities: "{{ item.identities }}"
    access_key_id: "{{ item.access_key_id }}"
    configuration_set: "{{ item.configuration_set }}"
  loop: "{{ {'web1': hostvars['web1'], 'web2': hostvars['web2']} | mailops.ses.account_requests }}"
  loop_control:
    label: "{{ item.region }}"
  delegate_to: localhost
  run_once: true
  become: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""

RETURN = r"""
_value:
  description: For each group C(region), C(access_key_id), C(identities), C(configuration_set), C(connections), C(rate)
    (null where a host has no C(ses_max_rate)), C(hosts), and C(way), which is C(ses_fallback) or C(ses_identities)
    where it is an entry of that, and else empty.
  type: list
  elements: dict
"""


def account_requests(hosts: Any) -> list[dict[str, Any]]:
    """The groups of these hosts."""
    if not isinstance(hosts, dict):
        raise AnsibleFilterError("account_requests takes a dictionary of hosts and their variables")
    return requests(hosts)


class FilterModule:
    """The filter mailops.ses.account_requests."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"account_requests": account_requests}
