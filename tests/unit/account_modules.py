# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that speak with AWS, as a task would run them, against an account in the test's own process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._aws import session
from aws import Account
from module_arguments import patch_module_args, printed

Run = Callable[..., dict[str, Any]]
REGION = "us-east-1"
_CLIENTS: dict[tuple[Any, ...], Any] = {}


def runner(
    module: ModuleType, account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run MODULE with these options; none of the account's secrets may be in what it says. Runs share their clients,
    which take most of a run's time."""
    client = session.Aws.client

    def shared(self: session.Aws, service: str, region: str | None = None) -> Any:
        key = (
            os.environ.get("AWS_ACCESS_KEY_ID"),
            self._endpoint_url or account.endpoint,
            service,
            region or self.region,
        )
        if key not in _CLIENTS:
            _CLIENTS[key] = client(self, service, region)
        return _CLIENTS[key]

    monkeypatch.setattr(session.Aws, "client", shared)
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)

    def run(**arguments: Any) -> dict[str, Any]:
        capsys.readouterr()
        with patch_module_args({"region": REGION, **arguments}), pytest.raises(SystemExit):
            module.main()
        out, err = printed(capsys)
        for secret in account.secrets():
            assert secret not in out + err
        result: dict[str, Any] = json.loads(out)
        return result

    return run
