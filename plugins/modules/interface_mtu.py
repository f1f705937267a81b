#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set the MTU of an interface, now and after a reboot."""

from __future__ import annotations

DOCUMENTATION = r"""
module: interface_mtu
short_description: Set the MTU of an interface, now and after a reboot
version_added: 0.1.0
description:
  - Sets the MTU of an interface at once and through whichever manages the interface, so that it lasts. These are
    systemd-networkd, NetworkManager, netplan and ifupdown.
  - Refuses, and changes nothing, where none of them manages the interface, and where networkd or netplan defines it
    together with other interfaces, which would get the same MTU at the next boot.
  - Neither addresses nor connections are taken away in between.
  - When it fails half-way, what was there is put back, for now and for the next boot.
notes:
  - >-
    With systemd-networkd a drop-in of the C(.network) file that applies to the interface is written below
    C(/etc/systemd/network). networkd is not reloaded, because that takes the addresses away for a moment. It reads the
    drop-in when it starts the next time. Until then a DHCP lease that was lost and came back can bring the DHCP
    server's MTU back, where C(UseMTU) is on.
  - >-
    With netplan a file of its own, C(/etc/netplan/90-mailops-ses-mtu-INTERFACE.yaml), is written after netplan has
    accepted it together with all the others. netplan is told apart from networkd and NetworkManager, to which it
    renders.
  - >-
    With NetworkManager the MTU is set in the profile that is active on the interface. Nothing else in the profile is
    applied.
  - >-
    With ifupdown a script of its own, C(/etc/network/if-up.d/mailops-ses-mtu-INTERFACE), sets the MTU each time after
    C(ifup). It also takes a larger MTU off the routes, where dhcpcd puts the one of the DHCP server. A DHCP client that
    loses its lease and gets a new one without C(ifup) can bring the DHCP server's MTU back.
  - >-
    To undo it, remove RV(file), with NetworkManager set the property of the profile to C(auto) instead, and have the
    manager configure the interface anew. The file says with which command.
  - Needs C(ip) of iproute2 4.16 or newer, and root.
author:
  - mailops maintainers (@mailops)
extends_documentation_fragment:
  - mailops.ses.attributes
options:
  mtu:
    description:
      - The MTU in bytes, from 576 to 9216; at least 1280 on an interface with IPv6 addresses.
      - V(auto) is what the path carries. Where O(report) has a cause C(path_mtu_*), it is the smallest size that was
        measured, at most 1500. Where it has none, it is 1500, and an interface that has 1500 or less is left alone.
      - V(auto) never raises the MTU, because a path may be fine only since an earlier run has lowered it.
      - Where no port's path was measured, V(auto) fails and changes nothing.
    type: str
    required: true
  report:
    description:
      - With O(mtu=auto), what a task of M(mailops.ses.smtp_check) registered. The task may have failed.
    type: dict
  interface:
    description:
      - The interface. The default is that of the IPv4 default route, else that of the IPv6 default route.
      - With O(mtu=auto) it is the one that leads to the endpoint's addresses in O(report).
    type: str
  option_names:
    description:
      - What messages call the options, where a role has given them other names, such as C(mtu) and C(ses_mtu).
    type: dict
    default: {}
seealso:
  - module: mailops.ses.smtp_check
"""

EXAMPLES = r"""
- name: Send packets that the internet carries
  mailops.ses.interface_mtu:
    mtu: 1500

- name: Measure what the path to the endpoint carries
  mailops.ses.smtp_check:
    region: us-east-1
  register: check
  ignore_errors: true  # it fails where the path carries too little, which the next task repairs

- name: Send packets that the path to the endpoint carries
  mailops.ses.interface_mtu:
    mtu: auto
    report: "{{ check }}"
"""

RETURN = r"""
interface:
  description: The interface.
  returned: success
  type: str
  sample: ens5
mtu:
  description: The MTU that it has now, or would have.
  returned: success
  type: int
  sample: 1500
was:
  description: The MTU that it had.
  returned: success
  type: int
  sample: 9001
manager:
  description:
    - What manages it, V(systemd-networkd), V(NetworkManager), V(netplan) or V(ifupdown).
    - null where O(mtu=auto) leaves the interface alone.
  returned: success
  type: str
  sample: systemd-networkd
file:
  description: The file that keeps the MTU; null where O(mtu=auto) leaves the interface alone.
  returned: success
  type: str
  sample: /etc/systemd/network/70-ens5.network.d/90-mailops-ses-mtu.conf
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._host.machine import MISSING, Host, HostError
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.request import AUTO
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.set import set_mtu

ARGUMENTS: dict[str, dict[str, Any]] = {
    "mtu": {"type": "str", "required": True},
    "report": {"type": "dict"},
    "interface": {"type": "str"},
    "option_names": {"type": "dict", "default": {}},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("mtu", AUTO, ("report",))],
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}

    def run(command: list[str]) -> tuple[int, str, str]:
        path = module.get_bin_path(command[0])
        if not path:
            return MISSING, "", "it is not installed"
        code, output, errors = module.run_command([path, *command[1:]])
        return code, output, errors

    wanted = {name: module.params[name] for name in ARGUMENTS}
    try:
        result = set_mtu(Host(run), **wanted, check_mode=module.check_mode)
    except HostError as fault:
        module.fail_json(msg=str(fault))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror} (the task needs root: become: true)")
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
