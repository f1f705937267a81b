# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack one collection out of the `ansible` wheel: unpack_collection.py WHEELS NAMESPACE/NAME DESTINATION."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path


def unpack(wheels: Path, collection: str, destination: Path) -> None:
    """Write the files of COLLECTION below DESTINATION/ansible_collections."""
    (wheel,) = wheels.glob("ansible-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if name.startswith(f"ansible_collections/{collection}/")]
        if not members:
            sys.exit(f"{wheel.name} has no collection {collection}")
        archive.extractall(destination, members)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
