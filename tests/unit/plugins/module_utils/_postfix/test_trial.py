# SPDX-License-Identifier: GPL-3.0-or-later
"""How Postfix's words become an error; that it says them is tested in molecule/config."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._postfix import trial
from ansible_collections.mailops.ses.plugins.module_utils._postfix.plan import Plan
from ansible_collections.mailops.ses.plugins.module_utils._postfix.request import Table
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tables import TablePlan
from ansible_collections.mailops.ses.plugins.module_utils._postfix.tools import Postfix
from ansible_collections.mailops.ses.plugins.module_utils._postfix.trial import _refusal, try_tables


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            ["unused parameter: tls_level=x"],
            "unused parameter: tls_level=x (give parameters that only some versions know as optional_parameters)",
        ),
        (['fatal: Invalid TLS level "x"'], 'fatal: Invalid TLS level "x" (the value of tls_level)'),
        (["fatal: a", "fatal: a", "fatal: b"], "fatal: a; fatal: b"),
    ],
)
def test_refusal_names_the_parameter(said: list[str], told: str) -> None:
    plan = Plan(
        {"main.cf": "tls_level = y\n", "master.cf": ""}, {"main.cf": "tls_level = x\n", "master.cf": ""}, [], []
    )
    assert str(_refusal(said, plan)) == f"Postfix does not accept the configuration: {told}"


def test_refusal_quotes_no_password() -> None:
    main = "smtp_sasl_password_maps = static:u:pa55\n"
    plan = Plan({"main.cf": main, "master.cf": ""}, {"main.cf": main, "master.cf": ""}, [], [])
    assert "pa55" not in str(_refusal(["fatal: bad: smtp_sasl_password_maps = static:u:pa55"], plan))


def test_a_table_that_is_tried_looks_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Postfix would wait for one that is new, for two seconds (findings/postfix-texthash-waits.sh)."""
    tried: list[Any] = []
    monkeypatch.setattr(trial, "check", lambda _table, path, _postfix: tried.append(os.stat(path).st_mtime))
    table = Table("senders", "", None, {"a@b.example": "c"}, secret=False, present=True)
    plan = Plan({}, {}, [], [TablePlan(table, "texthash", "/etc/postfix/senders", None, None, write=True)])
    try_tables(plan, Postfix(str(tmp_path / "candidate")), str(tmp_path))
    assert tried == [0.0]
