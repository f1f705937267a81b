# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of mailops.ses.relay_config: MTA and secrets are judged here, and no faulty secret is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.ses.plugins.module_utils._relay.fallback import FURTHER, apart, form_fault
from ansible_collections.mailops.ses.plugins.module_utils._relay.identities import IDENTITIES
from ansible_collections.mailops.ses.plugins.module_utils._relay.variables import credential_faults

# Option -> the variable that errors name. In a module's result Ansible hides each word that is the same as a secret.
MTAS = ("postfix", "sendmail")
# Lists whose entries have secrets of their own, and their form.
ENTRIES = {"fallback": FURTHER, "identities": IDENTITIES}
SECRETS = {"smtp_password": "ses_smtp_password", "secret_access_key": "ses_secret_access_key"}


class ActionModule(ActionBase):
    """Runs the module of the same name."""

    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The module's result."""
        super().run(tmp, task_vars)
        result: dict[str, Any] = self._execute_module(
            module_name="mailops.ses.relay_config", module_args=judged(self._task.args), task_vars=task_vars
        )
        return result


def judged(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that go to a host: without secrets of a wrong form, and with what is wrong of them. AnsibleActionFail
    where the MTA is none, or the further ways or the identities have no form."""
    if given.get("mta") not in MTAS:
        raise AnsibleActionFail(
            f"ses_mta {json.dumps(given.get('mta'))} is no MTA that can relay here; use {' or '.join(MTAS)}."
        )
    try:
        boolean(True if given.get("verify") is None else given["verify"])
    except TypeError:
        raise AnsibleActionFail(f"ses_verify {json.dumps(given['verify'])} is neither true nor false.") from None
    faults = credential_faults({variable: given.get(option) for option, variable in SECRETS.items()})
    faulty = {option for option, variable in SECRETS.items() if faults.get(variable)}
    arguments = {name: value for name, value in given.items() if name not in {*faulty, *ENTRIES}}
    fault = next(filter(None, (form_fault(given.get(name), form) for name, form in ENTRIES.items())), None)
    if fault:
        raise AnsibleActionFail(fault)
    ways, secrets, of_ways = apart(given.get("fallback"))
    senders, own, of_senders = apart(given.get("identities"), IDENTITIES)
    fallback = {"fallback": ways, "fallback_secrets": secrets} if ways else {}
    identities = {"identities": senders, "identity_secrets": own} if senders else {}
    return {**arguments, **fallback, **identities, "credential_faults": {**faults, **of_ways, **of_senders}}
