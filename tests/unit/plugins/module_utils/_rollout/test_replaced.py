# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of an MTA that is replaced, and what the host has again of it."""

from __future__ import annotations

import os
import stat
from types import SimpleNamespace

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import QueueError
from ansible_collections.mailops.ses.plugins.module_utils._rollout import replaced, stamp, steps_back

BEFORE = {"installed": False, "other_mtas": ["old"], "sends": False}
MARK = "1f0c4e9a7b3d5c21"
SYSTEM = SimpleNamespace(family=SimpleNamespace(package_manager="apt"), of=lambda mta: SimpleNamespace(units=["new"]))


class Host:
    """A host with the MTA `old`, whose unit is `old`, and whose configuration is a directory."""

    def __init__(self, root, monkeypatch):
        self.etc, self.aliases, self.link = root / "etc-old", root / "aliases.db", root / "mta"
        self.active, self.enabled, self.known, self.asked = {"old"}, {"old"}, {"old"}, []
        self.etc.mkdir()
        (self.etc / "main.cf").write_text("relayhost = [relay.example.net]\n")
        (self.etc / "secret").write_text("password")
        (self.etc / "secret").chmod(0o600)
        (self.etc / "linked").symlink_to("/etc/elsewhere")
        self.aliases.write_text("old's format")
        self.packages, self.program = {"old", "old-tables", "base"}, root / "new"
        self.queue = {}
        self.new = SimpleNamespace(
            unit="new",
            entrances=(str(self.program),),
            installed=self.program.exists,
            open=lambda: self.program.chmod(0o755),
            close=lambda: self.program.chmod(0o644),
            waiting=self._waiting,
        )
        monkeypatch.setattr(stamp, "KEPT", str(root / "kept"))
        monkeypatch.setattr(replaced, "CONFIGURATIONS", {"old": (str(self.etc),)})
        monkeypatch.setattr(replaced, "SHARED", (str(self.aliases), str(root / "mailname")))
        monkeypatch.setattr(replaced, "ALTERNATIVE", str(self.link))
        monkeypatch.setattr(replaced, "MTAS", {"new": self.new})
        monkeypatch.setattr(steps_back, "DIRECTORIES", {"new": str(root)})
        monkeypatch.setattr(steps_back, "installed_packages", lambda _run: self._installed())

    def _installed(self):
        others = sorted({"old"} & self.packages)
        return SimpleNamespace(
            names=frozenset(self.packages),
            others_than=lambda _mta: others,
            missing=lambda wanted: [name for name in wanted if name not in self.packages],
        )

    def _waiting(self):
        if isinstance(self.queue, Exception):
            raise self.queue
        return self.queue

    def run(self, argv):
        self.asked.append(" ".join(argv))
        verb, unit = argv[1], argv[-1]
        if verb == "show":
            return 0, "LoadState=" + ("loaded" if unit in self.known else "not-found"), ""
        if verb == "is-active":
            return (0 if unit in self.active else 3), "", ""
        if verb == "is-enabled":
            return 0, "enabled" if unit in self.enabled else "disabled", ""
        if verb in ("stop", "restart"):
            (self.active.discard if verb == "stop" else self.active.add)(unit)
        if verb in ("enable", "disable"):
            (self.enabled.add if verb == "enable" else self.enabled.discard)(unit)
        return 0, "", ""

    def keep(self, sends=False):
        units = {"old": replaced.units_of("old", self.run, False)}
        replaced.keep(MARK, BEFORE, self.packages, sends, units)

    def replace(self):
        """What the change does to it."""
        self.packages -= {"old", "old-tables"}
        self.packages |= {"new"}
        self.active, self.enabled = {"new"}, {"new"}
        (self.etc / "main.cf").write_text("as the package has it\n")
        (self.etc / "main.cf.rpmsave").write_text("aside\n")
        (self.etc / "secret").unlink()
        self.aliases.write_text("new's format")
        self.program.write_text("")

    def install(self):
        """Its packages are there again, and have not started it."""
        self.packages |= {"old", "old-tables"}

    def module(self, **params):
        given = {"mta": "new", "fingerprint": MARK, "proven": False, "before": dict(BEFORE), **params}
        return SimpleNamespace(params=given, check_mode=False, run_command=self.run)


@pytest.fixture
def host(monkeypatch, tmp_path):
    return Host(tmp_path, monkeypatch)


def tree(directory):
    return {
        path.name: (os.readlink(path) if path.is_symlink() else path.read_text(), stat.S_IMODE(path.lstat().st_mode))
        for path in directory.iterdir()
    }


def test_all_that_is_kept_is_roots_alone(host):
    host.keep()
    kept = host.etc.parent / "kept"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in kept.iterdir()} == {
        "replaced.json": 0o600,
        "replaced.tar": 0o600,
    }
    assert "password" not in (kept / "replaced.json").read_text()


def test_files_units_and_aliases_are_again_what_they_were(host):
    before = tree(host.etc)
    host.keep()
    host.replace()
    host.install()
    found = steps_back.restore(host.module())
    assert (found["state"], found["msg"]) == ("rolled_back", "It has old again, as it was.")
    assert tree(host.etc) == before
    assert host.aliases.read_text() == "old's format"
    assert ("old" in host.active, "old" in host.enabled) == (True, True)
    assert not os.path.exists(stamp.KEPT)


def test_an_mta_that_was_stopped_stays_stopped_and_disabled(host):
    host.active, host.enabled = set(), set()
    host.keep()
    host.replace()
    host.install()
    host.enabled.add("old")  # by its package
    steps_back.restore(host.module())
    assert ("old" in host.active, "old" in host.enabled) == (False, False)


def test_programs_are_led_to_it_again(host):
    host.link.symlink_to("/usr/sbin/sendmail.old")
    host.keep()
    host.replace()
    host.install()
    steps_back.restore(host.module())
    assert "alternatives --set mta /usr/sbin/sendmail.old" in host.asked


def test_the_way_back_names_the_packages_that_went(host):
    host.keep()
    host.replace()
    found = steps_back.back(host.module(), SYSTEM)
    assert (found["state"], found["changed"]) == ("replaced", False)
    assert found["install"] == {"package_manager": "apt", "missing_packages": ["old", "old-tables"], "other_mtas": []}


def test_an_mta_that_the_change_did_not_come_to_stays_as_it_is(host):
    host.keep()
    found = steps_back.back(host.module(), SYSTEM)
    assert (found["state"], found["changed"]) == ("rolled_back", False)
    assert "old was not replaced" in found["msg"]
    assert not os.path.exists(stamp.KEPT)


def test_an_mta_that_is_there_and_was_stopped_comes_back(host):
    host.keep()
    host.active.clear()
    assert steps_back.back(host.module(), SYSTEM)["state"] == "replaced"


def test_without_what_is_kept_a_host_that_lost_its_mta_is_broken(host):
    assert "old was not replaced" in steps_back.back(host.module(), SYSTEM)["msg"]
    host.replace()
    found = steps_back.back(host.module(), SYSTEM)
    assert (found["state"], found["failed"]) == ("broken", True)
    assert "old was replaced by new, and nothing is kept of it" in found["msg"]


def test_packages_that_are_not_there_again_are_told(host):
    host.keep()
    host.replace()
    found = steps_back.restore(host.module())
    assert (found["state"], found["failed"]) == ("broken", True)
    assert "old was replaced by new, and is not installed again" in found["msg"]
    assert os.path.exists(stamp.KEPT)


def test_what_is_kept_for_another_change_is_not_taken(host):
    host.keep()
    assert replaced.kept("another") is None
    assert replaced.kept(MARK)["before"] == BEFORE


def test_nobody_hands_mail_to_the_mta_that_goes_and_mail_that_came_is_told(host, monkeypatch):
    host.replace()
    modes = []
    monkeypatch.setattr(steps_back, "_go_back", lambda *_given: modes.append(host.program.stat().st_mode & 0o111) or "")
    host.program.chmod(0o644)
    assert steps_back.clear(host.module(), SYSTEM)["changed"]
    assert (modes, host.program.stat().st_mode & 0o111) == ([0o100], 0)
    host.queue = {"A1": "queued"}
    assert "1 message came into the queue of new" in steps_back.clear(host.module(), SYSTEM)["msg"]
    host.queue = QueueError("It cannot be read.")
    assert "It cannot be read" in steps_back.clear(host.module(), SYSTEM)["msg"]


def test_units_that_systemd_does_not_know_are_left_out(host):
    host.known = set()
    assert replaced.units_of("old", host.run, False) == []
