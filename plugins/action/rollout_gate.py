# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's side of a rollout, documented in plugins/modules/rollout_gate.py."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout import lock, terminal
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.book import LOCK, STATE, STOP, Book
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.gate import (
    Registered,
    begin,
    close,
    compared,
    judge_wave,
    to_ask,
)
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.lock import LockError
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import look_of, same_cause
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.plan import Asked, make_plan, with_what_is_left
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.retire import sentence, unproven, users_by
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.settings import Settings, SettingsError, settings_of
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Rollout, StateError, earlier_of

ARGUMENTS = {
    "step": {
        "type": "str",
        "choices": ["open", "plan", "unlock", "begin", "soak", "ask", "compare", "judge", "retire"],
        "required": True,
    },
    "directory": {"type": "str", "default": "ses-report"},
    "settings": {"type": "dict", "default": {}},
    "playbook": {"type": "str", "default": "mailops.ses.rollout"},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "canaries": {"type": "list", "elements": "str", "default": []},
    "fleet": {"type": "list", "elements": "str", "default": []},
    "retire": {"type": "list", "elements": "str", "default": []},
    "account_key": {"type": "dict", "default": {}},
    "connections": {"type": "int", "default": 10},
    "plans": {"type": "dict", "default": {}},
    "changes": {"type": "dict", "default": {}},
    "looks": {"type": "dict", "default": {}},
    "backs": {"type": "dict", "default": {}},
    "asked": {"type": "list", "elements": "dict", "default": []},
    "alike": {"type": "str", "default": ""},
}
LARGE = ("plans", "changes", "looks", "backs")  # options that hold a fleet's results


class ActionModule(ActionBase):
    """Looks at what hosts registered, and decides; no host is connected to."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = self._options()
        try:
            book = Book(given["directory"])
            if given["step"] == "retire":
                found = self._retire(given, book)
            elif given["step"] == "unlock":
                lock.release(book.path(LOCK), _ours())
                found = {}
            else:
                found = getattr(self, f"_{given['step']}")(given, book, settings_of(given["settings"]))
        except (SettingsError, StateError, LockError) as fault:
            raise AnsibleActionFail(str(fault)) from fault
        except OSError as error:
            raise AnsibleActionFail(
                f"ses_report_dir: {error.filename or given['directory']}: {error.strerror}. "
                "Name a directory on the controller that this user may write to."
            ) from error
        result.update(changed=False, **found)
        return result

    def _options(self) -> dict[str, Any]:
        """The options. What holds a fleet's results is taken out of the task, which Ansible copies several times."""
        given = self._task.args
        large = {name: given[name] for name in LARGE if isinstance(given.get(name), Mapping)}
        self._task.args = {**given, **dict.fromkeys(large, {})}
        _result, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        return {**options, **large}

    def _open(self, given: Mapping[str, Any], book: Book, settings: Settings) -> dict[str, Any]:
        """Judge what can be judged before a host is looked at, and take the lock."""
        if settings.canaries and not set(given["canaries"]) & set(given["hosts"]):
            raise SettingsError(
                f"ses_canaries {settings.canaries!r} matches no host of this run: name hosts or groups of it, or "
                "leave ses_canaries out for one host of each MTA and system."
            )
        if not settings.restart:
            book.read()
        if not self._planned_alone(settings):
            lock.take(book.path(LOCK), _ours(), time.time())
        return {}

    def _plan(self, given: Mapping[str, Any], book: Book, settings: Settings) -> dict[str, Any]:
        """Make waves of what the hosts need."""
        looks = {host: look_of(given["plans"].get(host)) for host in given["hosts"]}
        marks = {host: look.fingerprint for host, look in looks.items()}
        try:
            earlier = earlier_of(None if settings.restart else book.read(), marks, book.path(STATE))
        except StateError:
            lock.release(book.path(LOCK), _ours())
            raise
        looks = with_what_is_left(looks, earlier)
        left_out = len(set(given["fleet"]) - set(given["hosts"]))
        asked = Asked(given["playbook"], time.time(), given["canaries"] if settings.canaries else None, left_out)
        rollout = make_plan(looks, settings, asked, earlier)
        lines = terminal.plan_lines(rollout, looks, given["connections"])
        turn = {"hosts": [], "serial": [], "installs": False}
        if self._planned_alone(settings):
            return {"turn": turn, "message": rollout.message, "lines": [*lines, "Nothing was changed: this is a plan."]}
        if rollout.planned and not rollout.message:
            self._stop(rollout, book, settings)
        if rollout.message or not rollout.planned:
            return {"turn": turn, **self._closed(given, book, rollout, lines)}
        book.write(rollout)
        turn = {
            "hosts": sum(rollout.planned, []),
            "serial": [len(hosts) for hosts in rollout.planned],
            "installs": any(look.kind == "install" for look in looks.values()),
        }
        return {"turn": turn, "message": "", "lines": lines}

    def _stop(self, rollout: Rollout, book: Book, settings: Settings) -> bool:
        """Whether somebody stops the rollout, which then says so."""
        if not settings.stop and not book.stops():
            return False
        why = "ses_stop is set" if settings.stop else f"{book.path(STOP)} is there"
        rollout.status = "stopped"
        rollout.message = f"Stopped before a wave, since {why}. Take it away and run again, and it goes on."
        return True

    def _begin(self, given: Mapping[str, Any], book: Book, settings: Settings) -> dict[str, Any]:
        """Begin the wave of these hosts, unless somebody stops the rollout."""
        rollout = _known(book)
        lock.take(book.path(LOCK), _ours(), time.time())
        if self._stop(rollout, book, settings):
            return {"hosts": [], **self._closed(given, book, rollout, [])}
        wave = begin(rollout, given["hosts"], time.time())
        book.write(rollout)
        return {"hosts": wave.hosts, "message": "", "lines": [terminal.begin_line(rollout, wave, settings.soak)]}

    def _soak(self, _given: Mapping[str, Any], _book: Book, settings: Settings) -> dict[str, Any]:
        """Let mail flow before the second look."""
        time.sleep(settings.soak)
        return {}

    def _ask(self, given: Mapping[str, Any], book: Book, _settings: Settings) -> dict[str, Any]:
        """Choose hosts that can tell whether SES itself is down."""
        return {"hosts": to_ask(_known(book), given["hosts"])}

    def _compare(self, given: Mapping[str, Any], _book: Book, _settings: Settings) -> dict[str, Any]:
        """Say why the others cannot send either, if so."""
        return {"alike": same_cause(compared(_registered(given)), given["asked"])}

    def _judge(self, given: Mapping[str, Any], book: Book, settings: Settings) -> dict[str, Any]:
        """End the wave, and let the next one begin, or not."""
        rollout = _known(book)
        wave = judge_wave(rollout, _registered(given), settings, given["alike"], time.time())
        lines = terminal.wave_lines(rollout, wave)
        if wave.verdict == "passed" and wave.number < rollout.passed + len(rollout.planned):
            lock.take(book.path(LOCK), _ours(), time.time())
            book.write(rollout)
            return {"message": "", "lines": lines}
        return self._closed(given, book, rollout, lines)

    def _retire(self, given: Mapping[str, Any], book: Book) -> dict[str, Any]:
        """Whether the old credential is free to retire, by what the rollout has seen."""
        users = users_by(given["account_key"])
        if self._task.check_mode or not given["retire"] or not users.former:
            return {"free": False}
        rollout = _known(book)
        seen = set(given["retire"]) <= set(rollout.run)  # what was proven by an earlier run may have gone back since
        return {"free": seen and not unproven(given["retire"], rollout, users, time.time())}

    def _closed(self, given: Mapping[str, Any], book: Book, rollout: Rollout, lines: list[str]) -> dict[str, Any]:
        """The end of a run, whatever it was."""
        close(rollout)
        book.write(rollout)
        lock.release(book.path(LOCK), _ours())
        more = (
            [sentence(given["retire"], rollout, users_by(given["account_key"]), time.time())] if given["retire"] else []
        )
        end = terminal.end_lines(rollout, book.directory, more)
        return {"message": terminal.verdict(rollout), "lines": [*lines, *end]}

    def _planned_alone(self, settings: Settings) -> bool:
        return settings.plan_only or bool(self._task.check_mode)


def _known(book: Book) -> Rollout:
    rollout = book.read()
    if rollout is None:
        raise StateError(f"{book.directory} has no rollout any more: run it again, and it goes on.")
    return rollout


def _registered(given: Mapping[str, Any]) -> Registered:
    return Registered(given["changes"], given["looks"], given["backs"], set(given["hosts"]))


def _ours() -> lock.Holder:
    """The run of ansible-playbook that this worker belongs to."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no name for it, as in a container that runs under any uid; Python 3.13 has OSError
        user = f"uid {os.getuid()}"
    return lock.holder(os.getppid(), user)
