# SPDX-License-Identifier: GPL-3.0-or-later
"""A host under its egress allowlist, and an endpoint that can move between addresses."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from pathlib import Path
from shlex import quote

import pytest
from testbed.engine import SIMULATOR, run
from testbed.relay import Relay

PLAYBOOK = str(Path(__file__).resolve().parents[1] / "allowlist.yml")
REGION = "us-east-1"
STATE, CONFIG, PROGRAM = "/var/lib/ses-egress/addresses.json", "/etc/ses-egress.json", "/usr/local/lib/ses-egress.py"
SERVICE, AGAIN = "ses-egress.service", "ses-egress-again.service"
REFRESH, TIMER = "ses-egress-refresh.service", "ses-egress-refresh.timer"
PORTS = [25, 465, 587, 2465, 2587]
PATIENCE = 3  # seconds; a port that drops takes all of them
LIST = "nft -j list set inet ses_egress endpoint4"
CONNECT = """
import json, socket, sys, time
found = []
for port in sys.argv[3:]:
    start = time.monotonic()
    try:
        socket.create_connection((sys.argv[1], int(port)), float(sys.argv[2])).close()
        found.append("open")
    except ConnectionRefusedError:
        found.append("refused at once" if time.monotonic() - start < 0.5 else "refused late")
    except OSError as error:
        found.append(str(error))
print(json.dumps(found))
"""
# Says the banner, waits for a line, and then the reply to EHLO on the same connection.
CONVERSE = """
import socket, sys
with socket.create_connection((sys.argv[1], 587), 5) as sock:
    print(sock.recv(999).decode().split()[0], flush=True)
    sys.stdin.readline()
    sock.sendall(b"EHLO host.example.com\\r\\n")
    print(sock.recv(999).decode()[:3], flush=True)
"""


def members(listing):
    """What `nft -j list set` lists: address -> the seconds for which it stays open."""
    (found,) = [item["set"] for item in json.loads(listing)["nftables"] if "set" in item]
    return {item["elem"]["val"]: item["elem"]["expires"] for item in found.get("elem", [])}


class Egress:
    """The allowlist of one host, as its kernel and its network show it."""

    def __init__(self, host, layout, endpoint):
        self.relay, self.host, self.endpoint = Relay(host, layout), host, endpoint

    def play(self, *arguments, **variables):
        return self.relay.playbook(*arguments, name=PLAYBOOK, **variables)

    def converge(self, state="present", **variables):
        done = self.play(ses_egress_allowlist=state, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.partition("PLAY RECAP")[2]

    def refresh(self):
        self.host.check_output(f"systemctl start {REFRESH}")

    def move(self, *addresses, **dns):
        """The endpoint's name has these addresses from now on; the host has not noticed yet."""
        self.endpoint.dns(region=REGION, addresses=list(addresses), **dns)

    def in_force(self):
        return self.host.run("nft list chain inet ses_egress output").rc == 0

    def members(self):
        """Address -> the seconds for which it stays open."""
        return members(self.host.check_output(LIST))

    def remembered(self):
        """Address -> the seconds for which DNS has not named it."""
        return json.loads(self.host.file(STATE).content_string)["unseen_seconds"]

    def age(self, address, seconds):
        """As if DNS had named this address last so long ago."""
        state = json.loads(self.host.file(STATE).content_string)
        state["unseen_seconds"][address] += seconds
        self.host.check_output(f"printf '%s' {quote(json.dumps(state))} > {STATE}")

    def connect(self, address, *ports):
        """What becomes of a connection to each port."""
        numbers = " ".join(map(str, ports))
        return json.loads(self.host.check_output(f"python3 -c {quote(CONNECT)} {address} {PATIENCE} {numbers}"))

    def refused(self, address, *ports):
        return set(self.connect(address, *ports or (587,))) == {"refused at once"}

    def opened(self, address, *ports):
        return set(self.connect(address, *ports or (587,))) == {"open"}

    def conversation(self, address):
        """An open connection: its banner has come."""
        command = ["podman", "exec", "-i", self.host.backend.name, "python3", "-c", CONVERSE, address]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "220\n"
        return process


def nothing_left(host):
    """Nothing on the host has the allowlist's name: no file, no link, no unit, no table."""
    found = host.check_output("find / -xdev -name '*ses[-_]egress*'")
    units = host.check_output("systemctl list-units --all --plain --no-legend 'ses-egress*'")
    assert (found, units) == ("", "")
    return "ses_egress" not in host.check_output("nft list tables")


@pytest.fixture(scope="session")
def addresses(layout):
    """Addresses of the endpoint's machine, its usual one first; all of them serve."""
    first = ipaddress.ip_address(layout.simulator_address)
    spare = [first + len(layout.regions) + number for number in range(4)]  # those between are other regions'
    bits = layout.subnet.partition("/")[2]
    for address in spare:
        run("podman", "exec", layout.container(SIMULATOR), *f"ip address replace {address}/{bits} dev eth0".split())
    return [str(first), *map(str, spare)]


@pytest.fixture
def egress(host, layout, endpoint, addresses):
    """The allowlist in force, with the endpoint's usual address and no memory of others."""
    listing = host.check_output(f"rm -f {STATE} && systemctl start {REFRESH} && {LIST}")
    assert list(members(listing)) == addresses[:1]
    return Egress(host, layout, endpoint)
