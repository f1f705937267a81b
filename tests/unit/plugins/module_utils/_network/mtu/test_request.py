# SPDX-License-Identifier: GPL-3.0-or-later
"""The size and the interface, out of the options and a report of smtp_check."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.machine import Host, HostError
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.request import (
    default_interface,
    first_route,
    interface_to,
    wanted,
)
from ansible_collections.mailops.ses.plugins.module_utils._ses.option_names import Names
from hypothesis import given
from hypothesis import strategies as st

PLAIN = Names()
ROLE = Names(mtu="ses_mtu", interface="ses_mtu_interface", region="ses_region", ca_file="ses_tls_ca_file")


def port(size, *causes):
    return {"port": 587, "path_mtu": size, "diagnosis": [{"id": cause} for cause in causes]}


def report(*sizes):
    """A check that fails for another reason than the path."""
    return {"ports": [port(size, "certificate_untrusted") for size in sizes], "failed": True, "msg": "no port"}


def holes(*sizes):
    return {"ports": [port(1500), *(port(size, "path_mtu_black_hole") for size in sizes)]}


@pytest.mark.parametrize(
    ("mtu", "given_report", "size"),
    [
        ("1500", None, 1500),
        ("576", None, 576),
        ("9216", report(1400), 9216),
        ("auto", holes(1400, 1396), 1396),
        ("auto", holes(9001), 1500),
        ("auto", {"ports": [port(1300), port(1400, "server_slow", "path_mtu_one_way")]}, 1400),
        # A narrow path that tells so is fine.
        ("auto", report(9001, 1400, None), None),
        ("auto", {"ports": [port(1400), {"path_mtu": 1300}]}, None),
    ],
)
def test_the_size_that_is_wanted(mtu, given_report, size):
    assert wanted(mtu, given_report, PLAIN) == size


@pytest.mark.parametrize(
    ("mtu", "given_report", "words"),
    [
        ("", None, "mtu '' is neither"),
        ("1500 ", None, "mtu '1500 ' is neither"),
        ("-1500", None, "mtu '-1500' is neither"),
        ("1500.0", None, "mtu '1500.0' is neither"),
        ("1\n", None, "mtu '1.n' is neither"),
        ("Auto", None, "mtu 'Auto' is neither"),
        ("575", None, "mtu 575 is out of range"),
        ("9217", None, "mtu 9217 is out of range"),
        ("auto", {}, "report is no result of smtp_check"),
        ("auto", {"msg": "region: 'x' is none"}, "smtp_check said: region: 'x' is none"),
        ("auto", {"ports": 587}, "report is no result of smtp_check"),
        ("auto", report(None, None), "no port's path was measured.* smtp_check said: no port"),
        ("auto", report(), "the MTU stays as it is"),
        ("auto", holes(68), "mtu 68 is out of range"),
    ],
)
def test_what_is_no_size(mtu, given_report, words):
    with pytest.raises(HostError, match=words):
        wanted(mtu, given_report, PLAIN)


@pytest.mark.parametrize(
    ("mtu", "given_report", "words"),
    [
        ("large", None, "^ses_mtu 'large' is neither"),
        ("9217", None, "^ses_mtu 9217 is out of range"),
        ("auto", report(None), "^ses_mtu auto knows no size"),
        ("auto", {"msg": "ses_region is empty."}, "^ses_mtu auto has nothing .* smtp_check said: ses_region is empty"),
    ],
)
def test_the_fault_is_in_what_the_user_wrote(mtu, given_report, words):
    with pytest.raises(HostError, match=words):
        wanted(mtu, given_report, ROLE)


STRANGE = st.none() | st.integers() | st.sampled_from([1400, "1400", [], {}, 0.5])
CAUSES = STRANGE | st.lists(STRANGE | st.fixed_dictionaries({}, optional={"id": STRANGE | st.just("path_mtu_x")}))
PORT = STRANGE | st.fixed_dictionaries({}, optional={"path_mtu": STRANGE, "diagnosis": CAUSES})


@given(st.fixed_dictionaries({}, optional={"ports": STRANGE | st.lists(PORT), "msg": STRANGE}))
def test_whatever_the_report_is_the_answer_is_a_size_or_a_sentence(strange):
    with suppress(HostError):
        assert 576 <= (wanted("auto", strange, PLAIN) or 1500) <= 1500


ROUTES = {
    "one": ([{"dst": "default", "gateway": "192.0.2.1", "dev": "eth0", "flags": []}], "eth0"),
    "the smaller metric": (
        [{"dst": "default", "dev": "wlan0", "metric": 600}, {"dst": "default", "dev": "eth0", "metric": 100}],
        "eth0",
    ),
    "no metric is the smallest": ([{"dev": "eth0", "metric": 100}, {"dev": "eth1"}], "eth1"),
    "the first of the same": ([{"dev": "eth0", "metric": 100}, {"dev": "eth1", "metric": 100}], "eth0"),
    "several ways": ([{"dst": "default", "nexthops": [{"dev": "eth2"}, {"dev": "eth3"}]}], "eth2"),
    "a dead one does not count": (
        [{"dev": "eth0", "flags": ["dead", "linkdown"]}, {"dev": "eth1", "metric": 9}],
        "eth1",
    ),
    "unreachable": ([{"type": "unreachable", "dev": "lo", "metric": 4294967295}], None),
    "none": ([], None),
}


@pytest.mark.parametrize(("routes", "name"), ROUTES.values(), ids=ROUTES)
def test_the_interface_of_the_default_route(routes, name):
    assert first_route(json.dumps(routes)) == name


@pytest.mark.parametrize(("v4", "v6", "name"), [("eth0", "eth1", "eth0"), (None, "eth1", "eth1")])
def test_ipv4_goes_first(v4, v6, name):
    answers = {"-4": v4, "-6": v6}

    def run(command):
        dev = answers[command[2]]
        return 0, json.dumps([{"dst": "default", "dev": dev}]) if dev else "", ""

    assert default_interface(Host(run), PLAIN) == name


def test_no_default_route_is_told():
    with pytest.raises(HostError, match="ses_mtu_interface is not given, and this host has no default route"):
        default_interface(Host(lambda _command: (0, "[ ]", "")), ROLE)


def routed(**ways):
    """A host with a route to each of these last bytes of an address, and to no other."""

    def run(command):
        assert command[:4] == ["ip", "-j", "route", "get"]
        name = ways.get("to_" + command[4].rpartition(".")[2])
        return (0, json.dumps([{"dst": command[4], "dev": name, "flags": []}]), "") if name else (2, "", "unreachable")

    return Host(run)


@pytest.mark.parametrize(
    "addresses", [["192.0.2.1"], ["192.0.2.1", "192.0.2.2"], ["192.0.2.9", "2001:db8::1", "192.0.2.2"]]
)
def test_the_interface_that_leads_to_the_endpoint(addresses):
    assert interface_to(routed(to_1="ens6", to_2="ens6"), {"addresses": addresses}, PLAIN) == "ens6"


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        (["192.0.2.1", "192.0.2.2"], r"\(ens5 to 192.0.2.1, ens6 to 192.0.2.2\): set it"),
        (["192.0.2.3"], "none has a route"),  # on this host itself
        (["192.0.2.9"], "none has a route"),
        (["-h", None, 7, [], "ens5"], "none has a route"),
        (None, "none has a route"),
        ("192.0.2.1", "none has a route"),
    ],
)
def test_no_single_interface_leads_to_the_endpoint(addresses, words):
    host = routed(to_1="ens5", to_2="ens6", to_3="lo")
    with pytest.raises(HostError, match=f"^ses_mtu_interface is not given.*{words}"):
        interface_to(host, {"addresses": addresses}, ROLE)
