# SPDX-License-Identifier: GPL-3.0-or-later
"""How the module mailops.ses.rollout_host ends where a step raises."""

from __future__ import annotations

import json

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._metrics.proofs import MetricsError
from ansible_collections.mailops.ses.plugins.module_utils._role.bring import BringError
from ansible_collections.mailops.ses.plugins.modules import rollout_host
from module_arguments import patch_module_args


@pytest.mark.parametrize(("fault", "touched"), [(MetricsError("No room."), True), (BringError("No room."), False)])
def test_a_host_without_its_metrics_was_changed_all_the_same(monkeypatch, capsys, fault, touched):
    def raises(*_given):
        raise fault

    monkeypatch.setattr(rollout_host, "names", lambda _read: ["Debian 12"])
    monkeypatch.setattr(rollout_host, "change", raises)
    with patch_module_args({"mta": "postfix"}), pytest.raises(SystemExit):
        rollout_host.main()
    found = json.loads(capsys.readouterr().out)
    assert (found["failed"], found["msg"], found.get("touched", False)) == (True, "No room.", touched)
