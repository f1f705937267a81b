# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that the timer runs: an archive of this collection's own files, which Python runs as it is."""

from __future__ import annotations

import io
import zipfile
from importlib.util import find_spec
from typing import Any

# Ansible sends a module with what it imports: without this line the sources below were not all on the host.
from ansible_collections.mailops.ses.plugins.module_utils._metrics import collector

PATH = "/usr/local/lib/ses-metrics.pyz"
ROOM = "ansible_collections.mailops.ses.plugins.module_utils"
# What collector.py imports, and these in their turn; a unit test compares it.
SOURCES = (
    *("_host/command", "_host/facts", "_metrics/collector", "_metrics/exposition", "_metrics/proofs"),
    *("_mta/mailq", "_mta/maps", "_mta/text", "_mta/way", "_postfix/mailq", "_queue/messages"),
    *("_sendmail/mailq", "_sendmail/queue_groups", "_ses/causes", "_ses/credentials", "_ses/diagnosis"),
    *("_ses/endpoint", "_ses/partitions", "_ses/rules", "_ses/wording"),
)
_MAIN = f"""\
# Written by Ansible (mailops.ses).
import sys

from {collector.__name__} import main

main(sys.argv[1:])
"""
_TIME = (1980, 1, 1, 0, 0, 0)  # the same archive from the same files, whenever it is made


def program() -> bytes:
    """The archive, wherever this runs from; the same bytes from the same sources."""
    texts = {f"{ROOM.replace('.', '/')}/{name}.py": _source(name) for name in SOURCES}
    packages = {path.rsplit("/", depth)[0] for path in texts for depth in range(1, path.count("/") + 1)}
    texts.update({f"{package}/__init__.py": "" for package in packages})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in {"__main__.py": _MAIN, **dict(sorted(texts.items()))}.items():
            file.writestr(zipfile.ZipInfo(name, _TIME), text)
    return archive.getvalue()


def _source(name: str) -> str:
    """A file's text, as it came to this host or stands in the checkout."""
    module = f"{ROOM}.{name.replace('/', '.')}"
    spec = find_spec(module)
    loader: Any = spec.loader if spec else None
    text = loader.get_source(module) if loader else None
    if text is None:
        raise LookupError(f"{module} has no source here")
    # Ansible's own loader, on a controller, gives bytes.
    return text.decode() if isinstance(text, bytes) else str(text)
