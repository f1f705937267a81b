# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial of sendmail.cf reads in place of the host's files; the rest is tested with a real Sendmail."""

from __future__ import annotations

import os

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.previous import changing, previous
from ansible_collections.mailops.ses.plugins.module_utils._host.unit import Unit
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import configure, tools
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.back import plan_back
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.configure import (
    _finish,
    _run,
    _tidy,
    _wait_for_daemons,
    _with_submission,
)
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.plan import CF, CONF, MC, Plan, TablePlan
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.request import Request, Table
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.tools import SendmailError


@pytest.fixture
def unit(monkeypatch):
    """A unit whose script reports success whatever it does, and when its daemon says that it has loaded its files."""
    monkeypatch.setattr(configure, "LOADING_SECONDS", 0.3)

    def unit(loaded, offline=False, status=0):
        monkeypatch.setattr(tools, "loaded_at", lambda _cf: loaded)
        return Unit("sendmail", lambda argv: (0 if "is-active" in argv else status, "", "no"), offline)

    return unit


def test_a_daemon_that_has_loaded_its_configuration_is_done(unit):
    _run(unit({"loaded": float("inf")}), ["restart"], "")
    _run(unit(None), [], "")
    _run(unit(None, offline=True), ["enable"], "")


@pytest.mark.parametrize("loaded", [None, {"loaded": 1.0}])
def test_one_that_has_not_is_a_failure_whatever_its_script_says(unit, loaded):
    with pytest.raises(SendmailError, match=r"the host keeps what it had: sendmail did not load its configuration"):
        _run(unit(loaded), ["restart"], "")


def test_a_verb_that_fails_is_told(unit):
    with pytest.raises(SendmailError, match=r"the host keeps what it had: systemctl restart sendmail failed: no"):
        _run(unit(None, status=1), ["restart"], "")


class Daemon:
    """One that is there from the third look on, as while it loads its files."""

    def __init__(self, monkeypatch, active=True):
        self.looks, self.active = 0, active
        self.states = ["activating", "active"] if active else ["inactive"]
        monkeypatch.setattr(configure, "_flushed", lambda _plan, _request: True)
        monkeypatch.setattr(tools, "loaded_at", self.look)
        self.unit = Unit("sendmail", self.systemctl)

    def systemctl(self, argv):
        """A unit that starts is not active yet."""
        if "show" in argv:
            state, self.states = self.states[0], self.states[1:] or self.states
            return 0, f"ActiveState={state}\n", ""
        return 0 if self.active and self.states == ["active"] else 3, "", ""

    def look(self, _cf):
        self.looks += 1
        return {"loaded": 0.0, "started": 0.0} if self.looks > 2 else None


def test_daemons_that_load_their_files_are_waited_for_and_not_restarted(monkeypatch):
    daemon = Daemon(monkeypatch)
    _wait_for_daemons(daemon.unit, Plan({}, {}, [], stale=False), Request([], {}, (), ""), "")
    assert daemon.looks == 3


def test_nobody_waits_for_daemons_of_a_unit_that_is_down(monkeypatch):
    daemon = Daemon(monkeypatch, active=False)
    _wait_for_daemons(daemon.unit, Plan({}, {}, [], stale=False), Request([], {}, (), ""), "")
    assert daemon.looks == 1


@pytest.mark.parametrize(("after", "restart"), [({CONF: 'MSP_MODE="Daemon"'}, False), ({}, True)])
def test_nobody_waits_for_daemons_that_are_restarted_anyway(monkeypatch, after, restart):
    daemon = Daemon(monkeypatch)
    plan, request = Plan({}, after, [], stale=False), Request([], {}, (), "", restart=restart)
    _wait_for_daemons(daemon.unit, plan, request, "")
    assert daemon.looks == 0


def test_what_make_wrote_of_its_own_goes_back_where_what_follows_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(configure, "CRONTAB", str(tmp_path / "cron"))
    directory = tmp_path / "mail"
    (directory / "tls").mkdir(parents=True)
    (directory / "Makefile").write_text("old")
    (directory / "Makefile").chmod(0o754)
    before = (directory / "Makefile").stat()

    def make(_directory, _compiled):
        (directory / "Makefile").write_text("with bursts")
        (directory / "Makefile").chmod(0o700)
        (directory / "tls" / "new").write_text("x")
        (tmp_path / "cron").write_text("x")

    def fail():
        (directory / "of another").write_text("x")
        raise SendmailError("late")

    monkeypatch.setattr(configure, "_make", make)
    plan = Plan({"settings": "", "sendmail.mc": ""}, {"settings": "", "sendmail.mc": ""}, [], stale=True)
    with pytest.raises(SendmailError, match="late"):
        _finish(plan, str(directory), "", fail)
    after = (directory / "Makefile").stat()
    assert (directory / "Makefile").read_text() == "old"
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["Makefile", "mail", "of another", "tls"]


@pytest.fixture
def tidied(tmp_path, monkeypatch):
    """What is left of five generations, of which sendmail.cf names the fifth and the way back the fourth."""

    def tidied(older=False, loaded=float("inf"), text=None):
        kind = "hash" if text is None else "text"
        suffix = "" if kind == "text" else ".db"
        for name in ("t", "t.1", "t.2", "t.3", "t.4"):
            (tmp_path / (name + suffix)).write_text(text or "x")
        cf = tmp_path / "sendmail.cf"
        cf.write_text(f"K hash {tmp_path}/t.3{suffix}")
        with changing(str(tmp_path), [str(cf)]):
            cf.write_text(f"K hash {tmp_path}/t.4{suffix}")
        running = {"loaded": loaded, "started": 0.0}
        monkeypatch.setattr(tools, "loaded_at", lambda _cf: running)
        monkeypatch.setattr(tools, "older", lambda _cf, _submission, _than: older)
        table = Table("t", kind, {}, kind == "hash")
        plan = Plan({}, {MC: ""}, [TablePlan(table, "", "", "", None, False, ())], stale=False)
        _tidy(plan, Request([], {}, (), str(tmp_path)), cf.read_text(), "")
        return sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("t"))

    return tidied


def test_two_generations_stay(tidied):
    assert tidied() == ["t.3.db", "t.4.db"]


def test_all_stay_while_something_runs_with_an_earlier_sendmail_cf(tidied):
    assert len(tidied(older=True)) == 5


def test_all_stay_until_the_daemon_has_loaded_sendmail_cf(tidied):
    assert len(tidied(loaded=1.0)) == 5


def test_rows_of_others_stay(tidied):
    ours = "# BEGIN mailops.ses: written anew at each run\na\tb\n# END mailops.ses\n"
    assert tidied(text=ours) == ["t.3", "t.4"]
    assert len(tidied(text=f"mine\tyours\n{ours}")) == 5


def submission(tmp_path, monkeypatch, cf):
    monkeypatch.setattr(tools, "compiled", lambda text, _directory: f"DZ8.18.1\n{text}")
    (tmp_path / "submit.cf").write_text(cf)
    plan = Plan({"submit.mc": "O A=1\n"}, {"submit.mc": "O A=2\n"}, [], stale=False)
    return _with_submission(plan, str(tmp_path))


@pytest.mark.parametrize(
    ("cf", "stale"), [("DZ8.18.1\nO A=1\n", True), ("DZ8.18.1\nO A=2\n", False), ("DZ8.15.2\nO B=9\n", True)]
)
def test_submit_cf_is_what_submit_mc_makes(tmp_path, monkeypatch, cf, stale):
    plan, made = submission(tmp_path, monkeypatch, cf)
    assert (plan.stale_submission, plan.warnings) == (stale, ())
    assert made.startswith("DZ8.18.1\nO A=2\n")


def test_a_submit_cf_of_the_hosts_own_stays(tmp_path, monkeypatch):
    plan, made = submission(tmp_path, monkeypatch, "DZ8.18.1\nO A=1\nO Mine=1\n")
    assert plan.changed_files == []
    assert made.endswith("O Mine=1\n")
    assert "is not what submit.mc makes, and stays as it is" in plan.warnings[0]


def going_back(tmp_path):
    return plan_back(Request([], {}, (), str(tmp_path), settings_file=str(tmp_path / "sendmail.conf"), back=True))


def test_the_way_back_is_what_the_last_change_replaced(tmp_path):
    paths = [str(tmp_path / name) for name in (MC, CF, "access", "new")]
    for path in paths[:3]:
        with open(path, "w") as file:
            file.write("old")
    with changing(str(tmp_path), paths):
        for path in paths:
            with open(path, "w") as file:
                file.write("new")
    plan = going_back(tmp_path)
    assert (plan.before[MC], plan.after[MC]) == ("new", "old")
    assert {os.path.basename(path): kept and kept.content for path, kept in plan.files.items()} == {
        "access": b"old",
        "new": None,
    }
    assert plan.changed_files == [MC]


def test_without_a_previous_configuration_there_is_no_way_back(tmp_path):
    with pytest.raises(SendmailError, match=r"state: .* has no previous configuration"):
        going_back(tmp_path)


def test_a_way_back_to_a_table_that_is_lost_is_refused(tmp_path):
    (tmp_path / MC).write_text(f"`Kses hash -o {tmp_path}/ses.1.db'\n")
    with changing(str(tmp_path), [str(tmp_path / MC)]):
        (tmp_path / MC).write_text("new")
    with pytest.raises(SendmailError, match=r"names .*/ses\.1\.db, which is not there"):
        going_back(tmp_path)


def test_a_change_that_was_killed_when_all_was_done_is_the_last_one(tmp_path, monkeypatch):
    """Else the next change would keep what was there before this one."""
    (tmp_path / MC).write_text("one")

    class Killed(BaseException):
        """A kill: nothing is cleaned up."""

    def change(text, *error):
        with changing(str(tmp_path), [str(tmp_path / MC)]):
            (tmp_path / MC).write_text(text)
            for kill in error:
                raise kill

    with pytest.raises(Killed):
        change("two", Killed())
    now = float("inf")
    monkeypatch.setattr(tools, "installed", lambda: True)
    monkeypatch.setattr(tools, "loaded_at", lambda _cf: {"loaded": now, "started": now})
    monkeypatch.setattr(configure, "sweep", lambda _directory: None)
    monkeypatch.setattr(
        configure,
        "make_plan",
        lambda _request, installed: Plan({MC: ""}, {MC: "", "settings": ""}, [], stale=not installed),
    )
    monkeypatch.setattr(configure, "_compile", lambda _plan, _directory: "")
    assert not configure.configure(Request([], {}, (), str(tmp_path)), False, "")["changed"]
    change("three")
    assert [kept.content for kept in previous(str(tmp_path)).values()] == [b"two"]
