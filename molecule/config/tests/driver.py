# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a container, with Python's standard library alone: what an MTA's module does, without Ansible."""

from __future__ import annotations

import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
UTILS = "ansible_collections.mailops.ses.plugins.module_utils"


def main(mta: str) -> None:
    tools, asked, work = (import_module(f"{UTILS}._{mta}.{part}") for part in ("tools", "request", "configure"))
    failure: type[Exception] = getattr(tools, f"{mta.capitalize()}Error")
    job: dict[str, Any] = json.load(sys.stdin)
    bad = asked.fault(job["params"])
    if bad:
        print(json.dumps({"failed": bad}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        try:
            print(json.dumps(work.configure(asked.request_of(job["params"]), job["check"], scratch)))
        except failure as error:
            print(json.dumps({"failed": str(error)}))


if __name__ == "__main__":
    main(sys.argv[1])
