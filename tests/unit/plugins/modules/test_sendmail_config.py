# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, in check mode, where no Sendmail is installed. On real ones: molecule/sendmail."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import tools
from ansible_collections.mailops.ses.plugins.modules import sendmail_config
from module_arguments import patch_module_args, printed

SECRET = '"U:root" "I:AKIAIOSFODNN7EXAMPLE" "P:oneL0ngPassw0rd" "M:LOGIN"'
WANTED = {
    "defines": {"SMART_HOST": "relay:email-smtp.us-east-1.amazonaws.com"},
    "settings": {"MSP_MODE": "Daemon"},
    "tables": [{"name": "authinfo", "secret_entries": {"AuthInfo:a.test": SECRET}}],
}


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the module with Sendmail's tools out of its sight."""

    def run(check_mode=True, **arguments):
        monkeypatch.setattr(tools, "SEARCH_PATH", str(tmp_path))
        given = {"config_directory": str(tmp_path), "_ansible_check_mode": check_mode, "_ansible_diff": True}
        with patch_module_args({**given, **arguments}), pytest.raises(SystemExit):
            sendmail_config.main()
        out, _err = printed(capsys)
        assert "oneL0ngPassw0rd" not in out
        return json.loads(out)

    return run


def test_a_check_tells_what_a_bare_host_would_get(run):
    result = run(**WANTED)
    assert result["changed"] is True
    assert result["action"] == "restart"
    texts = "".join(item["after"] for item in result["diff"] if "after" in item)
    assert "define(`SMART_HOST', ``relay:email-smtp.us-east-1.amazonaws.com'')dnl" in texts
    assert 'MSP_MODE="Daemon"' in texts
    assert "authinfo:a.test" in texts


def test_without_sendmail_nothing_can_be_done(run):
    assert run(check_mode=False, **WANTED)["msg"].startswith("Sendmail is not installed")


def test_a_fault_fails_with_a_sentence(run):
    assert run(defines={"A B": "x"})["msg"].startswith("defines: 'A B'")


def test_what_it_returns_is_documented(run):
    assert set(run(**WANTED)) - {"changed", "diff", "invocation", "msg"} == set(yaml.safe_load(sendmail_config.RETURN))
