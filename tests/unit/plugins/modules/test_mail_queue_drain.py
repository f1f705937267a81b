# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.mail_queue_drain as a task would run it, on this machine."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.mailops.ses.plugins.module_utils._replace.mtas import Mta
from ansible_collections.mailops.ses.plugins.modules import mail_queue_drain
from module_arguments import patch_module_args


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the module on a host with two MTAs, of which one has a message."""
    entrance = tmp_path / "entrance"
    entrance.write_text("#!/bin/sh\n")
    entrance.chmod(0o755)
    known = {
        "empty": Mta(waiting=dict, programs=(str(entrance),), entrances=(str(entrance),)),
        "full": Mta(waiting=lambda: {"a": "queued"}, programs=(str(entrance),)),
    }
    monkeypatch.setattr(mail_queue_drain, "MTAS", known)

    def run(*mtas, check_mode=False, **arguments):
        given = {"mtas": mtas, "_ansible_check_mode": check_mode, **arguments}
        with patch_module_args(given), pytest.raises(SystemExit):
            mail_queue_drain.main()
        return json.loads(capsys.readouterr().out)

    run.entrance = entrance
    return run


def test_a_second_run_changes_nothing(run):
    assert run("empty", check_mode=True)["changed"] is True
    assert run.entrance.stat().st_mode & 0o111
    assert run("empty")["changed"] is True
    assert not run.entrance.stat().st_mode & 0o111
    assert run("empty")["changed"] is False
    assert run("empty", state="resumed")["changed"] is True
    assert run.entrance.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_refusal_says_how_many_wait(run, check_mode):
    result = run("full", check_mode=check_mode)
    assert result["failed"] is True
    assert result["msg"].startswith("full is not replaced: 1 message waits in its queue (1 queued); ")


def test_an_mta_that_is_not_known(run):
    assert run("citadel-server")["msg"].startswith("citadel-server is not replaced")


def test_the_documentation_has_every_option():
    documented = yaml.safe_load(mail_queue_drain.DOCUMENTATION)["options"]
    assert documented.keys() == mail_queue_drain.ARGUMENTS.keys()
    for name, option in mail_queue_drain.ARGUMENTS.items():
        assert documented[name].get("default") == option.get("default")
