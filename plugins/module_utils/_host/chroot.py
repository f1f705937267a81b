# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this runs in a chroot. Ansible's own answer brings all collectors of facts, which a host would compile."""

from __future__ import annotations

import os


def in_chroot(root: str = "/", init: str = "/proc/1/root/.") -> bool:
    """Whether the root directory is another one than that of the first process; not where that cannot be told, as
    without root."""
    if os.environ.get("debian_chroot"):  # noqa: SIM112  (the name that Debian's shells give it)
        return True
    try:
        return not os.path.samestat(os.stat(root), os.stat(init))
    except OSError:
        return False
