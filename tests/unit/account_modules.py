# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that speak with AWS, as a task would run them, against an account in the test's own process."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from aws import Account
from module_arguments import patch_module_args

Run = Callable[..., dict[str, Any]]
REGION = "us-east-1"


def runner(
    module: ModuleType, account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run MODULE with these options; none of the account's secrets may be in what it says."""
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)

    def run(**arguments: Any) -> dict[str, Any]:
        with patch_module_args({"region": REGION, **arguments}), pytest.raises(SystemExit):
            module.main()
        out, err = capsys.readouterr()
        for secret in account.secrets():
            assert secret not in out + err
        result: dict[str, Any] = json.loads(out)
        return result

    return run
