# SPDX-License-Identifier: GPL-3.0-or-later
"""The check as it is with OpenSSL 3.5 and newer, whose ClientHello does not fit into a packet."""

from __future__ import annotations

import json
import ssl
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import check_once  # noqa: E402  (found by the line above)
from ansible_collections.mailops.ses.plugins.module_utils._smtp import tls  # noqa: E402  (check_once makes it importable)

plain = tls.verifying_context


def verifying_context(ca_file: str) -> ssl.SSLContext:
    """OpenSSL 3.5 sends 1,576 bytes, older ones 517."""
    context = plain(ca_file)
    context.set_alpn_protocols([f"x-{number:0150}" for number in range(7)])
    return context


def small_hello_context(_context: ssl.SSLContext, ca_file: str, _server_name: str) -> ssl.SSLContext:
    """With fewer groups OpenSSL 3.5 sends 517 bytes as well."""
    return plain(ca_file)


if __name__ == "__main__":
    tls.verifying_context = verifying_context
    tls.small_hello_context = small_hello_context
    check_once.main(json.loads(sys.argv[1]))
