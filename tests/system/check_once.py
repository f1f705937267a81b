# SPDX-License-Identifier: GPL-3.0-or-later
"""Run smtp_check's own code in the network that this process is in: options as JSON in, the report as JSON out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / ".cache" / "collections"))

from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import check  # noqa: E402  (found by way of sys.path, just set)
from ansible_collections.mailops.ses.plugins.module_utils._smtp.path import mtu, probe  # noqa: E402  (as above)
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import request_of  # noqa: E402  (as above)
from ansible_collections.mailops.ses.plugins.modules.smtp_check import ARGUMENTS, NET  # noqa: E402  (as above)


def main(options: dict[str, Any]) -> None:
    """The options that are not given have the module's defaults. CONSTANTS has values for constants of the path's code,
    by file and name, for what a busy machine would decide otherwise."""
    for name, value in options.pop("constants", {}).items():
        file, _, constant = name.partition(".")
        setattr({"mtu": mtu, "probe": probe}[file], constant, value)
    params = {name: option.get("default") for name, option in ARGUMENTS.items()} | options
    request = request_of(params, "web1.corp.example", "Tue, 24 Nov 2026 13:00:00 -0000")
    # These networks have their names from /etc/hosts, of which a check would warn each time.
    json.dump(check(request, NET._replace(hosts_file=str)), sys.stdout)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
