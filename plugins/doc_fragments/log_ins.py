# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a module that brings a host to the relay takes for log-ins."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment mailops.ses.log_ins."""

    DOCUMENTATION = r"""
options:
  smtp_password:
    description: The SMTP password.
    type: str
  secret_access_key:
    description: The secret access key. Without O(smtp_password) the password is derived from it.
    type: str
  credential_faults:
    description:
      - What is wrong with the form of each secret that is set, or an empty text, by its variable.
      - The controller tells it. It sends no secret that has a fault.
    type: dict
    default: {}
  verify:
    description: Whether the host has to prove first that it can log in to SES.
    type: bool
    default: true
  fallback:
    description:
      - The roles' C(ses_fallback), further ways out. Its meaning stands in the roles' documentation.
      - An entry has what the variables of these names without their C(ses_) have for the first way, C(region) or
        C(endpoint), C(port), C(smtp_username), and C(smtp_password) or C(secret_access_key).
    type: raw
  fallback_secrets:
    description:
      - The secrets of O(fallback), entry by entry. The controller takes them out of O(fallback), and fills this.
    type: list
    elements: dict
    default: []
    suboptions:
      smtp_password:
        description: The entry's SMTP password.
        type: str
      secret_access_key:
        description: The entry's secret access key.
        type: str
  identities:
    description:
      - The roles' C(ses_identities), senders with a log-in of their own. Its meaning stands in the roles'
        documentation.
      - An entry has C(sender), and what the variables of these names without their C(ses_) have for the relay,
        C(region) or C(endpoint), C(smtp_username), C(configuration_set), and C(smtp_password) or
        C(secret_access_key).
    type: raw
  identity_secrets:
    description:
      - The secrets of O(identities), entry by entry. The controller takes them out of O(identities), and fills this.
    type: list
    elements: dict
    default: []
    suboptions:
      smtp_password:
        description: The entry's SMTP password.
        type: str
      secret_access_key:
        description: The entry's secret access key.
        type: str
"""
