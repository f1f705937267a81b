# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with the form of the relay's secrets, so that only this leaves the controller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._relay import variables

DOCUMENTATION = r"""
name: credential_faults
short_description: Judge the form of a relay's secrets without handing them on
version_added: 0.2.0
author: mailops maintainers (@mailops)
description:
  - Tells M(mailops.ses.relay_plan) which secrets are set, and what is wrong with the form of each.
  - The module does not get the secrets themselves. Ansible would hide each word of its result that is the same as a
    secret, and the roles write that result to the host.
  - The roles C(mailops.ses.postfix) and C(mailops.ses.sendmail) use it.
positional: _input
options:
  _input:
    description: The variables C(ses_smtp_password) and C(ses_secret_access_key) with their values.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell what is wrong with a password, and not the password
  ansible.builtin.debug:
    msg: "{{ {'ses_smtp_password': vault_ses_smtp_password} | mailops.ses.credential_faults }}"
"""

RETURN = r"""
_value:
  description: For each of the variables that is set what is wrong with it, or an empty text.
  type: dict
  sample:
    ses_smtp_password: ""
"""


def credential_faults(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with each variable that is set, as the rest of a sentence; empty where nothing is."""
    return variables.credential_faults(values)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Filter names and functions."""
        return {"credential_faults": credential_faults}
