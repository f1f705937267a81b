# SPDX-License-Identifier: GPL-3.0-or-later
"""The network role's `ses_mtu: auto` on a host behind a narrow hop: it repairs the fault, and nothing else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testbed import engine
from testbed.layout import Layout
from testbed.relay import ENVIRONMENT

if TYPE_CHECKING:
    from .conftest import Way

PRECISION = 4
SERVER = "10.77.3.2 email-smtp.us-east-1.amazonaws.com"
# What systemd's units ask for and a container does not have.
CONFINED = engine.ROOT / "molecule/network_mtu/host/etc/systemd/system/systemd-networkd.service.d"
NETWORK = """\
[Match]
Name=uplink

[Network]
Address=10.77.1.2/24

[Route]
Destination=10.77.3.0/24
Gateway=10.77.1.1
"""
PLAY = """\
- hosts: all
  gather_facts: false
  roles:
    - mailops.ses.network
"""


class Host:
    """A host with systemd-networkd, whose network is the path's client."""

    def __init__(self, path: Way, layout: Layout) -> None:
        self.path, self.layout = path, layout
        self.name = layout.container("narrow")

    def start(self) -> None:
        suite = "trixie"
        engine.images(self.layout, [suite])
        engine.run(
            *("podman", "run", "--detach", "--name", self.name, "--hostname", "web1.corp.test", "--systemd", "always"),
            *("--network", f"ns:/run/netns/{self.path.name('client')}", "--cap-add", "NET_ADMIN"),
            *("--volume", f"{self.path.work}/state/ca.pem:/etc/ssl/testbed-ca.pem:ro", self.layout.image(suite)),
        )
        engine.wait_until("the host boots", lambda: engine.booted(self.name))
        (self.path.work / "60-uplink.network").write_text(NETWORK)
        engine.run("podman", "cp", str(CONFINED), f"{self.name}:/etc/systemd/system/")
        engine.run("podman", "cp", f"{self.path.work}/60-uplink.network", f"{self.name}:/etc/systemd/network/")
        self.sh(f"echo '{SERVER}' >>/etc/hosts")
        self.sh("systemctl daemon-reload && systemctl restart systemd-networkd")
        engine.wait_until("it has a route", lambda: "10.77.3.0" in self.sh("ip route"))
        # The way to the internet is another one than that to the endpoint.
        self.sh("ip link add elsewhere mtu 9001 type veth peer name beyond")
        self.sh("ip link set beyond up && ip link set elsewhere up && ip route replace default dev elsewhere")

    def sh(self, command: str) -> str:
        return engine.run("podman", "exec", self.name, "sh", "-euc", command)

    def repair(self) -> dict[str, int]:
        """What the play's last line counts."""
        inventory, play = self.path.work / "inventory.yml", self.path.work / "play.yml"
        container = {"ansible_connection": "containers.podman.podman", "ansible_host": self.name}
        inventory.write_text(json.dumps({"all": {"hosts": {"narrow": container}}}))
        play.write_text(PLAY)
        wanted = {"ses_region": "us-east-1", "ses_tls_ca_file": "/etc/ssl/testbed-ca.pem", "ses_mtu": "auto"}
        command = ["ansible-playbook", "-i", str(inventory), str(play), "--extra-vars", json.dumps(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        assert done.returncode == 0, done.stdout + done.stderr
        counts = done.stdout.partition("PLAY RECAP")[2].split(":", 1)[1].split()
        return {name: int(count) for name, _equals, count in (item.partition("=") for item in counts)}

    def mtu(self) -> dict[str, int]:
        return {link["ifname"]: link["mtu"] for link in json.loads(self.sh("ip -j link show"))}


@pytest.fixture
def host(unused_path: Way) -> Iterator[Host]:
    made = Host(unused_path, Layout.load())
    engine.remove([made.name])
    try:
        made.start()
        yield made
    finally:
        engine.remove([made.name])


def test_auto_repairs_a_black_hole_and_nothing_else(host: Host, unused_path: Way) -> None:
    path = unused_path
    path.shape(9001, 1400)  # each router says so
    path.control.fault(certificate="long")
    counts = host.repair()
    assert (counts["changed"], counts["rescued"]) == (1, 0)
    assert host.mtu()["uplink"] == 1500

    path.shape(9001, down=1400, untold=("server",))
    path.control.fault(certificate="long")
    counts = host.repair()
    assert (counts["changed"], counts["rescued"]) == (1, 1)
    size = host.mtu()["uplink"]
    assert 1400 - PRECISION <= size <= 1400
    assert host.mtu()["elsewhere"] == 9001
    kept = Path("/etc/systemd/network/60-uplink.network.d/90-mailops-ses-mtu.conf")
    assert f"MTUBytes={size}\n" in host.sh(f"cat {kept}")

    # The check passes now, which is no reason to go back.
    counts = host.repair()
    assert (counts["changed"], counts["rescued"]) == (0, 0)
    assert host.mtu()["uplink"] == size
