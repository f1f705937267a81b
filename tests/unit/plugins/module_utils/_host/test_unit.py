# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit of an MTA: what is due, and how it is as it was where something fails."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit, UnitError


class Systemd:
    """A unit's state, and what was asked of it."""

    def __init__(self, active=True, enabled=True, fails=(), edited=False):
        self.active, self.enabled, self.fails, self.edited, self.done = active, enabled, fails, edited, []

    def __call__(self, argv):
        verb = argv[1]
        if verb == "is-active":
            return 0 if self.active else 3, "", ""
        if verb == "show":
            return 0, "NeedDaemonReload=yes\n" if self.edited else "NeedDaemonReload=no\n", ""
        if verb == "is-enabled":
            return 0, "enabled\n" if self.enabled else "disabled\n", ""
        if argv[0] == "journalctl":
            return 0, "cannot bind\n", ""
        self.done.append(verb if argv[0] == "systemctl" else " ".join(argv))
        if verb in self.fails:
            return 1, "", ""
        self.active = {"start": True, "restart": True, "stop": False}.get(verb, self.active)
        self.enabled = {"enable": True, "disable": False}.get(verb, self.enabled)
        return 0, "", ""


@pytest.mark.parametrize(
    ("active", "enabled", "action", "verbs"),
    [
        (True, True, "none", []),
        (False, True, "none", ["start"]),
        (True, False, "none", ["enable"]),
        (True, True, "reload", ["reload"]),
        (False, False, "reload", ["enable", "restart"]),
        (True, True, "restart", ["restart"]),
    ],
)
def test_what_is_due(active, enabled, action, verbs):
    assert Unit("mta", Systemd(active, enabled)).due(action) == verbs


def test_offline_it_is_enabled_and_nothing_starts():
    unit = Unit("mta", Systemd(False, False), offline=True)
    assert unit.due("restart") == ["enable"]
    unit.carry_out(["enable"])


def test_a_command_stands_in_for_a_reload_that_the_unit_does_not_know():
    systemd = Systemd()
    Unit("mta", systemd, reload_command=("/etc/init.d/mta", "reload")).carry_out(["reload"])
    assert systemd.done == ["/etc/init.d/mta reload"]


@pytest.mark.parametrize("verb", ["start", "restart"])
def test_what_failed_too_often_before_does_not_keep_it_from_starting(verb):
    systemd = Systemd()
    Unit("mta", systemd).carry_out(["enable", verb])
    assert systemd.done == ["enable", "reset-failed", verb]


@pytest.mark.parametrize("edited", [True, False])
def test_systemd_reads_unit_files_that_changed_but_not_offline(edited):
    systemd = Systemd(edited=edited)
    assert Unit("mta", systemd).outdated() is edited
    Unit("mta", systemd).daemon_reload()
    assert not Unit("mta", systemd, offline=True).outdated()
    Unit("mta", systemd, offline=True).daemon_reload()
    assert systemd.done == ["daemon-reload"]
    with pytest.raises(UnitError, match="systemctl daemon-reload failed"):
        Unit("mta", Systemd(fails=("daemon-reload",))).daemon_reload()


def test_a_verb_that_fails_is_told_with_what_the_journal_says():
    with pytest.raises(UnitError, match=r"systemctl restart mta failed: cannot bind"):
        Unit("mta", Systemd(fails=("restart",))).carry_out(["restart"])
    with pytest.raises(UnitError, match=r"mta does not run: cannot bind"):
        Unit("mta", Systemd(active=False)).carry_out([])


@pytest.mark.parametrize(
    ("active", "enabled", "done"),
    [
        (True, True, ["reset-failed", "restart"]),
        (False, True, ["reset-failed", "stop"]),
        (False, False, ["enable", "reset-failed", "stop", "disable"]),
    ],
)
def test_after_a_failure_it_is_as_it_was(active, enabled, done):
    systemd = Systemd(active, enabled)
    unit = Unit("mta", systemd)

    def fail():
        with unit.kept():
            if not enabled:
                systemd(["systemctl", "enable", "mta"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert systemd.done == done
    assert (systemd.active, systemd.enabled) == (active, enabled)


@pytest.mark.parametrize(
    ("enabled", "breaks", "done"),
    [
        (True, (), []),
        (True, ("stop",), ["stop", "reset-failed", "restart"]),
        (False, ("enable",), ["enable", "disable"]),
    ],
)
def test_one_that_loads_no_files_goes_on_after_a_failure(enabled, breaks, done):
    systemd = Systemd(enabled=enabled)

    def fail():
        with Unit("umbrella", systemd).kept(loads=False):
            for verb in breaks:
                systemd(["systemctl", verb, "umbrella"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert systemd.done == done
    assert (systemd.active, systemd.enabled) == (True, enabled)


def test_without_a_failure_nothing_is_put_back():
    systemd = Systemd()
    with Unit("mta", systemd).kept():
        pass
    assert systemd.done == []


def test_one_that_does_not_come_back_is_told():
    systemd = Systemd(fails=("restart",))

    def fail():
        with Unit("mta", systemd).kept():
            systemd.active = False
            raise UnitError("late")

    with pytest.raises(UnitError, match=r"late. mta ran before and does not run any more: cannot bind"):
        fail()


@pytest.mark.parametrize("state", ["activating", "deactivating", "reloading"])
def test_a_unit_on_its_way_is_waited_for(state):
    states = [state, state, "active"]
    unit = Unit("mta", lambda _argv: (0, f"ActiveState={states.pop(0)}\n", ""))
    assert unit.settle(5)
    assert states == []


def test_a_unit_that_stands_still_is_asked_once_and_one_that_never_settles_is_left():
    asked = []
    assert Unit("mta", lambda argv: asked.append(argv) or (0, "ActiveState=inactive\n", "")).settle(5)
    assert len(asked) == 1
    assert not Unit("mta", lambda _argv: (0, "ActiveState=reloading\n", "")).settle(0)
    assert Unit("mta", lambda _argv: (0, "ActiveState=reloading\n", ""), offline=True).settle(0)
