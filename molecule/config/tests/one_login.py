# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP server for one session, in clear text on loopback: prints the login that it was given, then ends."""

from __future__ import annotations

import base64
import socket
import sys

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    listener.settimeout(20)
    print("ready", flush=True)
    session, _peer = listener.accept()
    with session, session.makefile("rwb") as lines:
        lines.write(b"220 mx ESMTP\r\n")
        lines.flush()
        for line in lines:
            verb, _, rest = line.strip().partition(b" ")
            if verb == b"EHLO":
                lines.write(b"250-mx\r\n250 AUTH PLAIN\r\n")
            elif verb == b"AUTH":
                print(base64.b64decode(rest.split()[1]).decode().split("\0"), flush=True)
                lines.write(b"535 enough\r\n")
                lines.flush()
                break
            else:
                lines.write(b"250 OK\r\n")
            lines.flush()
