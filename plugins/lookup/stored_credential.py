# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A relay's credential out of the store of ses_smtp_credential."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stored_credential
short_description: Read the credential of relays out of AWS Secrets Manager or SSM, each store once
version_added: 0.2.0
author:
  - mailops maintainers (@mailops)
description:
  - Reads what M(mailops.ses.ses_smtp_credential) has stored, on the controller and with the controller's credentials.
  - Use it in one task with C(run_once), C(no_log) and M(ansible.builtin.set_fact), as the example does. In a variable
    it would be evaluated wherever the variable is, which is several paid calls and a second of CPU for each host.
options:
  _terms:
    description:
      - Stores, each a dictionary with C(secretsmanager) or C(ssm), and C(region) where that is not O(region). The same
        store given twice is read once.
    required: true
  stage:
    description:
      - Whether the credential that is in use is read, or the one that waits to be promoted.
    type: str
    choices: [current, pending]
    default: current
  region:
    description:
      - The AWS region. By default that of the controller's environment or profile.
    type: str
  profile:
    description:
      - A profile of the controller's AWS configuration.
    type: str
  endpoint_url:
    description:
      - URL of another endpoint.
    type: str
  validate_certs:
    description:
      - Whether certificates of AWS's endpoints are verified.
    type: bool
    default: true
requirements:
  - boto3 1.35.50 or newer on the controller
"""

EXAMPLES = r"""
- name: Relay mail with a stored credential
  hosts: mail
  become: true
  tasks:
    - name: Read the credential once
      ansible.builtin.set_fact:
        stored: "{{ query('mailops.ses.stored_credential', store, region='us-east-1') | first }}"
      vars:
        store:
          secretsmanager: mail/ses
      run_once: true
      no_log: true

    - name: Make the host a relay
      ansible.builtin.include_role:
        name: mailops.ses.postfix
      vars:
        ses_region: us-east-1
        ses_smtp_username: "{{ stored.username }}"
        ses_secret_access_key: "{{ stored.secret_access_key }}"
"""

RETURN = r"""
_list:
  description: For each store C(username) and C(secret_access_key).
  type: list
  elements: dict
"""

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.mailops.ses.plugins.module_utils._aws import session
from ansible_collections.mailops.ses.plugins.module_utils._aws.faults import CallError
from ansible_collections.mailops.ses.plugins.module_utils._aws.store import fetch


class LookupModule(LookupBase):
    """Runs in Ansible's own Python."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[dict[str, str]]:
        self.set_options(var_options=variables, direct=kwargs)
        options = {name: self.get_option(name) for name in session.ARGUMENTS}
        return credentials(terms, options, self.get_option("stage") == "pending")


def credentials(stores: list[Any], options: dict[str, Any], pending: bool) -> list[dict[str, str]]:
    """The credential of each store, of which the same one is read once. OPTIONS has those of session.ARGUMENTS."""
    if session.IMPORT_ERROR:
        raise AnsibleError("stored_credential needs boto3 where ansible-playbook runs: pip install boto3.")
    read: dict[tuple[str, str, str], dict[str, str]] = {}
    found = []
    for store in stores:
        kind, name, region = place_of(store, options["region"])
        if (kind, name, region) not in read:
            read[kind, name, region] = _fetched({**options, "region": region or None}, {kind: name}, pending)
        found.append(read[kind, name, region])
    return found


def place_of(term: Any, region: Any) -> tuple[str, str, str]:
    """The kind of store, its name, and its region, which may be empty for the environment's."""
    kinds = [kind for kind in ("secretsmanager", "ssm") if isinstance(term, dict) and term.get(kind)]
    if len(kinds) != 1:
        raise AnsibleError("stored_credential: a store is a dictionary with secretsmanager or ssm, which names it.")
    return kinds[0], str(term[kinds[0]]), str(term.get("region") or region or "")


def _fetched(options: dict[str, Any], place: dict[str, str], pending: bool) -> dict[str, str]:
    try:
        found = fetch(session.Aws(options), place, pending)
    except (session.UnusableError, CallError, ValueError) as error:
        raise AnsibleError(f"stored_credential: {error}") from error
    return {"username": found.username, "secret_access_key": found.secret_access_key}
