# SPDX-License-Identifier: GPL-3.0-or-later
"""An endpoint with IPv6 addresses, as a VPC endpoint's name has them: what each MTA does, and what the check says."""

from __future__ import annotations

import subprocess
import time

import pytest
from testbed import engine
from testbed.relay import Relay, relays
from vpc_endpoint import NAME, SETTINGS

SYN_RETRIES = 6  # of Linux: tcp_syn_retries
HOSTS = ("postfix6", "sendmail6")
testinfra_hosts = relays(*HOSTS)
CA = "/etc/ssl/testbed-ca.pem"
# Seconds after which a kernel that sends a lost packet once more gives a connection up; others take two minutes.
PATIENCE = 3


@pytest.fixture
def configured(relay, way):
    """The relay with the VPC endpoint."""
    relay.settle(**SETTINGS)
    return relay


@pytest.fixture
def without_ipv4(relay, layout):
    """The host has IPv6 alone, with a default route, and asks DNS by it."""
    address = layout.hosts[relay.name].address
    six = f"default via {layout.simulator_address6}"
    relay.host.check_output(f"ip -4 address flush dev eth0 && ip -6 route replace {six}")
    yield
    relay.host.check_output(
        f"ip address add {address}/24 dev eth0 && ip route replace default via {layout.gateway}; ip -6 route del {six}"
    )


@pytest.fixture
def swallowing(relay, layout):
    """An address by IPv6 whose packets the simulator's machine drops without a word."""
    dead = layout.simulator_address6.partition("::")[0] + ":dead::1"
    simulator = layout.container(engine.SIMULATOR)
    engine.run("podman", "exec", simulator, "ip", "-6", "route", "replace", "blackhole", dead)
    relay.host.check_output(f"ip -6 route replace {dead} via {layout.simulator_address6}")
    patience(relay, layout, 1)
    yield dead
    patience(relay, layout, SYN_RETRIES)
    relay.host.check_output(f"ip -6 route del {dead}")
    engine.run("podman", "exec", simulator, "ip", "-6", "route", "del", "blackhole", dead)


def patience(relay, layout, times):
    """Have the host's kernel send a lost SYN so often again. Its own /proc/sys is read-only."""
    pid = (layout.state / f"{layout.container(relay.name)}.pid").read_text().strip()
    enter = ["nsenter", "--target", pid, "--net"]
    subprocess.run([*enter, "sh", "-c", f"echo {times} >/proc/sys/net/ipv4/tcp_syn_retries"], check=True)


@pytest.fixture
def refusing(relay, layout):
    """An address by IPv6 that refuses connections: that of the other host, whose MTA listens on loopback alone."""
    return next(layout.hosts[name].address6 for name in HOSTS if name != relay.name)


def check(relay: Relay, endpoint: str = NAME, **options) -> dict:
    return relay.module("mailops.ses.smtp_check", endpoint=endpoint, ports=[587], ca_file=CA, timeout=4, **options)


def causes(report: dict) -> list[str]:
    return [found["id"] for found in report["diagnosis"]]


def test_a_host_with_both_reaches_an_endpoint_with_both(configured, endpoint):
    configured.arrived(endpoint, configured.send())
    report = check(configured)
    assert (report["reachable"], causes(report)) == (True, [])
    assert len(report["addresses"]) == 2


def test_a_host_without_ipv4_relays_by_a_vpc_endpoint(relay, endpoint, layout, way, without_ipv4):
    """The role proves the log-in, configures, and the mail arrives: all by IPv6."""
    way(layout.simulator_address6)
    relay.converge(**SETTINGS)
    session, _message = relay.arrived(endpoint, relay.send())
    assert session["local"] == layout.simulator_address6
    report = check(relay)
    assert (report["reachable"], causes(report)) == (True, [])


@pytest.mark.cause("family_missing")
def test_a_host_without_ipv4_cannot_reach_a_public_endpoint(configured, without_ipv4):
    report = check(configured, "email-smtp.us-east-1.amazonaws.com")
    assert (report["failed"], causes(report)) == (True, ["family_missing"])
    assert "has IPv4 addresses alone, and this host has no route by IPv4" in report["msg"]
    assert "VPC endpoint" in report["msg"]


@pytest.mark.cause("family_swallowed")
def test_ipv6_that_swallows_packets_beside_ipv4(configured, endpoint, layout, way, swallowing):
    """The MTA goes on to IPv4 once it has given the address up, and the check says so."""
    way(layout.simulator_address, swallowing)
    report = check(configured)
    assert (report["reachable"], causes(report)) == (True, ["family_swallowed"])
    (found,) = report["diagnosis"]
    assert f"those of IPv4 take connections and those of IPv6 ({swallowing}) do not answer" in found["cause"]
    assert {"postfix6": "Postfix begins with either", "sendmail6": "Sendmail begins with IPv6"}[
        configured.name
    ] in found["cause"]
    begun = time.monotonic()
    session, _message = configured.arrived(endpoint, configured.send())
    assert session["local"] == layout.simulator_address
    if configured.name == "sendmail6":
        assert time.monotonic() - begun >= PATIENCE


@pytest.mark.cause("family_refused")
def test_ipv6_that_refuses_beside_ipv4(configured, endpoint, layout, way, refusing):
    way(layout.simulator_address, refusing)
    report = check(configured)
    assert (report["reachable"], causes(report)) == (True, ["family_refused"])
    session, _message = configured.arrived(endpoint, configured.send())
    assert session["local"] == layout.simulator_address


def test_broken_ipv6_alone_is_a_failure_with_a_name(configured, way, swallowing, refusing, without_ipv4):
    for address, cause in ((refusing, "port_refused"), (swallowing, "all_ports_swallowed")):
        way(address)
        report = check(configured)
        assert (report["failed"], causes(report)) == (True, [cause])
