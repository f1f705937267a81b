# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a module that speaks with AWS reaches it."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment mailops.ses.aws."""

    DOCUMENTATION = r"""
options:
  region:
    description:
      - The AWS region. By default that of the controller's environment (C(AWS_DEFAULT_REGION), C(AWS_REGION)) or
        profile.
    type: str
  profile:
    description:
      - A profile of the controller's AWS configuration.
      - There is no option for credentials. They are found as boto3 finds them, by profile, environment, or a role of
        the machine.
    type: str
  endpoint_url:
    description:
      - URL of another endpoint, for all services. C(AWS_ENDPOINT_URL) in the environment does the same.
    type: str
  validate_certs:
    description:
      - Whether certificates of AWS's endpoints are verified.
    type: bool
    default: true
requirements:
  - boto3 1.35.50 or newer where the module runs, which is the controller by C(delegate_to=localhost)
notes:
  - Run it on the controller. Where C(localhost) is in the inventory, Ansible looks for a Python of its own there, which
    may lack boto3. Set C(ansible_python_interpreter) to C({{ ansible_playbook_python }}) with the delegation.
  - A call waits 5 seconds for a connection and 10 for an answer, and is tried three times.
"""
