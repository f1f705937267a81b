# SPDX-License-Identifier: GPL-3.0-or-later
"""A host goes back: which files, which units, and when it is refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._rollout import back
from ansible_collections.mailops.ses.plugins.module_utils._rollout.back import BackError, Mta, go_back


class Systemd:
    """A unit's state, and what was asked."""

    def __init__(self, active=True, enabled=True):
        self.active, self.enabled, self.asked = active, enabled, []

    def __call__(self, argv):
        verb = argv[1]
        if verb == "is-active":
            return (0 if self.active else 3), "", ""
        if verb == "is-enabled":
            return 0, "enabled" if self.enabled else "disabled", ""
        self.asked.append(" ".join(argv[1:]))
        self.active = {"stop": False, "restart": True}.get(verb, self.active)
        self.enabled = {"disable": False}.get(verb, self.enabled)
        return 0, "", ""


@pytest.fixture
def configured(monkeypatch):
    """What the way back of the configuration was asked for; there is another generation than the note has."""
    calls = []

    monkeypatch.setattr(back, "part_of", lambda _mta: SimpleNamespace(installed=lambda: True))
    monkeypatch.setattr(back, "_configure", lambda _mta, units: calls.append([unit.name for unit in units]))
    monkeypatch.setattr(back, "way_back", lambda _mta: [2, 2])
    return calls


def before(path=None, text=None, **more):
    return {
        "installed": True,
        "active": {"mta": True},
        "enabled": {"mta": True},
        "unit_files": {str(path): text} if path else {},
        "way_back": [1, 1],
        **more,
    }


def run(note, systemd):
    return go_back(Mta("postfix", [Unit("mta", systemd)], None, ""), note)


def test_the_configuration_goes_back_while_the_mta_runs(configured):
    systemd = Systemd()
    assert run(before(), systemd) == "It has again what it had."
    assert (configured, systemd.asked) == ([["mta"]], [])


def test_a_configuration_that_was_not_changed_stays(configured):
    assert "nothing was changed" in run(before(way_back=[2, 2]), Systemd())
    assert configured == []


def test_an_mta_that_was_stopped_and_not_enabled_is_so_again(configured):
    systemd = Systemd()
    run(before(active={"mta": False}, enabled={"mta": False}), systemd)
    assert configured == [[]]
    assert systemd.asked == ["stop mta", "disable mta"]


@pytest.mark.parametrize("text", [None, "[Service]\n"])
def test_files_of_units_say_what_they_said(configured, tmp_path, text):
    path = tmp_path / "mta.service.d" / "50.conf"
    path.parent.mkdir()
    path.write_text("[Service]\nRestart=always\n")
    systemd = Systemd()
    run(before(path, text), systemd)
    assert (path.read_text() if path.exists() else None) == text
    assert path.parent.exists() == (text is not None)
    assert systemd.asked == ["daemon-reload", "reset-failed mta", "restart mta"]


def test_a_first_installation_ends_stopped(configured):
    systemd = Systemd()
    told = run(before(installed=False, active={"mta": False}, enabled={"mta": False}), systemd)
    assert told == "postfix stays installed, stopped, with its package's configuration."
    assert systemd.asked == ["stop mta", "disable mta"]
    assert configured == [[]]


def test_nothing_was_installed(configured, monkeypatch):
    monkeypatch.setattr(back, "part_of", lambda _mta: SimpleNamespace(installed=lambda: False))
    systemd = Systemd()
    assert "nothing was installed" in run(before(installed=False), systemd)
    assert systemd.asked == []


def test_a_unit_that_does_not_start_is_told(configured):
    def fails(argv):
        return (1 if argv[1] in ("restart", "is-active") else 0), "", "failed to start"

    with pytest.raises(BackError, match="failed to start"):
        run(before(), fails)
