# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is chosen last of a relay: after the plan and the check, and before the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.mailops.ses.plugins.filter.smtp_password import smtp_password

DOCUMENTATION = r"""
name: relay_choice
short_description: Choose a relay's port, password and trust anchors
version_added: 0.1.0
author: mailops maintainers (@mailops)
description:
  - Chooses what M(mailops.ses.relay_plan) leaves open, once M(mailops.ses.smtp_check) has seen which ports work.
  - The roles C(mailops.ses.postfix) and C(mailops.ses.sendmail) use it. It is of no use without them.
positional: check
options:
  _input:
    description: RV(mailops.ses.relay_plan#module:relay), with its ports in their order.
    type: dict
    required: true
  check:
    description: The result of M(mailops.ses.smtp_check); empty where no check was made.
    type: dict
    required: true
  password:
    description: The SMTP password, if it is given.
    type: str
  secret_access_key:
    description: The secret access key from which the password is derived where none is given.
    type: str
  ca_file:
    description: File with the trust anchors, if one is given.
    type: str
  ca_bundle:
    description: The distribution's bundle of trust anchors, for where none is given.
    type: str
"""

EXAMPLES = r"""
- name: Tell which port the relay takes
  ansible.builtin.debug:
    msg: "{{ (plan.relay | mailops.ses.relay_choice(check, password=vault_ses_smtp_password)).port }}"
"""

RETURN = r"""
_value:
  description:
    - RV(_value.port), the plan's first port that works, or its first where no check was made.
    - RV(_value.tls_wrapper), whether TLS begins with the connection on this port.
    - RV(_value.password), the SMTP password.
    - RV(_value.ca_file), the file with the trust anchors.
  type: dict
  contains:
    port:
      description: Port of the endpoint.
      type: int
    tls_wrapper:
      description: Whether TLS begins with the connection.
      type: bool
    password:
      description: The SMTP password.
      type: str
    ca_file:
      description: File with the trust anchors, on the managed host.
      type: str
"""


def relay_choice(
    relay: Mapping[str, Any],
    check: Mapping[str, Any],
    *,
    password: str | None = None,
    secret_access_key: str | None = None,
    ca_file: str | None = None,
    ca_bundle: str | None = None,
) -> dict[str, Any]:
    """The choice; AnsibleFilterError for a secret access key from which no password can be derived."""
    # In the check's result Ansible hides a number that is in the password (587), and never whether a port works.
    works = [port for port, found in zip(relay["ports"], check.get("ports") or []) if found["ok"]]
    port = (works or relay["ports"])[0]
    return {
        "port": port,
        "tls_wrapper": port in relay["wrapper_ports"],
        "password": password or smtp_password(secret_access_key, relay["region"]),
        "ca_file": ca_file or ca_bundle,
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Filter names and functions."""
        return {"relay_choice": relay_choice}
