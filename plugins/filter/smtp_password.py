# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The SMTP password that belongs to an IAM user's secret access key."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.ses.plugins.module_utils._ses import credentials
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import region_fault

DOCUMENTATION = r"""
name: smtp_password
short_description: Derive an Amazon SES SMTP password from a secret access key
version_added: 0.1.0
author: mailops maintainers (@mailops)
description:
  - Derives the password that Amazon SES's SMTP interface takes in a region from an IAM user's secret access key.
  - The user name that goes with it is the access key ID. The IAM user needs the permission C(ses:SendRawEmail).
  - Temporary keys are refused, because the SMTP interface does not work with them.
positional: region
options:
  _input:
    description: The secret access key.
    type: str
    required: true
  region:
    description: The AWS region that the password is for, for example V(us-east-1).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Relay through SES with the key of an IAM user
  ansible.builtin.include_role:
    name: mailops.ses.postfix
  vars:
    ses_region: eu-central-1
    ses_smtp_username: "{{ vault_access_key_id }}"
    ses_smtp_password: "{{ vault_secret_access_key | mailops.ses.smtp_password(ses_region) }}"
"""

RETURN = r"""
_value:
  description: The SMTP password, 44 characters.
  type: str
"""


def smtp_password(secret_access_key: Any, region: Any) -> str:
    secret = _checked("the secret access key", secret_access_key, credentials.secret_fault)
    return credentials.smtp_password(secret, _checked("region", region, region_fault))


def _checked(name: str, value: Any, fault_of: Callable[[str], str | None]) -> str:
    # A vaulted string is none of type str before ansible-core 2.19, but it encodes like one.
    text = str(value) if hasattr(value, "encode") else None
    fault = "is not a string" if text is None else fault_of(text)
    if text is None or fault:
        raise AnsibleFilterError(f"smtp_password: {name} {fault}.")
    return text


class FilterModule:
    def filters(self) -> dict[str, Callable[..., str]]:
        return {"smtp_password": smtp_password}
