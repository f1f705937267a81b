# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a host's egress allowlist to the wanted state: write, prove by a refresh, enforce; or undo it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple

from ansible_collections.mailops.ses.plugins.module_utils._host.machine import MISSING, Host
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import names, system_of
from ansible_collections.mailops.ses.plugins.module_utils._network.egress import refresher
from ansible_collections.mailops.ses.plugins.module_utils._network.egress.request import EgressError, Request
from ansible_collections.mailops.ses.plugins.module_utils._network.egress.units import (
    AGAIN,
    PROGRAM,
    PYTHON,
    REFRESH,
    SERVICE,
    TIMER,
    UNIT_DIRECTORY,
    UNITS,
)

STATE_DIRECTORY = os.path.dirname(refresher.STATE)
FILES = (PROGRAM, refresher.CONFIG, *(f"{UNIT_DIRECTORY}/{name}" for name in UNITS))
TABLE = f"table inet {refresher.TABLE}"
IN_FORCE = {SERVICE: "active enabled", AGAIN: "enabled", TIMER: "active", TABLE: "there"}
GONE = {SERVICE: "", AGAIN: "", TIMER: "", TABLE: ""}
# Asked of a unit -> of its properties, those that tell whether it is in force.
_TOLD = {SERVICE: ("ActiveState", "UnitFileState"), AGAIN: ("UnitFileState",), TIMER: ("ActiveState",)}
IDLE = {"", "inactive", "disabled"}
# What is asked of the host before anything on it changes, and what to say where it is not so.
_NEEDS = (
    (
        ["systemctl", "show", "--property=Version"],
        "systemd does not run on this host, and its timer keeps the list fresh",
    ),
    (
        [PYTHON, "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 9))"],
        f"{PYTHON} is missing or older than 3.9, and the refresh runs by it: install the distribution's python3",
    ),
    (["nft", "--version"], "nft is not installed: install the package nftables"),
)


class OnHost(Host):
    """What a host has of the allowlist: files, units, table and state."""

    def text(self, path: str) -> str | None:
        """A file's text, empty where it is no text; None where nothing is there."""
        return refresher.read(self.path(path)) if os.path.lexists(self.path(path)) else None

    def sound(self, path: str) -> bool:
        """Whether the file is a regular one of root's with the mode that it gets here, so that nobody else can change
        what root runs or obeys."""
        try:
            status = os.lstat(self.path(path))
        except FileNotFoundError:
            return False
        return (
            stat.S_ISREG(status.st_mode)
            and status.st_uid == os.geteuid()
            and stat.S_IMODE(status.st_mode) == refresher.MODE
        )

    def put(self, texts: Mapping[str, str | None]) -> None:
        """Write each file, and remove those whose text is None; OSError where that fails."""
        for path, text in texts.items():
            if text is not None:
                refresher.write(self.path(path), text)
            elif os.path.lexists(self.path(path)):
                os.unlink(self.path(path))

    def remove_state(self) -> None:
        """Forget the addresses, and remove their directory."""
        if os.path.isdir(self.path(STATE_DIRECTORY)):
            shutil.rmtree(self.path(STATE_DIRECTORY))

    def state(self) -> str | None:
        """The state file's text; None where there is none."""
        return self.text(refresher.STATE) if os.path.isdir(self.path(STATE_DIRECTORY)) else None

    def put_state(self, text: str | None) -> None:
        """Write the state file as it was before, once no refresh is at work; without a text, remove it."""
        if text is None:
            self.remove_state()
            return
        path = self.path(refresher.STATE)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with refresher.locked(path):
            refresher.write(path, text)

    def do(self, *command: str) -> None:
        """Run a command; EgressError with its words, and the refresher's from the journal, where it fails."""
        code, _output, errors = self.answer([*command])
        if code:
            raise EgressError(f"{' '.join(command)} failed: {errors.strip()}{self._journal(command[-1])}")

    def _journal(self, unit: str) -> str:
        code, output, _errors = self.answer(["journalctl", "--quiet", "--no-pager", "-o", "cat", "-n", "8", "-u", unit])
        said = [line for line in output.splitlines() if line.startswith("ses-egress:")]
        return f" ({said[-1]})" if said and not code else ""

    def has_table(self) -> bool:
        """Whether the kernel has the table; EgressError where nft cannot tell."""
        code, output, errors = self.answer(["nft", "list", "tables"])
        if code:
            fault = "is missing" if code == MISSING else f"does not list the tables ({errors.strip()})"
            remedy = "install nftables again" if code == MISSING else "correct that"
            raise EgressError(f"nft {fault}, so the table cannot be removed; {remedy}, then repeat")
        return TABLE in output.splitlines()

    def status(self) -> dict[str, str]:
        """What runs and starts at boot, and whether the table is there; IN_FORCE and GONE are two such answers."""
        output = self.answer(["systemctl", "show", "--property=Id,ActiveState,UnitFileState", *_TOLD])[1]
        found = {}
        for block in output.strip().split("\n\n"):
            values = dict(line.partition("=")[::2] for line in block.splitlines())
            told = [values.get(name, "") for name in _TOLD.get(values.get("Id", ""), ())]
            found[values.get("Id")] = " ".join(value for value in told if value not in IDLE)
        said = {unit: found.get(unit, "") for unit in _TOLD}
        there = self.ok("nft", "list", "chain", "inet", refresher.TABLE, refresher.CHAIN)
        return {**said, TABLE: "there" if there else ""}


class Before(NamedTuple):
    """What was on the host."""

    files: Mapping[str, str | None]
    status: Mapping[str, str]
    state: str | None


def present(
    request: Request,
    host: OnHost,
    check_mode: bool,
    look_up: Callable[[str], refresher.Answers] = refresher.look_up,
) -> dict[str, Any]:
    """Enforce the allowlist, unless it is in force as it is wanted. EgressError where the host lacks something, the
    endpoint has no address, or a step fails: the host is as it was then, or the error names what is not."""
    before = {path: host.text(path) for path in FILES}
    after = request.files()
    status = host.status()
    state = host.state()
    endpoint = request.config.endpoint
    remembered = refresher.known(state or "", endpoint).unseen
    due = {path: text for path, text in after.items() if before[path] != text or not host.sound(path)}
    changed = bool(due) or status != IN_FORCE or not remembered
    addresses = set(remembered)
    if changed:
        # Check mode may come before the package is installed.
        for command, fault in _NEEDS[: -1 if check_mode else None]:
            if not host.ok(*command):
                raise EgressError(fault)
        answers = look_up(endpoint)
        addresses |= answers.addresses
        if not addresses:
            raise EgressError(
                f"{request.named_by} gives {endpoint}, which has no address on this host ({answers.fault}), and an "
                f"empty list would refuse all mail. No rule was changed: correct {request.named_by}, or repair the "
                "host's DNS"
            )
        if not check_mode:
            _enforce(host, due, Before(before, status, state))
            addresses = set(refresher.known(host.state() or "", endpoint).unseen)
    opened = _opened(endpoint, addresses)
    installed = bool(status[TABLE]) or host.ok("nft", "--version")
    return {
        "changed": changed,
        "endpoint": endpoint,
        "addresses": sorted(addresses),
        "nft_installed": installed,
        "package_manager": None if installed else _package_manager(host),
        "diff": _diff({path: before[path] for path in due}, due, (status, IN_FORCE), (_remembered(state), opened)),
    }


def _package_manager(host: OnHost) -> str:
    """The package manager that can install nft; EgressError on a system that the role does not know."""
    try:
        return system_of("network", names(lambda path: host.text(path) or "")).family.package_manager
    except LookupError as error:
        raise EgressError(str(error)) from error


def _enforce(host: OnHost, due: Mapping[str, str], before: Before) -> None:
    """Write the files and start the units. The first refresh, by its own unit, proves that the timer's will work."""
    try:
        host.put(due)
        host.do("systemctl", "daemon-reload")
        host.do("systemctl", "restart", REFRESH)  # not start: one that runs already has read the former files
        host.do("systemctl", "reenable", AGAIN, SERVICE)  # enable keeps links that a former version asked for
        host.do("systemctl", "reload-or-restart", SERVICE)
        host.do("systemctl", "restart", TIMER)
    except (EgressError, OSError) as error:
        raise EgressError(f"{_put_back(host, before)}: {error}") from error


def _put_back(host: OnHost, before: Before) -> str:
    """What the host has then, in words."""
    try:
        _roll_back(host, before)
    except (EgressError, OSError) as error:
        return f"what the host had could not be put back ({error})"
    others = [name for name, value in host.status().items() if value != before.status[name]]
    return "the host keeps what it had" + (f", except {', '.join(others)}" if others else "")


def _roll_back(host: OnHost, before: Before) -> None:
    if not any(before.files.values()):
        _undo(host)
        return
    host.put(before.files)
    host.put_state(before.state)  # a former endpoint's addresses, which DNS need not name all at once
    host.ok("systemctl", "daemon-reload")
    words = {unit: before.status[unit].split() for unit in _TOLD}
    for unit in (AGAIN, SERVICE):
        host.ok("systemctl", "reenable" if "enabled" in words[unit] else "disable", unit)
    for unit, verb in ((SERVICE, "start"), (TIMER, "restart")):  # the service takes the timer along, both ways
        host.ok("systemctl", verb if "active" in words[unit] else "stop", unit)
    if before.status[TABLE]:
        host.ok("systemctl", "restart", REFRESH)
    else:
        host.ok("nft", "delete", "table", "inet", refresher.TABLE)


def absent(host: OnHost, check_mode: bool) -> dict[str, Any]:
    """Remove the table, the units, the program and the addresses. EgressError where the table or a unit stays."""
    before = {path: text for path in FILES for text in [host.text(path)] if text is not None}
    status = host.status()
    state = host.state()
    changed = bool(before) or status != GONE or state is not None
    if changed:
        host.has_table()  # or nft cannot tell, and what keeps the list fresh has to stay
    if changed and not check_mode:
        _unload(host, status)
        _undo(host)
        left = [name for name, value in host.status().items() if value]
        if left:
            raise EgressError(f"{', '.join(left)} did not go: look into the host's journal, then repeat")
    diff = _diff(before, dict.fromkeys(before), (status, GONE), (_remembered(state), ""))
    return {"changed": changed, "addresses": [], "diff": diff}


def _unload(host: OnHost, status: Mapping[str, str]) -> None:
    """Remove the table first: if it stays, the timer has to stay too, because its addresses expire."""
    host.ok("systemctl", "stop", TIMER, REFRESH)
    try:
        if host.has_table():
            host.do("nft", "delete", "table", "inet", refresher.TABLE)
    except EgressError:
        if status[TIMER]:
            host.ok("systemctl", "start", TIMER)
        raise


def _undo(host: OnHost) -> None:
    """Take every step, whatever became of the one before; the timer's first, so that nothing comes back."""
    for arguments in (("stop", TIMER, REFRESH), ("disable", "--now", AGAIN, SERVICE)):
        host.ok("systemctl", *arguments)
    host.ok("nft", "delete", "table", "inet", refresher.TABLE)
    host.put(dict.fromkeys(FILES))
    host.remove_state()
    host.ok("systemctl", "daemon-reload")
    host.ok("systemctl", "reset-failed", *UNITS)


def _diff(
    before: Mapping[str, str | None],
    after: Mapping[str, str | None],
    status: tuple[Mapping[str, str], Mapping[str, str]],
    addresses: tuple[str, str],
) -> list[dict[str, str]]:
    texts: Iterable[tuple[str, str, str]] = [
        *((path, _shown(path, before[path]), _shown(path, after[path])) for path in after),
        ("open addresses", *addresses),
        ("egress allowlist", _listed(status[0]), _listed(status[1])),
    ]
    return [
        {"before_header": name, "after_header": name, "before": old, "after": new}
        for name, old, new in texts
        if old != new
    ]


def _shown(path: str, text: str | None) -> str:
    """All that a reader has to judge; the program is this collection's own, and long."""
    if not text or path != PROGRAM:
        return text or ""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"the program of mailops.ses.egress_allowlist, {text.count(chr(10))} lines, sha256 {digest}\n"


def _opened(endpoint: str, addresses: Iterable[str]) -> str:
    return "".join(f"{endpoint} {address}\n" for address in sorted(addresses))


def _remembered(state: str | None) -> str:
    """The addresses of the state file, whosever they are."""
    try:
        endpoint = str(json.loads(state or "")["endpoint"])
    except (ValueError, KeyError, TypeError):
        return ""
    return _opened(endpoint, refresher.known(state or "", endpoint).unseen)


def _listed(status: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value or '-'}\n" for name, value in status.items())
