# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of an MTA that is replaced, and what the host has again of it."""

from __future__ import annotations

import os
import shutil
import stat
from types import SimpleNamespace

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import QueueError
from ansible_collections.mailops.ses.plugins.module_utils._replace.mtas import Mta
from ansible_collections.mailops.ses.plugins.module_utils._role import opening
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import RefusedError
from ansible_collections.mailops.ses.plugins.module_utils._rollout import replaced, stamp, steps, steps_back
from ansible_collections.mailops.ses.plugins.module_utils._rollout.back import BackError

BEFORE = {"installed": False, "other_mtas": ["old"], "sends": False, "active": {"new": False}}
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
        self.queue, self.leads = {}, True
        self.entrance = root / "old-program"
        self.entrance.write_text("")
        self.entrance.chmod(0o2755)
        mtas = {
            "old": Mta(waiting=dict, unit="old", entrances=(str(self.entrance),)),
            "new": Mta(self._waiting, "new", entrances=(str(self.program),), running=lambda: "new" in self.active),
        }
        monkeypatch.setattr(stamp, "KEPT", str(root / "kept"))
        monkeypatch.setattr(replaced, "CONFIGURATIONS", {"old": (str(self.etc),)})
        monkeypatch.setattr(replaced, "SHARED", (str(self.aliases), str(root / "mailname")))
        monkeypatch.setattr(replaced, "ALTERNATIVE", str(self.link))
        monkeypatch.setattr(replaced, "MTAS", mtas)
        self.directory, self.due, self.delivered = root, "install", True
        for module in (steps, steps_back):
            monkeypatch.setattr(module, "DIRECTORIES", {"new": str(root)})
            monkeypatch.setattr(module, "installed_packages", lambda _run: self._installed())
        monkeypatch.setattr(steps.config, "run", lambda *_given: {"changed": True, "next": self.due, "endpoint": "e"})
        monkeypatch.setattr(steps, "note", lambda *_given: {**BEFORE, "other_mtas": self._installed().others_than("")})
        monkeypatch.setattr(steps, "part_of", lambda _mta: SimpleNamespace(installed=lambda: False))
        monkeypatch.setattr(steps, "sends", lambda *_given: False)
        monkeypatch.setattr(steps.send, "outcome", lambda *_given: self._probe())

    def _installed(self):
        others = sorted({"old"} & self.packages)
        return SimpleNamespace(
            names=frozenset(self.packages),
            others_than=lambda _mta: others,
            missing=lambda wanted: [name for name in wanted if name not in self.packages],
        )

    def _probe(self):
        return {"delivered": self.delivered, "msg": "It waits.", "diagnosis": [], "queue_ids": ["A1"]}

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
        if argv[0] == "alternatives" and self.leads:
            self.link.unlink()
            self.link.symlink_to(argv[-1])
        if verb in ("stop", "restart"):
            (self.active.discard if verb == "stop" else self.active.add)(unit)
        if verb in ("enable", "disable"):
            (self.enabled.add if verb == "enable" else self.enabled.discard)(unit)
        return 0, "", ""

    def keep(self, sends=False):
        units = {"old": replaced.units_of("old", self.run, False)}
        replaced.keep(replaced.Change("new", MARK), BEFORE, self.packages, sends, units)

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
        self.program.chmod(0o2755)

    def empty(self):
        """What mail_queue_drain does to the MTA that took its place."""
        self.active.discard("new")
        self.program.chmod(0o2644)

    def install(self):
        """Its packages are there again, and have not started it."""
        self.packages |= {"old", "old-tables"}

    def module(self, check_mode=False, **params):
        given = {"mta": "new", "fingerprint": MARK, "proven": False, "before": dict(BEFORE), **params}
        return SimpleNamespace(params=given, check_mode=check_mode, run_command=self.run)

    def change(self, before=None, check_mode=False, **variables):
        defaults = {name: option.get("default") for name, option in steps.ARGUMENTS.items()}
        module = self.module(check_mode, **{**defaults, "mta": "new", "variables": variables, "before": before})
        return steps.change(module, SYSTEM, ["Debian 13"])


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
    host.empty()
    host.install()
    host.link.unlink()
    host.link.symlink_to("/usr/sbin/sendmail.new")
    host.leads = False
    found = steps_back.restore(host.module())
    # Nobody delivers what users hand over now, and it waits.
    assert (found["state"], host.program.stat().st_mode & 0o111) == ("broken", 0o111)
    assert "alternatives --set mta /usr/sbin/sendmail.old failed" in found["msg"]
    host.leads = True
    assert steps_back.restore(host.module())["state"] == "rolled_back"
    assert os.readlink(host.link) == "/usr/sbin/sendmail.old"
    assert host.program.stat().st_mode & 0o111 == 0o111


def test_users_can_hand_mail_to_it_again(host):
    host.keep()
    host.entrance.chmod(0o2644)
    assert steps_back.back(host.module(), SYSTEM)["state"] == "replaced"
    steps_back.restore(host.module())
    assert host.entrance.stat().st_mode & 0o7777 == 0o2755


def test_an_archive_that_cannot_be_read_deletes_nothing(host):
    host.keep()
    host.replace()
    host.install()
    (host.directory / "kept" / "replaced.tar").write_bytes(b"half")
    found = steps_back.restore(host.module())
    assert (found["state"], found["failed"]) == ("broken", True)
    assert "cannot be read" in found["msg"]
    assert (host.etc / "main.cf").read_text() == "as the package has it\n"


def test_a_disk_without_room_deletes_nothing(host, monkeypatch):
    before = tree(host.etc)
    host.keep()

    def full(*_given, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tarfile.TarFile.extractall", full)
    assert steps_back.restore(host.module())["state"] == "broken"
    assert tree(host.etc) == before
    assert "old" in host.active


@pytest.mark.parametrize("now", ["directory", "file", "nothing", "link"])
def test_whatever_stands_in_its_place_goes(host, now):
    before = tree(host.etc)
    host.keep()
    host.replace()
    host.install()
    if now != "directory":
        shutil.rmtree(host.etc)
    if now == "file":
        host.etc.write_text("")
    if now == "link":
        host.etc.symlink_to(host.directory)
    (host.directory / "mailname").write_text("not there before")
    assert steps_back.restore(host.module())["state"] == "rolled_back"
    assert not host.etc.is_symlink()
    assert tree(host.etc) == before
    assert not (host.directory / "mailname").exists()


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


def test_what_is_kept_for_another_change_is_not_taken_for_this_one(host):
    host.keep()
    assert steps.kept_before("new", "another") is None
    assert steps.kept_before("new", MARK) == BEFORE
    host.replace()
    found = steps_back.back(host.module(fingerprint="another", before=None), SYSTEM)
    assert (found["state"], found["changed"]) == ("rolled_back", False)


def test_root_alone_runs_the_mta_that_goes_and_nobody_hands_it_mail(host, monkeypatch):
    host.replace()
    host.empty()
    modes = []
    monkeypatch.setattr(steps_back, "_go_back", lambda *_given: modes.append(host.program.stat().st_mode & 0o111) or "")
    assert steps_back.clear(host.module(), SYSTEM)["changed"]
    assert (modes, host.program.stat().st_mode & 0o111) == ([0o100], 0)

    def fails(*_given):
        raise BackError("it does not stop")

    monkeypatch.setattr(steps_back, "_go_back", fails)
    assert "it does not stop" in steps_back.clear(host.module(), SYSTEM)["msg"]
    assert host.program.stat().st_mode & 0o111 == 0


@pytest.mark.parametrize(
    ("queue", "active", "mode", "told"),
    [
        ({"qfA1": "queued"}, set(), 0o2644, "1 message waits in the queue of new"),
        (QueueError("It cannot be read."), set(), 0o2644, "It cannot be read"),
        ({}, {"new"}, 0o2644, "new is not stopped, or takes mail"),
        ({}, set(), 0o2755, "new is not stopped, or takes mail"),
    ],
)
def test_an_mta_that_is_not_empty_and_stopped_is_not_cleared(host, monkeypatch, queue, active, mode, told):
    host.replace()
    host.queue, host.active = queue, active
    host.program.chmod(mode)
    monkeypatch.setattr(steps_back, "_go_back", lambda *_given: pytest.fail("it went back"))
    found = steps_back.clear(host.module(), SYSTEM)
    assert (found["state"], told in found["msg"]) == ("broken", True)


def test_check_mode_changes_nothing(host):
    host.keep()
    host.replace()
    host.install()
    assert steps_back.restore(host.module(check_mode=True))["changed"]
    assert steps_back.clear(host.module(check_mode=True), SYSTEM)["changed"]
    assert (host.etc / "main.cf.rpmsave").exists()


def test_what_goes_is_kept_before_it_goes_and_until_the_host_is_over_it(host):
    first = host.change()
    assert (first["next"], first["before"], steps.kept_before("new", first["fingerprint"])) == (
        "install",
        BEFORE,
        BEFORE,
    )
    host.replace()
    host.due = "nothing"
    found = host.change(before=first["before"])
    assert (found["kept"], stamp.read(str(host.directory))["before"]) == (True, BEFORE)
    assert "kept" not in host.change()  # the change that it was kept for is proven
    assert not os.path.exists(stamp.KEPT)


def test_other_variables_later_go_back_to_the_same_mta(host):
    first = host.change()
    host.replace()
    host.due, host.delivered = "nothing", False
    host.change(before=first["before"])
    again = host.change(ses_port="465")
    assert again["fingerprint"] != first["fingerprint"]
    assert stamp.read(str(host.directory))["before"] == BEFORE
    found = steps_back.back(host.module(fingerprint=again["fingerprint"]), SYSTEM)
    assert found["install"]["missing_packages"] == ["old", "old-tables"]


def test_a_run_that_was_killed_as_it_stopped_the_mta_keeps_what_ran(host):
    host.change()
    host.active.clear()
    again = host.change(ses_port="465")
    assert replaced.kept("new")["units"] == {"old": {"old": [True, True]}}
    assert steps.kept_before("new", again["fingerprint"]) == BEFORE


@pytest.mark.parametrize(("active", "sending"), [({"old"}, True), (set(), False)])
def test_mail_proves_the_way_back_where_mail_was_sent_before(host, monkeypatch, active, sending):
    """Its unit is one of several, of which others may not run (postfix@- of Debian 13)."""
    monkeypatch.setattr(replaced, "UNITS", {"old": ("old@-", "old")})
    monkeypatch.setattr(steps, "DIRECTORIES", {"new": str(host.directory), "old": str(host.etc)})
    monkeypatch.setattr(steps, "sends", lambda _mta, units, _run: units[0].active())
    host.known, host.active = {"old", "old@-"}, active
    host.change()
    assert replaced.kept("new")["sends"] == sending


def test_a_host_without_room_for_it_is_refused_and_keeps_its_stamp(host, monkeypatch):
    def full(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(replaced, "keep", full)
    with pytest.raises(RefusedError, match="old would be replaced, and what the host has of it cannot be kept"):
        host.change()
    assert stamp.read(str(host.directory)) is None


def test_the_mail_of_the_proof_does_not_keep_the_mta_from_going(host):
    first = host.change()
    host.replace()
    host.due, host.delivered = "nothing", False
    host.change(before=first["before"])
    own, others = host.directory / "qfA1", host.directory / "qfB2"
    for path in (own, others, host.directory / "dfA1"):
        path.write_text("")
    host.queue = {str(own): "queued", str(others): "queued"}
    assert steps_back.back(host.module(fingerprint=first["fingerprint"]), SYSTEM)["state"] == "replaced"
    assert sorted(path.name for path in host.directory.glob("?f*")) == ["qfB2"]


def test_each_mail_of_the_proofs_goes(host):
    first = host.change()
    host.replace()
    host.due, host.delivered = "nothing", False
    host.change(before=first["before"])
    host.change(before=first["before"])
    assert stamp.read(str(host.directory))["probe"] == ["A1", "A1"]
    host.delivered = True
    host.change(before=first["before"])
    assert stamp.read(str(host.directory))["probe"] == []


@pytest.mark.parametrize("mode", [0o2744, 0o2644])
def test_a_way_back_that_was_killed_leaves_an_mta_that_can_be_asked_again(host, monkeypatch, mode):
    first = host.change()
    host.replace()
    host.program.chmod(mode)
    modes = []
    monkeypatch.setattr(opening, "ENTRANCES", {"new": [str(host.program)]})
    monkeypatch.setattr(
        steps.config,
        "run",
        lambda *_given: modes.append(host.program.stat().st_mode & 0o7777) or {"next": "nothing", "endpoint": "e"},
    )
    host.change(before=first["before"])
    assert modes == [0o2755]


def test_a_change_with_other_variables_that_is_refused_goes_back_to_the_earlier_mta(host, monkeypatch):
    host.change()
    host.replace()

    def refuse(*_given):
        raise RefusedError(["No."], [])

    monkeypatch.setattr(steps.config, "run", refuse)
    with pytest.raises(RefusedError):
        host.change(ses_port="465")
    (mark,) = {replaced.kept("new")["fingerprint"]} - {MARK}
    assert steps_back.back(host.module(fingerprint=mark, before=None), SYSTEM)["state"] == "replaced"


def test_a_change_to_another_mta_does_not_go_on_with_it(host):
    host.change()
    host.replace()
    assert steps.kept_before("third") is None
    host.packages.add("third")
    assert replaced.claim(replaced.Change("new", MARK), ["third"], host.run, False) is None
    assert replaced.claim(replaced.Change("new", MARK), [], host.run, False)["before"] == BEFORE


def test_what_is_kept_after_a_proof_goes_with_the_next_one(host):
    """A run that was killed in its soak."""
    first = host.change()
    host.replace()
    host.due = "nothing"
    found = host.change(before=first["before"])
    plan = host.change(check_mode=True)
    assert (plan["stamped"], plan["proven"]) == (True, False)
    # A change of this name that died before it began takes no proven one back.
    assert "install" not in steps_back.back(host.module(fingerprint=found["fingerprint"], before=None), SYSTEM)
    host.change()
    assert host.change(check_mode=True)["proven"]
    assert not os.path.exists(stamp.KEPT)


def test_units_that_systemd_does_not_know_are_left_out(host):
    host.known = set()
    assert replaced.units_of("old", host.run, False) == []
