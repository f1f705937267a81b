# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._interface_mtu_host import MISSING, Host, MtuError
from ansible_collections.mailops.ses.plugins.module_utils._interface_mtu_set import (
    default_interface,
    first_route,
    set_mtu,
    wanted,
)
from hypothesis import given
from hypothesis import strategies as st


def report(*sizes):
    return {"ports": [{"port": 587, "path_mtu": size} for size in sizes], "failed": True, "msg": "no port"}


@pytest.mark.parametrize(
    ("mtu", "given_report", "size"),
    [
        ("1500", None, 1500),
        ("576", None, 576),
        ("9216", report(1400), 9216),
        ("auto", report(9001, 9001), 1500),
        ("auto", report(9001, 1400, None), 1400),
    ],
)
def test_the_size_that_is_wanted(mtu, given_report, size):
    assert wanted(mtu, given_report) == size


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
        ("auto", report(68), "mtu 68 is out of range"),
    ],
)
def test_what_is_no_size(mtu, given_report, words):
    with pytest.raises(MtuError, match=words):
        wanted(mtu, given_report)


STRANGE = st.none() | st.integers() | st.sampled_from([1400, "1400", [], {}, 0.5])
PORT = STRANGE | st.fixed_dictionaries({}, optional={"path_mtu": STRANGE})


@given(st.fixed_dictionaries({}, optional={"ports": STRANGE | st.lists(PORT), "msg": STRANGE}))
def test_whatever_the_report_is_the_answer_is_a_size_or_a_sentence(strange):
    with suppress(MtuError):
        assert 576 <= wanted("auto", strange) <= 1500


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

    assert default_interface(Host(run)) == name


def test_no_default_route_is_told():
    with pytest.raises(MtuError, match="interface is not given, and this host has no default route"):
        default_interface(Host(lambda _command: (0, "[ ]", "")))


class Kernel:
    """A host under ifupdown, of which `ip` tells and changes the MTU."""

    def __init__(self, mtu=9001, routes=(), global_ipv6=False, obeys=True):
        self.mtu, self.routes, self.global_ipv6, self.obeys = mtu, list(routes), global_ipv6, obeys

    def __call__(self, command):
        line = " ".join(command)
        if line.startswith("env IFACE=ens5 "):
            assert Path(command[-1]).stat().st_mode & 0o111
            self.mtu, self.routes = (1500, []) if self.obeys else (self.mtu, self.routes)
            return 0, "", ""
        if "link show" in line:
            return 0, json.dumps([{"ifname": "lo"}, {"ifname": "ens5", "mtu": self.mtu, "max_mtu": 9001}]), ""
        if "route show" in line:
            return (
                0,
                json.dumps([{"dst": "default", "dev": "ens5", "metrics": [{"mtu": own}]} for own in self.routes]),
                "",
            )
        if "address show" in line:
            return 0, json.dumps([{}, {"addr_info": [{"local": "2001:db8::1"}]}] if self.global_ipv6 else [{}]), ""
        return (0, "", "") if command[0] == "ifquery" else (MISSING, "", "")


def test_a_first_and_a_second_run(tmp_path):
    host = Host(Kernel(), str(tmp_path))
    planned = set_mtu(host, "1500", None, "ens5", check_mode=True)
    assert list(tmp_path.iterdir()) == []
    assert set_mtu(host, "1500", None, "ens5", check_mode=False) == planned
    assert (planned["changed"], planned["was"], planned["mtu"]) == (True, 9001, 1500)
    assert [part["before_header"] for part in planned["diff"]] == ["interface ens5", planned["file"]]
    again = set_mtu(host, "1500", None, "ens5", check_mode=False)
    assert (again["changed"], again["was"], again["diff"]) == (False, 1500, [])


@pytest.mark.parametrize("lost", [{"mtu": 9001}, {"routes": [9001]}])
def test_what_was_lost_comes_back(tmp_path, lost):
    kernel = Kernel()
    host = Host(kernel, str(tmp_path))
    set_mtu(host, "1500", None, "ens5", check_mode=False)
    vars(kernel).update(lost)
    assert set_mtu(host, "1500", None, "ens5", check_mode=False)["changed"] is True
    assert (kernel.mtu, kernel.routes) == (1500, [])


@pytest.mark.parametrize(
    ("kernel", "mtu", "interface", "words"),
    [
        (Kernel(), "1500", "ens6", "interface 'ens6' is not on this host; it has lo, ens5"),
        (Kernel(), "9100", "ens5", "mtu 9100 is not possible on ens5, which takes 0 to 9001"),
        (Kernel(global_ipv6=True), "1279", "ens5", "mtu 1279 would take IPv6 off ens5"),
    ],
)
def test_what_does_not_fit_changes_nothing(tmp_path, kernel, mtu, interface, words):
    with pytest.raises(MtuError, match=words):
        set_mtu(Host(kernel, str(tmp_path)), mtu, None, interface, check_mode=False)
    assert list(tmp_path.iterdir()) == []


def test_an_interface_that_does_not_take_it_is_told(tmp_path):
    with pytest.raises(MtuError, match="ens5 has an MTU of 9001 and not 1500, though ifupdown was told so"):
        set_mtu(Host(Kernel(obeys=False), str(tmp_path)), "1500", None, "ens5", check_mode=False)


def test_without_ipv6_the_smallest_is_what_ipv4_needs(tmp_path):
    assert set_mtu(Host(Kernel(), str(tmp_path)), "576", None, "ens5", check_mode=True)["mtu"] == 576
