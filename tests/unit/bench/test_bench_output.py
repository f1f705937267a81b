# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-playbook's output tells, in its own words."""

from __future__ import annotations

import pytest
from bench.output import changes, executions, recap

VERBOSE = """\
TASK [mailops.ses.postfix : Gather the facts that are missing] ***
<web1> Using module file /x/ansible/modules/setup.py
Using module file /x/ansible/modules/setup.py
Using module file /x/mailops/ses/plugins/modules/smtp_check.py
<web1> Using module file /x/ansible/modules/systemd_service.py
Pipelining is enabled.
ok: [web1] => the text "Using module file /x/other.py" inside a line
"""
RECAP = """\
PLAY RECAP *********************************************************************
web1                       : ok=9    changed={}    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0
web2                       : ok=9    changed=0    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0
"""


def test_modules_are_counted_fact_gathering_among_them() -> None:
    assert executions(VERBOSE) == ["setup.py", "setup.py", "smtp_check.py", "systemd_service.py"]


@pytest.mark.parametrize("count", [0, 1, 12])
def test_the_recap_tells_the_changes(count: int) -> None:
    assert changes(RECAP.format(count)) == count


def test_output_without_a_recap_is_no_success() -> None:
    with pytest.raises(ValueError, match="recap"):
        changes("ERROR! no inventory")


def test_the_recap_is_summed_over_the_hosts() -> None:
    counted = recap(RECAP.format(2) + "web3 : ok=1 changed=0 unreachable=1 failed=1 skipped=0 rescued=0 ignored=0\n")
    assert (counted["ok"], counted["changed"], counted["unreachable"], counted["failed"]) == (19, 2, 1, 1)
