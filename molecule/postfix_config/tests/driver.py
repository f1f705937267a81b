# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a container, with Python's standard library alone: what the module does, without Ansible."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ansible_collections.mailops.ses.plugins.module_utils._postfix import PostfixError
from ansible_collections.mailops.ses.plugins.module_utils._postfix_configure import configure
from ansible_collections.mailops.ses.plugins.module_utils._postfix_request import fault, request


def main() -> None:
    job = json.load(sys.stdin)
    bad = fault(job["params"])
    if bad:
        print(json.dumps({"failed": bad}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        try:
            print(json.dumps(configure(request(job["params"]), job["check"], scratch)))
        except PostfixError as error:
            print(json.dumps({"failed": str(error)}))


if __name__ == "__main__":
    main()
