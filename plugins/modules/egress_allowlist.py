#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Open a host's outbound mail ports to the addresses of its SES endpoint alone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: egress_allowlist
short_description: Open a host's outbound mail ports to the addresses of its SES endpoint alone
version_added: 0.1.0
description:
  - Keeps a table of nftables in force that opens the mail ports to the addresses that the endpoint's name resolves to,
    and refuses connections to any other address at once (with a TCP reset, so that an MTA does not wait).
  - A systemd timer looks the name up again. An address stays open for O(grace_seconds) after DNS named it last, because
    a load balancer names a few of its addresses in each answer. While DNS does not answer, the last known addresses
    stay open.
  - A service loads the last known addresses at boot, before the network is up.
  - The first refresh runs before anything is enforced. When it finds no address the module fails and changes nothing.
  - When a later step fails, files, addresses, units and the table become what they were, stopped ones stopped.
notes:
  - Judges packets that open a connection, on this host alone. Connections that are open, loopback, other ports and what
    the host forwards for others (such as containers with a network of their own) stay as they are.
  - All of it is in a table of its own, C(inet ses_egress). Other tables stay as they are, and other rules can still
    refuse what this one accepts.
  - A start, reload or restart of C(nftables.service) leaves it in force. The next refresh repairs a
    C(nft flush ruleset) by hand.
  - C(systemctl stop ses-egress.service) opens the ports and stops the timer, until
    C(systemctl start ses-egress.service) or the next boot.
  - On the host are C(/usr/local/lib/ses-egress.py), C(/etc/ses-egress.json), C(/var/lib/ses-egress/) and the units
    C(ses-egress.service), C(ses-egress-again.service), C(ses-egress-refresh.service) and C(ses-egress-refresh.timer).
requirements:
  - systemd, and nft 0.9.8 or newer
  - Python 3.9 or newer as C(/usr/bin/python3) on the managed host
author:
  - mailops maintainers (@mailops)
extends_documentation_fragment:
  - mailops.ses.attributes
attributes:
  check_mode:
    details:
      - It looks the endpoint's name up, and does not need C(nft) yet.
  diff_mode:
    details:
      - Of the program it shows the number of lines and the digest, of everything else the text.
  idempotent:
    details:
      - Addresses that come and go are the timer's business, and no change.
options:
  state:
    description:
      - Whether the allowlist is to be in force. V(absent) removes the table, the units, the program and what it
        remembers.
      - V(absent) needs C(nft) too where any of it is on the host, and removes nothing without it. The table would stay
        in the kernel, and nobody would keep its addresses fresh.
    type: str
    choices: [present, absent]
    default: present
  region:
    description:
      - The AWS region, for example V(us-east-1). The endpoint is then C(email-smtp.REGION.amazonaws.com),
        in the European Sovereign Cloud C(email-smtp.REGION.amazonaws.eu).
      - Needed for O(state=present), unless O(endpoint) is set.
    type: str
  endpoint:
    description:
      - Another name than the region's usual one, such as a FIPS endpoint, a VPC endpoint or a test server.
      - It wins when O(region) is set too. When it changes, the former endpoint's addresses are closed.
    type: str
  ports:
    description:
      - The TCP ports that are open to the endpoint alone.
    type: list
    elements: int
    default: [25, 465, 587, 2465, 2587]
  refresh_seconds:
    description:
      - How often the endpoint's name is looked up, from 10 seconds to one day.
    type: int
    default: 300
  grace_seconds:
    description:
      - How long an address stays open after DNS named it last. At least twice O(refresh_seconds), at most 30 days.
      - It counts while the host runs, by a clock that nobody sets, because the time of day may be wrong after a boot.
    type: int
    default: 86400
  option_names:
    description:
      - What messages call the options, where a role has given them other names, such as C(region) and C(ses_region).
    type: dict
    default: {}
seealso:
  - module: mailops.ses.smtp_check
"""

EXAMPLES = r"""
- name: Open the mail ports to SES alone
  mailops.ses.egress_allowlist:
    region: us-east-1

- name: Open them to everybody again
  mailops.ses.egress_allowlist:
    state: absent
"""

RETURN = r"""
endpoint:
  description: The name that is looked up.
  returned: success, with O(state=present)
  type: str
  sample: email-smtp.us-east-1.amazonaws.com
addresses:
  description: The addresses that are open, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [203.0.113.10, 203.0.113.11]
nft_installed:
  description: Whether nft is installed. Check mode does not need it.
  returned: success, with O(state=present)
  type: bool
package_manager:
  description: The package manager that can install nft, V(apt), V(dnf) or V(dnf5); null where nft is installed.
  returned: success, with O(state=present)
  type: str
"""

import os
from functools import partial

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._network.egress.allowlist import OnHost, absent, present
from ansible_collections.mailops.ses.plugins.module_utils._network.egress.request import EgressError, request_of

SBIN = "/usr/sbin:/sbin"  # where nft is; su and sudo don't always look there
ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "region": {"type": "str"},
    "endpoint": {"type": "str"},
    "ports": {"type": "list", "elements": "int", "default": [25, 465, 587, 2465, 2587]},
    "refresh_seconds": {"type": "int", "default": 300},
    "grace_seconds": {"type": "int", "default": 86400},
    "option_names": {"type": "dict", "default": {}},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if os.geteuid() != 0:
        module.fail_json(msg="only root sees and changes the host's rules: run the task as root (become: true)")
    host = OnHost(partial(module.run_command, handle_exceptions=False, path_prefix=SBIN))
    try:
        if module.params["state"] == "absent":
            result = absent(host, module.check_mode)
        else:
            result = present(request_of(module.params), host, module.check_mode)
    except (EgressError, OSError) as error:
        module.fail_json(msg=str(error))
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
