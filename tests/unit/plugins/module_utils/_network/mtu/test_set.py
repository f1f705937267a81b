# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.machine import MISSING, Host, HostError
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.set import set_mtu


class Kernel:
    """A host under ifupdown, of which `ip` tells and changes the MTU."""

    def __init__(self, mtu=9001, routes=(), global_ipv6=False, takes=None):
        self.mtu, self.routes, self.global_ipv6 = mtu, list(routes), global_ipv6
        self.takes = takes  # the script's size -> that of the interface, None where it fails

    def __call__(self, command):
        line = " ".join(command)
        if line.startswith("env IFACE=ens5 "):
            return self._script(Path(command[-1]))
        if line.startswith("ip link set dev ens5 mtu "):
            self.mtu = int(command[-1])
            return 0, "", ""
        asked = next((words for words in ("link show", "route get", "route show", "address show") if words in line), "")
        if asked:
            return 0, json.dumps(self._told(asked)), ""
        return (0, "", "") if command[0] == "ifquery" else (MISSING, "", "")

    def _told(self, asked):
        return {
            "link show": [{"ifname": "lo"}, {"ifname": "ens5", "mtu": self.mtu, "max_mtu": 9001}],
            "route get": [{"dst": "192.0.2.1", "dev": "ens5"}],
            "route show": [{"dst": "default", "dev": "ens5", "metrics": [{"mtu": own}]} for own in self.routes],
            "address show": [{}, {"addr_info": [{"local": "2001:db8::1"}]}] if self.global_ipv6 else [{}],
        }[asked]

    def _script(self, path):
        assert path.stat().st_mode & 0o111
        size = int(re.search(r"mtu ([0-9]+)", path.read_text())[1])
        taken = self.takes(size) if self.takes else size
        if taken is None:
            return 1, "", "no such device"
        self.mtu, self.routes = taken, []
        return 0, "", ""


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
    with pytest.raises(HostError, match=words):
        set_mtu(Host(kernel, str(tmp_path)), mtu, None, interface, check_mode=False)
    assert list(tmp_path.iterdir()) == []


FAILURES = {
    "the script fails": (lambda _size: None, "no such device. What was there is put back"),
    "something else sets it": (
        lambda _size: 4000,
        "ens5 has an MTU of 4000 and not 1300, though ifupdown was told so in .*: something else sets it. What was",
    ),
}


@pytest.mark.parametrize("mode", [0o755, 0o700], ids=["as it was written", "another mode"])
@pytest.mark.parametrize("before", [True, False], ids=["a former run's file", "no file"])
@pytest.mark.parametrize(("takes", "words"), FAILURES.values(), ids=FAILURES)
def test_a_failure_leaves_what_was_there(tmp_path, takes, words, before, mode):
    kernel = Kernel()
    host = Host(kernel, str(tmp_path))
    if before:
        set_mtu(host, "1500", None, "ens5", check_mode=False)
        next(tmp_path.rglob("*-ens5")).chmod(mode)

    def found():
        return kernel.mtu, {path: (path.read_text(), path.stat().st_mode) for path in tmp_path.rglob("*-ens5")}

    was = found()
    kernel.takes = takes
    with pytest.raises(HostError, match=words):
        set_mtu(host, "1300", None, "ens5", check_mode=False)
    assert found() == was
    assert before or not (tmp_path / "etc/network/if-up.d").exists()


def test_what_cannot_be_put_back_is_told(tmp_path):
    kernel = Kernel(takes=lambda _size: 4000)

    def refuse(command):
        return (2, "", "not permitted") if command[:3] == ["ip", "link", "set"] else kernel(command)

    with pytest.raises(HostError, match=r"could not be put back: ip link set dev ens5 mtu 9001: not permitted$"):
        set_mtu(Host(refuse, str(tmp_path)), "1500", None, "ens5", check_mode=False)


def report(size, *causes):
    ports = [{"path_mtu": size, "diagnosis": [{"id": cause} for cause in causes]}]
    return {"addresses": ["192.0.2.1"], "ports": ports}


HOLE = "path_mtu_black_hole"


@pytest.mark.parametrize(
    ("mtu", "given", "size"),
    [
        (9001, report(9001), 1500),
        (9001, report(1400), 1500),  # a path that tells how narrow it is
        (9001, report(1400, HOLE), 1400),
        (1500, report(1400, HOLE), 1400),
        (1300, report(1400, HOLE), 1300),  # it never raises
        (1400, report(1400, HOLE), 1400),
    ],
)
def test_auto_sets_what_the_path_carries(tmp_path, mtu, given, size):
    kernel = Kernel(mtu)
    host = Host(kernel, str(tmp_path))
    result = set_mtu(host, "auto", given, None, check_mode=False)
    assert (result["changed"], result["mtu"], result["interface"], kernel.mtu) == (True, size, "ens5", size)
    assert f"mtu {size} " in next(tmp_path.rglob("*-ens5")).read_text()
    # The path is fine now, and stays so.
    assert set_mtu(host, "auto", report(size), None, check_mode=False)["changed"] is False
    assert kernel.mtu == size


@pytest.mark.parametrize("mtu", [1500, 1400])
def test_auto_leaves_alone_what_works(tmp_path, mtu):
    """Even where nobody would keep it after a reboot: there is nothing to keep."""
    kernel = Kernel(mtu)

    def unmanaged(command):
        return (1, "", "") if command[0] == "ifquery" else kernel(command)

    result = set_mtu(Host(unmanaged, str(tmp_path)), "auto", report(1400), None, check_mode=False)
    assert (result["changed"], result["mtu"], result["manager"]) == (False, mtu, None)
    assert list(tmp_path.iterdir()) == []


def test_auto_corrects_a_route_that_is_wider_than_the_internet(tmp_path):
    kernel = Kernel(1500, routes=[9001])
    assert set_mtu(Host(kernel, str(tmp_path)), "auto", report(1500), None, check_mode=False)["changed"] is True
    assert kernel.routes == []


def test_the_faults_name_what_the_user_wrote(tmp_path):
    names = {"mtu": "ses_mtu", "interface": "ses_mtu_interface"}
    for mtu, interface, words in (
        ("1500", "ens6", "ses_mtu_interface 'ens6' is not on this host"),
        ("9100", "ens5", "ses_mtu 9100 is not possible on ens5"),
        ("1279", "ens5", "ses_mtu 1279 would take IPv6 off ens5"),
    ):
        with pytest.raises(HostError, match=f"^{words}"):
            set_mtu(Host(Kernel(global_ipv6=True), str(tmp_path)), mtu, None, interface, False, option_names=names)


def test_without_ipv6_the_smallest_is_what_ipv4_needs(tmp_path):
    assert set_mtu(Host(Kernel(), str(tmp_path)), "576", None, "ens5", check_mode=True)["mtu"] == 576
