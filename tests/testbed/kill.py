# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill a module on its host right after its n-th change of a file in a directory, as a crash there would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from shlex import quote
from typing import Any

# Python runs it as it starts. What lies in a staging directory is no file of the configuration yet.
HOOK = r"""
import os, signal
try:
    left, directory = open("/run/kill-after").read().split()
    left = int(left)
except OSError:
    left = 0
def deadly(call):
    def wrapped(*paths, **options):
        global left
        call(*paths, **options)
        if os.path.dirname(os.fspath(paths[-1])) == directory:
            left -= 1
            if left == 0:
                with open("/run/killed", "w") as file:
                    file.write(os.fspath(paths[-1]))
                os.kill(os.getpid(), signal.SIGKILL)
    return wrapped
if left:
    os.replace, os.unlink = deadly(os.replace), deadly(os.unlink)
"""
PLACE = "$(python3 -c 'import site; print(site.getsitepackages()[0])')"


@contextmanager
def killed_after(host: Any, number: int, directory: str) -> Iterator[None]:
    """Inside, each Python process on the host dies right after its n-th rename to or removal of a file in the
    directory."""
    host.check_output(
        f"rm -f /run/killed; mkdir -p {PLACE}; printf %s {quote(HOOK)} > {PLACE}/kill_after.py; "
        f"echo 'import kill_after' > {PLACE}/kill_after.pth; echo {number} {directory} > /run/kill-after"
    )
    try:
        yield
    finally:
        host.check_output(f"rm -f /run/kill-after {PLACE}/kill_after.pth {PLACE}/kill_after.py")


def killed_at(host: Any) -> str:
    """The file at which a process died, empty where none did."""
    return str(host.run("cat /run/killed").stdout)
