# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes that lie in the host's own network: each in a network namespace that is broken in its own way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from causes import provokes

HERE = Path(__file__).resolve().parent
ENDPOINT = "email-smtp.us-east-1.amazonaws.com"
ADDRESS = "192.0.2.10"
ALL = [587, 2587, 465, 2465, 25]
# The endpoint's address is on a link where nobody is: packets leave, and no answer ever comes.
LINK = f"""
ip link add out type veth peer name far
ip address add 192.0.2.1/24 dev out
ip link set out up
ip link set far up
ip neighbour add {ADDRESS} lladdr 02:00:00:00:00:10 dev out
"""
# The endpoint's address is here; its mail ports swallow, and every other one answers with a reset.
FIREWALL = f"""
ip address add {ADDRESS}/32 dev lo
nft 'add table ip mail; add chain ip mail input {{ type filter hook input priority 0; }}; \
  add rule ip mail input tcp dport {{ 25, 465, 587, 2465, 2587 }} drop'
"""
HOSTS = f"echo '{ADDRESS} {ENDPOINT}' > $WORK/hosts; mount --bind $WORK/hosts /etc/hosts"
DNS = """
echo 'nameserver 127.0.0.1' > $WORK/resolv.conf
mount --bind $WORK/resolv.conf /etc/resolv.conf
"""
SIMULATOR = f"""
{DNS}
{sys.executable} -m ses_simulator --state-dir $WORK/state --region us-east-1=127.0.0.1 --dns 127.0.0.1:53 >/dev/null &
trap "kill $!; wait" EXIT
timeout 60 sh -c 'until test -e $WORK/state/ready; do sleep 0.1; done'  # the interval of a bounded poll
say() {{ {sys.executable} -m ses_simulator.client --socket $WORK/state/control.sock "$@" >/dev/null; }}
"""


@pytest.mark.parametrize(
    ("cause", "network", "ports"),
    [
        provokes("dns_unavailable", DNS, ALL, says="gave no answer"),
        provokes("dns_unavailable", SIMULATOR + "say dns '{\"servfail\": true}'", ALL, says="gave no answer"),
        provokes("name_unresolved", SIMULATOR + f'say dns \'{{"nxdomain": ["{ENDPOINT}"]}}\'', ALL, says="DNS says"),
        provokes("network_unreachable", HOSTS, ALL),
        provokes("forbidden_by_host", f"{HOSTS}; ip route add prohibit {ADDRESS}", ALL),
        provokes("all_ports_swallowed", f"{HOSTS}\n{LINK}", ALL),
        provokes("all_ports_swallowed", f"{HOSTS}\n{LINK}", [587]),
        provokes("egress_firewall", f"{HOSTS}\n{FIREWALL}", ALL),
        provokes("egress_firewall", f"{HOSTS}\n{FIREWALL}", [587]),
        provokes("egress_firewall", f"{HOSTS}\n{FIREWALL}", [25]),
    ],
)
def test_a_cause_in_the_hosts_network(tmp_path: Path, cause: str, network: str, ports: list[int]) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    options = {"region": "us-east-1", "ca_file": str(tmp_path / "ca.pem"), "timeout": 5.0, "ports": ports}
    check = f"{sys.executable} {HERE / 'check_once.py'} '{json.dumps(options)}'"
    script = f"export WORK={tmp_path}\nip link set lo up\n{network}\n{check}"
    command = ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-euc", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [diagnosis["id"] for diagnosis in report["diagnosis"]] == [cause]
