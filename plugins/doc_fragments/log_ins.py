# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a module that brings a host to the relay takes for entries that have a log-in of their own."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment mailops.ses.log_ins."""

    DOCUMENTATION = r"""
options:
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
