# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a module that configures an MTA runs its unit."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment mailops.ses.unit."""

    DOCUMENTATION = r"""
options:
  unit:
    description:
      - Unit of systemd that runs the MTA. It is enabled, and started, reloaded or restarted as RV(action) says, within
        the change. Where it does not come up, the host's files and the unit are as they were before, and the module
        fails.
      - A drop-in of the unit, C(/etc/systemd/system/UNIT.service.d/50-mailops-ses.conf), has systemd start the daemon
        again when it was killed or crashed, and has what waits tried at each start. A C(Restart=) of the host's own
        stays, as do other settings in its drop-ins, which RV(unit_files) tells.
      - Without it, what RV(action) says is left to you. Offline (an image, a chroot, C(SYSTEMD_OFFLINE=1)) it is
        enabled only.
    type: str
  restart:
    description: Whether a restart is due, whatever changes, as after an installation.
    type: bool
    default: false
"""
