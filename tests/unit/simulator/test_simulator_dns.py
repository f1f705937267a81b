# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS: the endpoint is an alias to its region's load balancer."""

from __future__ import annotations

import socket
import threading

import pytest
from dnslib import QTYPE, RCODE, DNSRecord
from ses_simulator import Region, Simulator, SimulatorError
from ses_simulator.model import load_balancer_of

ENDPOINT = "email-smtp.us-east-1.amazonaws.com"
BALANCER = "ses-smtp-prod-335357831.us-east-1.elb.amazonaws.com"


def ask(sim, name, kind="A", tcp=False):
    packet = DNSRecord.question(name, kind).send("127.0.0.1", sim.dns_port, tcp=tcp, timeout=10)
    return DNSRecord.parse(packet)


def rows(answer):
    return [(str(rr.rname).rstrip("."), QTYPE[rr.rtype], str(rr.rdata).rstrip(".")) for rr in answer.rr]


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize(
    "name", [ENDPOINT, "email-smtp-fips.us-east-1.amazonaws.com", "vpce-1-a.email-smtp.us-east-1.vpce.amazonaws.com"]
)
def test_an_endpoints_name_has_its_addresses(sim, name, tcp):
    assert rows(ask(sim, name, tcp=tcp)) == [(name, "CNAME", BALANCER), (BALANCER, "A", "127.0.0.1")]


def test_case_does_not_matter(sim):
    assert len(ask(sim, ENDPOINT.upper()).rr) == 2


@pytest.mark.parametrize("name", [ENDPOINT, BALANCER])
def test_an_endpoint_has_no_ipv6(sim, name):
    answer = ask(sim, name, "AAAA")
    assert answer.header.rcode == RCODE.NOERROR
    assert [kind for _name, kind, _data in rows(answer)] in ([], ["CNAME"])


def test_a_load_balancers_name_is_that_of_its_region():
    assert load_balancer_of("us-west-2") == "ses-smtp-us-west-2-prod-14896026.us-west-2.elb.amazonaws.com"
    invented = load_balancer_of("eu-north-1")
    assert invented.startswith("ses-smtp-eu-north-1-prod-")
    assert invented.endswith(".eu-north-1.elb.amazonaws.com")
    assert invented != load_balancer_of("eu-north-2")


def test_another_load_balancer(sim):
    sim.dns(region="us-east-1", load_balancer="new.us-east-1.elb.amazonaws.com", addresses=["127.0.0.9"])
    new = "new.us-east-1.elb.amazonaws.com"
    assert rows(ask(sim, ENDPOINT)) == [(ENDPOINT, "CNAME", new), (new, "A", "127.0.0.9")]
    assert ask(sim, BALANCER).header.rcode == RCODE.REFUSED
    sim.reset()
    assert rows(ask(sim, ENDPOINT))[0][2] == BALANCER


def test_addresses_rotate(sim):
    addresses = [f"127.0.0.{n}" for n in range(1, 6)]
    sim.dns(region="us-east-1", addresses=addresses, rotation=2)
    answers = [[data for *_, data in rows(ask(sim, BALANCER))] for _ in range(5)]
    assert all(len(answer) == 2 for answer in answers)
    assert {address for answer in answers for address in answer} == set(addresses)
    assert sorted(address for answer in answers for address in answer) == sorted(addresses * 2)


def test_outages_of_dns_are_played(sim):
    sim.dns(servfail=True)
    assert ask(sim, ENDPOINT).header.rcode == RCODE.SERVFAIL
    sim.dns(servfail=False, nxdomain=ENDPOINT)
    assert ask(sim, ENDPOINT).header.rcode == RCODE.NXDOMAIN
    assert ask(sim, BALANCER).header.rcode == RCODE.NOERROR
    sim.dns(nxdomain=[BALANCER])
    answer = ask(sim, ENDPOINT)
    assert answer.header.rcode == RCODE.NXDOMAIN
    assert rows(answer) == [(ENDPOINT, "CNAME", BALANCER)]
    sim.dns(nxdomain=[])
    assert len(ask(sim, ENDPOINT).rr) == 2


def test_further_names_are_answered(sim):
    sim.dns(names={"smtp.corp.test": ENDPOINT, "web1.corp.test.": "10.0.0.5"})
    assert [data for *_, data in rows(ask(sim, "smtp.corp.test"))] == [ENDPOINT, BALANCER, "127.0.0.1"]
    assert rows(ask(sim, "web1.corp.test")) == [("web1.corp.test", "A", "10.0.0.5")]
    sim.dns(names={"web1.corp.test": None})
    assert ask(sim, "web1.corp.test").header.rcode == RCODE.REFUSED


def test_names_and_regions_have_ipv6_where_they_are_told_so(sim):
    name = "vpce-1-a.email-smtp.us-east-1.vpce.amazonaws.com"
    sim.dns(names={name: "10.0.0.5,fd00::5"})
    assert rows(ask(sim, name)) == [(name, "A", "10.0.0.5")]
    assert rows(ask(sim, name, "AAAA")) == [(name, "AAAA", "fd00::5")]
    assert [kind for _name, kind, _data in rows(ask(sim, name, "ANY"))] == ["A", "AAAA"]
    sim.dns(names={name: "fd00::5"})
    assert (rows(ask(sim, name)), rows(ask(sim, name, "AAAA"))) == ([], [(name, "AAAA", "fd00::5")])
    assert ask(sim, name).header.rcode == RCODE.NOERROR
    sim.dns(region="us-east-1", addresses=["127.0.0.1", "fd00::6"])
    assert rows(ask(sim, ENDPOINT, "AAAA"))[1:] == [(BALANCER, "AAAA", "fd00::6")]
    assert rows(ask(sim, ENDPOINT))[1:] == [(BALANCER, "A", "127.0.0.1")]


def test_dns_and_smtp_are_served_by_ipv6_at_a_wildcard(tmp_path):
    """The machine's own addresses of both families, and a region's faults leave the other family as it is."""
    regions = [Region("us-east-1", addresses=["127.0.0.1"])]
    with Simulator(regions=regions, state_dir=tmp_path, host="0.0.0.0", dns="0.0.0.0:0") as sim:
        packet = DNSRecord.question(ENDPOINT).send("::1", sim.dns_port, ipv6=True, timeout=10)
        assert rows(DNSRecord.parse(packet))[1] == (BALANCER, "A", "127.0.0.1")
        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, sim.ports[587]), timeout=10).close()
        sim.fault(refuse=True, region="us-east-1")
        socket.create_connection(("::1", sim.ports[587]), timeout=10).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", sim.ports[587]), timeout=10)
        sim.clear()
        sim.fault(swallow=True, ports=[465])
        with pytest.raises(TimeoutError):
            socket.create_connection(("::1", sim.ports[465]), timeout=0.5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"load_balancer": "x"}, "load_balancer need a region"),
        ({"region": "us-east-1", "addresses": ["::1", "smtp.corp.test"]}, "must be IPv4 or IPv6 addresses; smtp"),
        ({"ttl": 3}, "not ttl"),
    ],
)
def test_a_change_that_cannot_be_is_refused(sim, values, message):
    with pytest.raises(SimulatorError, match=message):
        sim.dns(**values)


def test_other_names_are_asked_upstream(tmp_path, monkeypatch):
    """Another simulator is the resolver that knows the other names."""
    monkeypatch.setattr("ses_simulator.dns.UPSTREAM_TIMEOUT", 30.0)
    first, second = tmp_path / "a", tmp_path / "b"
    with (
        Simulator(
            regions=[Region("eu-west-1")], state_dir=first, dns="127.0.0.1:0", names={"x.test": "10.1.1.1"}
        ) as up,
        Simulator(state_dir=second, dns="127.0.0.1:0", upstream=[f"127.0.0.1:{up.dns_port}"]) as sim,
    ):
        for tcp in (False, True):
            assert rows(ask(sim, "x.test", tcp=tcp)) == [("x.test", "A", "10.1.1.1")]
            assert rows(ask(sim, ENDPOINT, tcp=tcp))[1][2] == "127.0.0.1"


def test_upstream_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr("ses_simulator.dns.UPSTREAM_TIMEOUT", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        upstream = [f"127.0.0.1:{mute.getsockname()[1]}"]
        with Simulator(state_dir=tmp_path, dns="127.0.0.1:0", upstream=upstream) as sim:
            assert ask(sim, "x.test").header.rcode == RCODE.SERVFAIL
            assert ask(sim, "x.test", tcp=True).header.rcode == RCODE.SERVFAIL


def test_nonsense_is_not_answered(sim):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for data in (b"", b"\x00", b"x" * 40, bytes(12)):
            sock.sendto(data, ("127.0.0.1", sim.dns_port))
    assert len(ask(sim, ENDPOINT).rr) == 2


def test_many_at_once(sim):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(sim, ENDPOINT))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(answer.rr) for answer in answers] == [2] * 20
