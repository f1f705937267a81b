# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.interface_mtu as a task would run it, on this machine, where it changes nothing."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.mailops.ses.plugins.modules import interface_mtu
from module_arguments import patch_module_args

LINKS = [{"ifname": "ens5", "mtu": 9001, "min_mtu": 68, "max_mtu": 65535}]
TOOLS = {
    "ip": f'case "$*" in *link*) echo \'{json.dumps(LINKS)}\' ;; *default*|*get*) echo \'[{{"dev":"ens5"}}]\' ;; esac',
    "ifquery": 'test "$*" = "--state ens5"',
    "systemctl": "exit 3",
    "nmcli": "exit 8",
}


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the module in check mode on a host whose ifupdown manages ens5."""
    for name, text in TOOLS.items():
        (tmp_path / name).write_text(f'#!/bin/sh\ntest "$LC_ALL" = C || exit 9\n{text}\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def run(**arguments):
        with patch_module_args({**arguments, "_ansible_check_mode": True}), pytest.raises(SystemExit):
            interface_mtu.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_what_it_returns_is_documented(run):
    result = run(mtu=1500)
    assert result["changed"] is True
    assert (result["interface"], result["mtu"], result["was"], result["manager"]) == ("ens5", 1500, 9001, "ifupdown")
    assert set(yaml.safe_load(interface_mtu.RETURN)) == set(result) - {"changed", "diff", "invocation"}


def test_its_options_are_documented():
    assert set(yaml.safe_load(interface_mtu.DOCUMENTATION)["options"]) == set(interface_mtu.ARGUMENTS)


def test_auto_takes_a_failed_check_s_report(run):
    ports = [{"port": 587, "path_mtu": 1400, "diagnosis": [{"id": "path_mtu_black_hole"}]}]
    report = {"failed": True, "msg": "no port", "addresses": ["192.0.2.1"], "ports": ports}
    assert run(mtu="auto", report=report)["mtu"] == 1400


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"mtu": "auto"}, "report"),
        ({"mtu": "large"}, "mtu 'large' is neither a number of bytes nor auto"),
        ({"mtu": 1500, "interface": "ens6"}, "interface 'ens6' is not on this host"),
        ({"mtu": "large", "option_names": {"mtu": "ses_mtu"}}, "ses_mtu 'large' is neither"),
    ],
)
def test_it_fails_in_a_sentence(run, arguments, words):
    result = run(**arguments)
    assert result["failed"] is True
    assert words in result["msg"]
