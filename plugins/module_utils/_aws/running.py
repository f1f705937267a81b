# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module that speaks with AWS runs: with boto3, with credentials, and with one form of failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.mailops.ses.plugins.module_utils._aws import session
from ansible_collections.mailops.ses.plugins.module_utils._aws.faults import CallError


def run(
    module: AnsibleModule,
    work: Callable[[session.Aws], dict[str, Any]],
    judge: Callable[[Mapping[str, Any]], None],
) -> None:
    """End the module with what WORK returns, or with what JUDGE says of the options, or the fault that ended it."""
    if session.IMPORT_ERROR:
        wanted = ".".join(map(str, session.MINIMUM))
        module.fail_json(msg=missing_required_lib(f"boto3 (>= {wanted})"), exception=session.IMPORT_ERROR)
    try:
        judge(module.params)
        aws = session.Aws(module.params)
        aws.own_key_id()
        result = work(aws)
    except (ValueError, session.UnusableError) as reason:
        module.fail_json(msg=str(reason))
    except CallError as fault:
        module.fail_json(msg=fault.sentence(), code=fault.code, operation=fault.operation)
    module.exit_json(**result)
