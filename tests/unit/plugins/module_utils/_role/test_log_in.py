# SPDX-License-Identifier: GPL-3.0-or-later
"""The log-in beside the look: who ends meanwhile waits for no endpoint."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._role import log_in

# A host that is refused once the log-in has begun, at an endpoint that takes connections and says nothing.
PROGRAM = """
import socket, sys, threading
from ansible_collections.mailops.ses.plugins.module_utils._role import log_in
from ansible_collections.mailops.ses.plugins.module_utils._smtp import net
from ansible_collections.mailops.ses.plugins.module_utils._smtp.resolver import Resolved

connected, silent = threading.Semaphore(0), socket.create_server(("127.0.0.1", 0))

def connect(_address, _port, timeout):
    connection = socket.create_connection(silent.getsockname(), timeout)
    connected.release()
    return connection

log_in.SECONDS = 60.0
net.connect, net.connect_sized = connect, None
net.resolve = lambda name: Resolved(name, ["192.0.2.1"])
secrets = {"ses_smtp_password": "B" * 44, "ses_secret_access_key": None}
variables = {"ses_region": "us-east-1", "ses_smtp_username": "AKIAIOSFODNN7EXAMPLE", "ses_port": sys.argv[1]}
log_in.LogIn("postfix", secrets, "/etc/ssl/certs/ca-certificates.crt", True).begin(variables)
sys.exit(not all(connected.acquire(timeout=40) for _dialogue in range(int(sys.argv[2]))))
"""
COLLECTIONS = str(Path(log_in.__file__).parents[6])
SOON = 50.0  # seconds; the endpoint has 60, three times


@pytest.mark.parametrize(("port", "dialogues"), [("587", "1"), ("auto", "5")])
def test_a_host_that_is_refused_waits_for_no_silent_endpoint(port, dialogues):
    subprocess.run(
        [sys.executable, "-c", PROGRAM, port, dialogues],
        env={"PYTHONPATH": os.pathsep.join([COLLECTIONS, *sys.path])},
        check=True,
        timeout=SOON,
    )
