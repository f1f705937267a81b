# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations by the control socket: python -m ses_simulator.client --socket S OP [JSON]"""

from __future__ import annotations

import argparse
import json
import sys

from .model import SimulatorError
from .operations import Control

__all__ = ["Control", "main"]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ses_simulator.client", description="Control a running simulator.")
    parser.add_argument("--socket", required=True, help="its control socket: STATE_DIR/control.sock")
    parser.add_argument("op", help="the operation, such as sessions, fault or reset")
    parser.add_argument("values", nargs="?", default="{}", help="its values, a JSON object")
    options = parser.parse_args(arguments)
    try:
        answer = Control(options.socket).call(options.op, **json.loads(options.values))
    except (OSError, SimulatorError, ValueError) as error:
        print(f"{options.op}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
