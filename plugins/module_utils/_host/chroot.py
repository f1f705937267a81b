# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this runs in a chroot. Ansible's own answer brings all collectors of facts, which a host would compile."""

from __future__ import annotations

import os


def in_chroot(root: str = "/", proc: str = "/proc") -> bool:
    """Whether the root directory is another one than that of the first process, or has no /proc, without which no
    system runs; not where that cannot be told, as without root."""
    if os.environ.get("debian_chroot"):  # noqa: SIM112  (the name that Debian's shells give it)
        return True
    try:
        return not os.path.samestat(os.stat(root), os.stat(os.path.join(proc, "1/root/.")))
    except OSError:
        return not os.path.isdir(os.path.join(proc, "self"))
