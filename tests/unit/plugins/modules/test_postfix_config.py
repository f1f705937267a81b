# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, in check mode on a directory of our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.ses.plugins.doc_fragments.unit import ModuleDocFragment as UnitFragment
from ansible_collections.mailops.ses.plugins.modules import postfix_config
from module_arguments import shown

ROOT = Path(postfix_config.__file__).resolve().parents[2]
SECRET = "AKIAIOSFODNN7EXAMPLE:oneL0ngPassw0rd"


def execute(tmp_path: Path, **params: Any) -> tuple[str, dict[str, Any]]:
    """Run the module as a process of its own; Postfix's tools are out of its sight."""
    meta = {"_ansible_check_mode": True, "_ansible_diff": True, "_ansible_remote_tmp": str(tmp_path)}
    args = {"config_directory": str(tmp_path / "etc"), **params}
    code = (
        "import sys; from ansible_collections.mailops.ses.plugins.module_utils._postfix import tools;"
        "from ansible_collections.mailops.ses.plugins.modules import postfix_config;"
        "from ansible.module_utils import basic;"
        "basic._ANSIBLE_PROFILE = 'legacy'; basic._ANSIBLE_ARGS = sys.stdin.buffer.read();"
        f"tools.SEARCH_PATH = {str(tmp_path)!r}; postfix_config.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {**meta, **args}}),
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert not done.stderr
    return shown(done.stdout), json.loads(done.stdout)


def test_secrets_do_not_show(tmp_path: Path) -> None:
    tables = [{"name": "cred", "parameter": "smtp_sasl_password_maps", "secret_entries": {"host": SECRET}}]
    out, result = execute(tmp_path, tables=tables, parameters={"relayhost": "[host]"})
    assert result["changed"]
    assert "oneL0ng" not in out
    assert result["diff"][0]["after"].startswith("relayhost = [host]\n")
    assert result["diff"][1]["after"] == "host ********\n"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"parameters": {"a": "b\nc = d"}}, "parameters: the value of a has a line break"),
        ({"tables": [{"name": "t", "secret_entries": {"k": f"{SECRET}\nx"}}]}, "secret_entries: the value of 'k'"),
        ({"services": [{"name": "a b", "type": "unix"}]}, "services: 'a b' (unix): name"),
    ],
)
def test_a_faulty_request_is_refused_by_name(tmp_path: Path, params: dict[str, Any], told: str) -> None:
    out, result = execute(tmp_path, **params)
    assert result["failed"]
    assert told in result["msg"]
    assert "oneL0ng" not in out


def documented(options: dict[str, Any]) -> dict[str, Any]:
    """An argument spec, read from the documentation."""
    kept = ("type", "elements", "default", "choices", "required")
    spec = {}
    for name, option in options.items():
        spec[name] = {key: option[key] for key in kept if key in option}
        if "suboptions" in option:
            spec[name]["options"] = documented(option["suboptions"])
    return spec


def test_documentation_matches_the_arguments() -> None:
    texts = (postfix_config.DOCUMENTATION, UnitFragment.DOCUMENTATION)
    arguments = documented({name: option for text in texts for name, option in yaml.safe_load(text)["options"].items()})
    arguments["tables"]["options"]["secret_entries"]["no_log"] = True
    assert arguments == postfix_config.ARGUMENTS


def test_examples_and_returns_are_yaml() -> None:
    assert yaml.safe_load(postfix_config.EXAMPLES)
    assert yaml.safe_load(postfix_config.RETURN)
