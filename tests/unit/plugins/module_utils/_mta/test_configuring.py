# SPDX-License-Identifier: GPL-3.0-or-later
"""What both MTAs' modules do alike; what each of them does stands in its own tests."""

from __future__ import annotations

import json
import os

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._host.unit_files import UnitFile
from ansible_collections.mailops.ses.plugins.module_utils._mta.configuring import (
    carry_out,
    due,
    files_due,
    kept,
    nothing_changes,
)
from module_arguments import patch_module_args


@pytest.mark.parametrize(
    ("restart", "reload", "action"),
    [(False, False, "none"), (False, True, "reload"), (True, False, "restart"), (True, True, "restart")],
)
def test_a_restart_is_more_than_a_reload(restart, reload, action):
    assert due(restart, reload) == {"action": action, "reload_due": action == "reload", "restart_due": restart}


class Systemd:
    """Two units, of which one stands for the other, and what was done to them."""

    def __init__(self, fails=(), edited=False):
        self.enabled, self.fails, self.edited, self.done = {"mta"}, fails, edited, []

    def __call__(self, argv):
        verb, name = argv[1], argv[-1]
        if verb == "show":
            return 0, f"NeedDaemonReload={'yes' if self.edited else 'no'}\n", ""
        if verb.startswith("is-"):
            return 0, "enabled" if name in self.enabled else "disabled", ""
        self.done.append(" ".join(argv[1:]))
        if verb in ("enable", "disable"):
            self.enabled ^= {name}
        return int(verb in self.fails), "", "no"


def test_where_a_change_fails_the_files_go_first_then_the_unit_loads_and_the_umbrella_is_as_it_was(tmp_path):
    systemd = Systemd()
    path = tmp_path / "mta.service.d" / "ours.conf"
    file = UnitFile(str(path), None, "[Service]\n")

    def fail():
        with kept([Unit("mta", systemd), Unit("umbrella", systemd)], [file], True, ValueError):
            assert path.exists()
            Unit("umbrella", systemd).carry_out(["enable"])
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - it has no text
        fail()
    assert systemd.done == [
        "daemon-reload",
        "enable umbrella",
        "daemon-reload",
        "disable umbrella",
        "reset-failed mta",
        "restart mta",
    ]
    assert systemd.enabled == {"mta"}
    assert not path.parent.exists()


def test_where_systemd_does_not_read_the_files_the_host_keeps_what_it_had(tmp_path):
    systemd = Systemd(fails=("daemon-reload",))
    file = UnitFile(str(tmp_path / "ours.conf"), None, "[Service]\n")
    said = pytest.raises(ValueError, match=r"the host keeps what it had: systemctl daemon-reload failed: no")
    with said, kept([Unit("mta", systemd)], [file], True, ValueError):
        raise AssertionError


@pytest.mark.parametrize("due_files", [True, False])
def test_systemd_is_told_only_where_something_is_due(due_files):
    systemd = Systemd()
    with kept([Unit("mta", systemd)], [], due_files, ValueError):
        pass
    assert systemd.done == (["daemon-reload"] if due_files else [])
    with kept([], [], False, ValueError):
        pass


@pytest.mark.parametrize(
    ("before", "edited", "expected"), [("ours", False, False), ("old", False, True), ("ours", True, True)]
)
def test_files_are_due_also_where_a_killed_run_has_not_told_systemd(before, edited, expected):
    assert files_due([UnitFile("x", before, "ours")], Unit("mta", Systemd(edited=edited))) is expected


@pytest.mark.parametrize(("error", "remedy"), [(PermissionError, True), (FileNotFoundError, False)])
def test_an_error_says_what_it_means_for_the_host(error, remedy):
    with (
        pytest.raises(ValueError, match="the host keeps what it had: no way: /x") as raised,
        nothing_changes(ValueError),
    ):
        raise error(1, "no way", "/x")
    assert ("become" in str(raised.value)) is remedy


@pytest.fixture
def run(capsys):
    """Run a module that carries this out, and return what it printed."""

    def run(configure, fault=lambda _params: None, **arguments):
        with patch_module_args({"name": "a", **arguments}):
            module = AnsibleModule(argument_spec={"name": {}}, supports_check_mode=True)
            with pytest.raises(SystemExit):
                carry_out(module, fault, lambda params: params["name"].upper(), configure, ValueError)
        return json.loads(capsys.readouterr().out)

    return run


def unreached(*_given):
    raise AssertionError


def test_a_fault_of_the_parameters_comes_before_anything_else(run):
    assert run(unreached, fault=lambda params: f"no {params['name']}")["msg"] == "no a"


def test_a_failure_is_a_sentence(run):
    def fail(*_given):
        raise ValueError("the host keeps what it had")

    result = run(fail)
    assert (result["failed"], result["msg"]) == (True, "the host keeps what it had")


def test_a_hosts_bytes_that_are_no_utf8_reach_the_controller(run, monkeypatch):
    warned = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: warned.append(text))
    odd = b"B\xfcro \xc3\xbc".decode("utf-8", "surrogateescape")
    result = run(
        lambda *_given: {"diff": [{"before": odd, "after": odd}], "rows": (odd, 1), "warnings": [odd]},
        _ansible_diff=True,
    )
    told = "B\ufffdro \xfc"
    assert (result["diff"], result["rows"], warned) == ([{"before": told, "after": told}], [told, 1], [told])

    def fail(*_given):
        raise ValueError(odd)

    assert run(fail)["msg"] == told


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("diff", [True, False])
def test_the_result_is_what_was_configured(run, monkeypatch, check, diff):
    warned = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: warned.append(text))
    result = run(
        lambda request, check_mode, _scratch: {"changed": check_mode, "diff": [], "name": request, "warnings": ["odd"]},
        _ansible_check_mode=check,
        _ansible_diff=diff,
    )
    assert (result["changed"], result["name"]) == (check, "A")
    assert warned == ["odd"]
    assert ("diff" in result) is diff


@pytest.mark.parametrize("logs_in", ["the module's user", "another"])
def test_files_on_the_way_lie_where_all_directories_are_the_modules_users(run, monkeypatch, tmp_path, logs_in):
    owner = os.geteuid() + (logs_in == "another")
    monkeypatch.setattr(os, "geteuid", lambda: owner)
    seen = run(lambda _request, _check_mode, scratch: {"diff": [], "scratch": scratch}, _ansible_tmpdir=str(tmp_path))
    assert (os.path.dirname(seen["scratch"]) == str(tmp_path)) is (logs_in == "the module's user")


def test_files_on_the_way_lie_in_a_directory_of_its_own_that_goes(run, tmp_path):
    def configure(_request, _check_mode, scratch):
        assert os.stat(scratch).st_mode & 0o777 == 0o700
        return {"diff": [], "scratch": scratch}

    scratch = run(configure, _ansible_remote_tmp=str(tmp_path), _ansible_tmpdir=str(tmp_path))["scratch"]
    assert scratch.startswith(f"{tmp_path}/")
    assert not os.path.exists(scratch)
