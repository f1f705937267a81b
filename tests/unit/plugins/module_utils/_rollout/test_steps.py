# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a rollout on a host whose MTA, mails and configuration are told."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._metrics.proofs import MetricsError
from ansible_collections.mailops.ses.plugins.module_utils._role import opening
from ansible_collections.mailops.ses.plugins.module_utils._role.bring import BringError
from ansible_collections.mailops.ses.plugins.module_utils._role.log_in import LogInError
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import RefusedError
from ansible_collections.mailops.ses.plugins.module_utils._rollout import stamp, steps, steps_back
from ansible_collections.mailops.ses.plugins.module_utils._rollout.back import BackError

SYSTEM = SimpleNamespace(of=lambda mta: SimpleNamespace(units=["mta"]))
BEFORE = {"installed": True, "sends": True, "other_mtas": []}
REFUSED = {"id": "credentials_invalid", "cause": "Wrong.", "remedy": "", "source": ""}
DOWN = {"id": "connection_refused", "cause": "Down.", "remedy": "", "source": ""}
DELIVERED = {"delivered": True, "msg": "Delivered.", "diagnosis": []}
WAITS = {"delivered": False, "msg": "It waits.", "diagnosis": [DOWN]}


class Host:
    """What the steps meet; `asked` has what they did."""

    def __init__(self, monkeypatch, directory):
        self.directory, self.asked, self.probe, self.fault = str(directory), [], DELIVERED, None
        self.config = {"changed": True, "next": "nothing", "endpoint": "e", "port": 587, "log_in": {}, "diff": []}
        for module in (steps, steps_back):
            monkeypatch.setattr(module, "DIRECTORIES", {"postfix": self.directory})
        monkeypatch.setattr(stamp, "KEPT", f"{directory}/kept")
        monkeypatch.setattr(steps.config, "run", self._configure)
        monkeypatch.setattr(steps.send, "outcome", lambda *_given: self.probe)
        monkeypatch.setattr(steps, "note", lambda *_given: dict(BEFORE))
        monkeypatch.setattr(steps, "sends", lambda *_given: True)
        monkeypatch.setattr(steps, "installed_packages", lambda _run: SimpleNamespace(others_than=lambda _mta: []))
        monkeypatch.setattr(steps, "part_of", lambda _mta: SimpleNamespace(installed=lambda: False))
        monkeypatch.setattr(steps_back, "scratch", lambda _module: nullcontext("/tmp"))
        monkeypatch.setattr(steps_back, "go_back", self._back)
        monkeypatch.setattr(steps_back, "way_back", lambda _mta: [3, 3])

    def _configure(self, _module, _system, _opened):
        self.asked.append((stamp.read(self.directory) or {}).get("fingerprint"))
        if self.fault:
            raise self.fault
        return self.config

    def _back(self, *given):
        self.asked.append(given[1])
        given[-1]()
        if self.fault:
            raise self.fault
        return "It has again what it had."

    def module(self, check_mode=False, **params):
        defaults = {name: option.get("default") for name, option in steps.ARGUMENTS.items()}
        given = {**defaults, "mta": "postfix", "variables": {"ses_region": "us-east-1"}, **params}
        return SimpleNamespace(params=given, check_mode=check_mode, run_command=None)

    def change(self, **more):
        return steps.change(self.module(**more), SYSTEM, ["Debian 13"])

    def mark(self):
        """The fingerprint of what `change` asks for."""
        return (self.stamp() or {}).get("fingerprint", "")

    def stamp(self):
        return stamp.read(self.directory)


@pytest.fixture
def host(monkeypatch, tmp_path):
    return Host(monkeypatch, tmp_path)


def test_the_stamp_is_there_before_anything_changes_and_then_has_the_proof(host):
    found = host.change()
    assert host.asked == [found["fingerprint"]]
    assert host.stamp()["before"] == BEFORE
    assert host.stamp()["proven"] > 0
    assert (found["probe"], found["touched"], found["system"]) == (DELIVERED, True, "Debian 13")
    assert "before" not in found  # the stamp has it
    assert "log_in" not in found


def test_a_mail_that_does_not_arrive_fails_and_proves_nothing(host):
    host.probe = WAITS
    found = host.change()
    assert (found["failed"], found["msg"], found["causes"]) == (True, "It waits.", [DOWN])
    assert host.stamp()["proven"] is None


FAULTS = [LogInError("No.", {"diagnosis": [DOWN]}), RefusedError("No.", {}), BringError("No.")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("old", [None, {"fingerprint": "other", "before": {}, "proven": 5}])
def test_a_host_that_refuses_the_change_keeps_the_stamp_that_it_had(host, old, fault):
    if old:
        stamp.write(host.directory, old)
    host.fault = fault
    with pytest.raises(type(fault)):
        host.change()
    assert host.stamp() == old


def test_a_fault_that_promises_no_untouched_host_leaves_the_stamp_by_which_it_goes_back(host):
    mark = host.change(check_mode=True)["fingerprint"]
    host.fault = MetricsError("No room.")
    with pytest.raises(MetricsError):
        host.change()
    assert (host.mark(), host.stamp()["proven"]) == (mark, None)
    host.fault = None
    found = steps_back.back(host.module(step="back", fingerprint=mark, proven=False), SYSTEM)
    assert (found["changed"], host.stamp()) == (True, None)


def test_a_host_that_packages_were_installed_on_goes_back_whatever_it_refuses_then(host):
    host.fault = BringError("No.")
    with pytest.raises(BringError):
        host.change(before=BEFORE)
    assert host.stamp()["before"] == BEFORE


def test_a_change_that_an_earlier_run_has_proven_is_taken_back_only_where_that_is_asked_for(host):
    host.change()
    host.asked.clear()
    known = host.stamp()
    assert not steps_back.back(host.module(step="back", fingerprint=host.mark(), proven=False), SYSTEM)["changed"]
    assert (host.asked, host.stamp()) == ([], known)
    assert steps_back.back(host.module(step="back", fingerprint=host.mark(), proven=True), SYSTEM)["changed"]


def test_after_a_kill_what_there_was_before_the_first_change_counts(host):
    host.probe = WAITS
    host.change()
    known = {**host.stamp(), "before": {"sends": False, "other_mtas": []}}
    stamp.write(host.directory, known)
    host.probe = DELIVERED
    host.change()
    assert host.stamp()["before"] == {"sends": False, "other_mtas": []}


def test_a_plan_leaves_no_stamp_and_tells_whether_one_has_a_proof(host):
    assert host.change(check_mode=True)["stamped"] is False
    assert host.stamp() is None
    host.change()
    found = host.change(check_mode=True)
    assert (found["stamped"], found["proven"], found["due"], found["sends"]) == (True, True, True, True)


def test_what_has_to_be_installed_first_is_told_with_what_there_was(host):
    host.config = {**host.config, "changed": False, "next": "install"}
    found = host.change()
    assert (found["next"], found["before"]) == ("install", BEFORE)
    assert "probe" not in found


def test_back_proves_the_old_configuration_and_takes_the_stamp_away(host):
    host.change()
    found = steps_back.back(host.module(step="back", fingerprint=host.mark()), SYSTEM)
    assert (found["state"], found["msg"]) == ("rolled_back", "It has again what it had. A mail left by it.")
    assert host.stamp() is None


def test_back_of_a_host_that_sent_no_mail_sends_none(host):
    host.probe = WAITS
    before = {**BEFORE, "sends": False}
    assert steps_back.back(host.module(step="back", before=before), SYSTEM)["state"] == "rolled_back"


def test_a_host_whose_old_configuration_sends_nothing_either_is_broken(host):
    host.change()
    host.probe = WAITS
    found = steps_back.back(host.module(step="back", fingerprint=host.mark()), SYSTEM)
    assert (found["state"], found["failed"], found["causes"]) == ("broken", True, [DOWN])


def test_a_host_that_cannot_go_back_is_broken_and_keeps_its_stamp(host):
    host.change()
    host.fault = BackError("postfix does not start")
    found = steps_back.back(host.module(step="back", fingerprint=host.mark()), SYSTEM)
    assert (found["state"], found["failed"]) == ("broken", True)
    assert "postfix does not start" in found["msg"]
    # The configuration has gone back: going back once more would not undo that.
    assert host.stamp()["before"]["way_back"] == [3, 3]


def test_a_host_that_nothing_was_changed_on_has_nothing_to_go_back_to(host):
    assert steps_back.back(host.module(step="back", fingerprint=host.mark()), SYSTEM)["state"] == "rolled_back"
    assert host.asked == []


def test_a_host_that_kept_what_it_had_does_not_go_back_behind_an_earlier_change(host):
    proven = {"fingerprint": "earlier", "before": dict(BEFORE), "proven": 5}
    stamp.write(host.directory, proven)
    host.fault = LogInError("No.", {"diagnosis": [DOWN]})
    with pytest.raises(LogInError):
        host.change()
    host.asked.clear()
    for named in ("", None):
        found = steps_back.back(host.module(step="back", fingerprint=named), SYSTEM)
        assert (found["changed"], found["state"]) == (False, "rolled_back")
    assert (host.asked, host.stamp()) == ([], proven)


def test_in_check_mode_nothing_goes_back(host):
    host.change()
    asked = list(host.asked)
    assert steps_back.back(host.module(check_mode=True, step="back", fingerprint=host.mark()), SYSTEM)["changed"]
    assert host.asked == asked
    assert host.stamp() is not None


def attempts(*outcomes):
    """Log-ins that end so, one after the other."""
    left = list(outcomes)

    def attempt():
        fault = left.pop(0)
        if fault is not None:
            raise LogInError("No.", {"diagnosis": fault})
        return {"left": len(left)}

    return attempt


@pytest.mark.parametrize(
    ("outcomes", "seconds", "slept"),
    [
        ([None], 0, []),
        ([[REFUSED], [REFUSED], None], 60, [5.0, 5.0]),
        ([[REFUSED], None], 0, None),
        ([[REFUSED], None], 4, None),
        ([[DOWN], None], 60, None),
        ([[REFUSED, DOWN], None], 60, None),
        ([[], None], 60, None),
    ],
)
def test_a_key_that_ses_refuses_is_tried_again_for_a_time_and_nothing_else_is(outcomes, seconds, slept):
    clock, waits = [0.0], []

    def sleep(duration):
        waits.append(duration)
        clock[0] += duration

    if slept is None:
        with pytest.raises(LogInError):
            steps.patient(attempts(*outcomes), seconds, lambda: clock[0], sleep)
    else:
        assert steps.patient(attempts(*outcomes), seconds, lambda: clock[0], sleep) == {"left": 0}
        assert waits == slept


def test_causes_of_a_log_in_are_told_once():
    report = {"diagnosis": [DOWN], "ports": [{"diagnosis": [DOWN, REFUSED]}, {"diagnosis": [REFUSED]}]}
    assert sorted(item["id"] for item in steps.causes_of(report)) == ["connection_refused", "credentials_invalid"]


def test_what_there_was_is_noted_of_an_mta_that_users_can_use(host, monkeypatch, tmp_path):
    """A killed change to another MTA had closed its program, with which it counts as not installed."""
    program = tmp_path / "sendmail-mta"
    program.touch()
    program.chmod(0o2644)
    monkeypatch.setattr(opening, "ENTRANCES", {"postfix": [str(program)]})
    modes = []
    monkeypatch.setattr(steps, "note", lambda *_given: modes.append(program.stat().st_mode & 0o7777) or dict(BEFORE))
    host.fault = RefusedError(["No."], [])
    with pytest.raises(RefusedError):
        host.change()
    assert (modes, program.stat().st_mode & 0o7777) == ([0o2755], 0o2644)
