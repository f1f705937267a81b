# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of mailops.ses.rollout_host: secrets are judged here, and so is the second look at a queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.ses.plugins.action.relay_config import ENTRIES, SECRETS, judged
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import is_access_key_id
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import queue_fault

OURS = ("change", "reason", "fault")  # options that no host is sent


class ActionModule(ActionBase):
    """Runs the module of the same name."""

    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The module's result, and what follows from it."""
        super().run(tmp, task_vars)
        given = dict(self._task.args)
        ours = {name: given.pop(name, None) for name in OURS}
        step = given.get("step", "change")
        if step == "look" and (ours["change"] or {}).get("unreachable"):
            return {"changed": False, "msg": "It could not be reached."}
        if ours["fault"] is not None:
            return {
                "changed": False,
                "failed": True,
                "state": "broken",
                **_told(ours["fault"]),
                "reason": ours["reason"],
            }
        if step != "change":
            given = {name: value for name, value in given.items() if name not in (*SECRETS, *ENTRIES)}
        try:
            sent = judged(given)
        except AnsibleActionFail as fault:
            if self._task.check_mode:
                return {"changed": False, "refused": True, "msg": str(fault)}
            raise
        result: dict[str, Any] = self._execute_module(
            module_name="mailops.ses.rollout_host", module_args=sent, task_vars=task_vars
        )
        if step == "change":
            result["users"] = users(given)
        if self._task.check_mode and result.get("failed"):
            return {**result, "failed": False, "refused": True}
        if step == "look" and not result.get("failed"):
            worse = _worse(ours["change"] or {}, result)
            if (ours["change"] or {}).get("kept") and not worse:
                self._execute_module(
                    module_name="mailops.ses.rollout_host", module_args={**sent, "step": "forget"}, task_vars=task_vars
                )
            return {**result, **worse}
        return {**result, "reason": ours["reason"]} if step in ("back", "restore") else result


def users(given: Mapping[str, Any]) -> list[str]:
    """The SMTP user names that a host logs in with, by each way and for each sender. GIVEN are the task's options."""
    entries = [entry for name in ENTRIES for entry in given.get(name) or [] if isinstance(entry, Mapping)]
    named = [
        (given.get("variables") or {}).get("ses_smtp_username"),
        *(entry.get("smtp_username") for entry in entries),
    ]
    # Somebody may have a secret in the place of a name, which is never shown.
    return sorted({str(name) for name in named if is_access_key_id(name)})


def _told(fault: Mapping[str, Any]) -> dict[str, str]:
    """What a task that failed said, or of a loop the first one that did."""
    failed = [item for item in fault.get("results") or [] if item.get("failed")]
    said = (failed or [fault])[0]
    words = " ".join(filter(None, (str(said.get(name) or "").strip() for name in ("msg", "stderr"))))
    return {"msg": f"The MTA that was replaced is not back: {words or 'a task failed without a word'}"}


def _worse(change: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """The failure of a queue that is worse than it was before the change; empty where it is not."""
    fault = queue_fault(change.get("queue") or {}, result.get("queue") or {})
    return {"failed": True, "msg": fault[0], "causes": fault[1]} if fault else {}
