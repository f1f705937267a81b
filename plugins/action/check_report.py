# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's side of mailops.ses.check_report, documented in plugins/modules/check_report.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.ses.plugins.plugin_utils._report import (
    as_html,
    as_json,
    as_junit,
    terminal,
)
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet

try:
    from ansible.module_utils.secrets import mask_secrets
except ImportError:  # before ansible-core 2.22, which hides every word of a vaulted file

    def mask_secrets(value: str, /, *, mask_placeholder: str = "") -> str:
        """The text as it is."""
        return value


LARGE = ("checks", "hosts", "queues", "probes")  # options that hold a fleet's results, a host each
FILES = {"report.json": as_json.render, "junit.xml": as_junit.render, "report.html": as_html.render}


class ActionModule(ActionBase):
    """Writes the reports where ansible-playbook runs; no host is connected to."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self._options()
        found = fleet(results_of(options), datetime.now(timezone.utc), options["accounts"])
        directory = os.path.abspath(os.path.expanduser(options["directory"]))
        texts = {os.path.join(directory, name): render(found) for name, render in FILES.items()}
        try:
            write(directory, texts)
        except OSError as error:
            raise AnsibleActionFail(
                f"directory (ses_report_dir): {error.filename or directory}: {error.strerror}. "
                "Name a directory on the controller that this user may write to."
            ) from error
        result.update(
            changed=False,
            directory=directory,
            files=list(texts),
            summary=found["summary"],
            message=terminal.verdict(found),
            lines=terminal.legible(terminal.summary(found, directory), mask_secrets, directory),
        )
        return result

    def _options(self) -> dict[str, Any]:
        """The options. What holds a fleet's results is taken out of the task, which Ansible copies several times."""
        argument_spec = {
            "hosts": {"type": "dict"},
            "checks": {"type": "dict"},
            "queues": {"type": "dict", "default": {}},
            "probes": {"type": "dict", "default": {}},
            "accounts": {"type": "list", "elements": "dict", "default": []},
            "variables": {"type": "dict", "default": {}},  # of 0.1.0, without effect
            "directory": {"type": "str", "default": "ses-report"},
        }
        given = self._task.args
        large = {name: given[name] for name in LARGE if isinstance(given.get(name), Mapping)}
        self._task.args = {**given, **dict.fromkeys(large, {})}
        _result, options = self.validate_argument_spec(
            argument_spec=argument_spec, required_one_of=[("hosts", "checks")]
        )
        for name, results in large.items():
            odd = next((host for host, result in results.items() if not isinstance(result, Mapping)), None)
            if odd is not None:
                raise AnsibleActionFail(f"{name}: what {odd} has is no dictionary, so no module registered it")
        return {**options, **large}


def results_of(options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the hosts registered, by part."""
    checks, hosts, queues, probes = (options[name] or {} for name in LARGE)
    return {
        **{str(host): {"check": checks[host], "queue": queues.get(host), "probe": probes.get(host)} for host in checks},
        **{str(host): parts_of(result, queues.get(host)) for host, result in hosts.items()},
    }


def parts_of(result: Mapping[str, Any], queue: Mapping[str, Any] | None) -> dict[str, Any]:
    """The parts of what host_check registered. Where it did not run, what was registered tells why, and QUEUE may have
    what another module found."""
    if "check" in result:
        return {name: result.get(name) for name in ("check", "queue", "probe", "fallback")}
    return {"check": result, "queue": queue or result}


def write(directory: str, texts: Mapping[str, str]) -> None:
    """Each file whole or not at all, with the mode that the user's umask gives."""
    os.makedirs(directory, exist_ok=True)
    for path, text in texts.items():
        staged = f"{path}.{os.getpid()}"
        try:
            with open(staged, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(staged, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(staged)
