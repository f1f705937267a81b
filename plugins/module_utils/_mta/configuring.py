# SPDX-License-Identifier: GPL-3.0-or-later
"""What postfix_config and sendmail_config do alike: take a request, tell faults in sentences, say what is due."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._host.chroot import in_chroot
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit, UnitError
from ansible_collections.mailops.ses.plugins.module_utils._host.unit_files import UnitFile, in_place

# What is due after a first run.
BARE = {"changed": True, "action": "restart", "reload_due": False, "restart_due": True}


def carry_out(
    module: Any,  # an AnsibleModule
    fault: Callable[[Mapping[str, Any]], str | None],
    request: Callable[[Mapping[str, Any]], Any],
    configure: Callable[[Any, bool, str], dict[str, Any]],
    failure: type[Exception],
) -> None:
    """Run the module: FAULT judges its parameters, REQUEST reads them, and CONFIGURE gets the request, whether it is
    check mode, and a private directory. A FAILURE ends the module with its sentence."""
    bad = fault(module.params)
    if bad:
        module.fail_json(msg=bad)
    try:
        with scratch(module) as directory:
            result = configure(request(module.params), module.check_mode, directory)
    except failure as error:
        module.fail_json(msg=readable(str(error)))
    finish(module, result)


def finish(module: Any, result: dict[str, Any]) -> None:
    """End the module with a result of `configure`."""
    for text in result.pop("warnings", []):
        module.warn(readable(text))
    if not module._diff:
        del result["diff"]
    module.exit_json(**readable(result))


def scratch(module: Any) -> tempfile.TemporaryDirectory[str]:
    """A directory that is private to a run."""
    return tempfile.TemporaryDirectory(dir=_own(module.tmpdir))


def offline() -> bool:
    """Whether nothing is started here, as ansible.builtin.systemd_service takes it: SYSTEMD_OFFLINE=1, or a chroot."""
    return os.environ.get("SYSTEMD_OFFLINE") == "1" or in_chroot()


def unit_of(module: Any, option: str, reload_command: tuple[str, ...] = ()) -> Unit | None:
    """The unit that an option names, None where it names none."""
    name = module.params[option]
    return unit_named(module, name, offline(), reload_command) if name else None


def unit_named(module: Any, name: str, is_offline: bool, reload_command: tuple[str, ...] = ()) -> Unit:
    """A unit of systemd by its name."""
    return Unit(name, lambda argv: module.run_command(list(argv)), is_offline, reload_command)


def _own(directory: str) -> str | None:
    """Ansible's directory for this task. It is another user's where one logs in and becomes root without pipelining:
    Sendmail's tools refuse a path that is not root's, so the system's directory for such files is taken then."""
    return directory if os.stat(directory).st_uid == os.geteuid() else None


def readable(value: Any) -> Any:
    """A result as the controller takes it: question marks stand for bytes of a host's file that are no UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {key: readable(item) for key, item in value.items()}
    return [readable(item) for item in value] if isinstance(value, (list, tuple)) else value


@contextmanager
def nothing_changes(failure: type[Exception]) -> Iterator[None]:
    """Turn an OSError into a failure that says that the host keeps what it had."""
    try:
        yield
    except OSError as error:
        remedy = " (run the task as root: become: true)" if isinstance(error, PermissionError) else ""
        raise failure(f"the host keeps what it had: {error.strerror}: {error.filename}{remedy}") from error


def files_due(files: Sequence[UnitFile], unit: Unit) -> bool:
    """Whether files of the unit change, or systemd has not read those that an earlier run wrote."""
    return any(file.changed for file in files) or unit.outdated()


@contextmanager
def kept(units: Sequence[Unit], files: Sequence[UnitFile], due_files: bool, failure: type[Exception]) -> Iterator[None]:
    """Bring the units' files to what they have to be, if that is due, and let the change inside be carried out; where
    either fails, files and units are as they were. The first of the units runs the MTA, others stand for it."""
    with ExitStack() as stack:
        for number, unit in enumerate(units):
            stack.enter_context(unit.kept(loads=number == 0))
        if units and due_files:
            try:
                stack.enter_context(in_place(files, units[0]))
            except UnitError as error:
                raise failure(f"the host keeps what it had: {error}") from error
        yield


def due(restart: bool, reload: bool) -> dict[str, Any]:
    """What is due on the daemon, as the modules return it."""
    action = "restart" if restart else "reload" if reload else "none"
    return {"action": action, "reload_due": action == "reload", "restart_due": restart}
