# SPDX-License-Identifier: GPL-3.0-or-later
"""How Postfix's words become an error; that it says them is tested in molecule/config."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._postfix.plan import Plan
from ansible_collections.mailops.ses.plugins.module_utils._postfix.trial import _refusal


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
