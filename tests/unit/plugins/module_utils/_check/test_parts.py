# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a host's check: in which order, beside each other or not, and what a fault of one costs the others."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._check import parts as module
from ansible_collections.mailops.ses.plugins.module_utils._check.parts import parts
from ansible_collections.mailops.ses.plugins.module_utils._smtp.net import Net

ENDPOINT = "email-smtp.us-east-1.amazonaws.com"
OPTIONS = dict.fromkeys(
    ("region", "endpoint", "username", "password", "secret_access_key", "ca_file", "mta", "recipient")
)
SECONDS = 20.0  # that a part waits for the other; it takes none where both are at work


@pytest.fixture
def said():
    """What the parts were asked, in their order."""
    return []


@pytest.fixture
def run(monkeypatch, said):
    """The parts with outcomes that a test may replace."""
    outcomes = {
        "check": lambda: {"reachable": True},
        "probe": lambda: {"delivered": True},
        "queue": lambda: {"mta": None},
    }

    def answer(part, *facts):
        said.append((part, *facts))
        return outcomes[part]()

    monkeypatch.setattr(module.request, "_ca_file", lambda *_arguments: "/trusted.pem")
    monkeypatch.setattr(module.request, "_context", lambda *_arguments: None)
    monkeypatch.setattr(module.check, "outcome", lambda asked, net: answer("check", asked.endpoint))
    monkeypatch.setattr(
        module.send,
        "outcome",
        lambda params, installed, check_mode: answer("probe", installed(), params["endpoint"], check_mode),
    )
    monkeypatch.setattr(
        module.look, "outcome", lambda mta, endpoint, installed, run: answer("queue", mta or installed(), endpoint)
    )

    def run(installed=lambda: "postfix", check_mode=False, hide=lambda _secret: None, **options):
        names = {"region": "ses_region"}
        params = {**OPTIONS, "region": "us-east-1", "option_names": names, **options}
        return parts(params, Net(None, None, None, None), installed, check_mode, hide)

    run.outcomes = outcomes
    return run


def test_the_queue_is_read_while_the_ports_answer(run):
    begun = {"check": threading.Event(), "queue": threading.Event()}

    def both(own, other):
        begun[own].set()
        return {"seen": begun[other].wait(SECONDS)}

    run.outcomes.update(check=lambda: both("check", "queue"), queue=lambda: both("queue", "check"))
    assert run() == {"check": {"seen": True}, "probe": None, "queue": {"seen": True}}


def test_a_mail_goes_after_the_check_and_before_the_queue(run, said):
    found = run(recipient="a@b.example", check_mode=True)
    assert found == {"check": {"reachable": True}, "probe": {"delivered": True}, "queue": {"mta": None}}
    assert said == [("check", ENDPOINT), ("probe", "postfix", ENDPOINT, True), ("queue", "postfix", ENDPOINT)]


@pytest.mark.parametrize("recipient", [None, "a@b.example"])
@pytest.mark.parametrize("broken", ["check", "probe", "queue"])
def test_a_part_that_crashes_costs_the_others_nothing(run, recipient, broken):
    def crash():
        raise RuntimeError("a fault of the program")

    whole = run(recipient=recipient)
    run.outcomes[broken] = crash
    found = run(recipient=recipient)
    if broken == "probe" and recipient is None:
        assert found == whole
        return
    assert {name: part for name, part in found.items() if name != broken} == {
        name: part for name, part in whole.items() if name != broken
    }
    assert found[broken]["failed"] is True
    assert found[broken]["module_stderr"].endswith("RuntimeError: a fault of the program\n")


def test_options_at_fault_are_the_checks_result_and_the_rest_goes_on(run, said):
    found = run(region="us-est1", recipient="a@b.example")
    assert found["check"]["failed"] is True
    assert found["check"]["msg"].startswith("ses_region lacks a hyphen")
    assert said == [("probe", "postfix", None, False), ("queue", "postfix", None)]


def test_what_breaks_before_the_ports_is_the_checks_alone(run, monkeypatch):
    def broken(*_arguments, **_named):
        raise KeyError("a fault of the program")

    monkeypatch.setattr(module.request, "request_of", broken)
    found = run()
    assert found["check"]["module_stderr"].endswith("KeyError: 'a fault of the program'\n")
    assert found["queue"] == {"mta": None}


def test_the_package_manager_is_asked_once(run, said):
    answers = iter(["sendmail"])
    run(lambda: next(answers), recipient="a@b.example")
    assert [asked[1] for asked in said if asked[0] != "check"] == ["sendmail", "sendmail"]


def test_a_derived_password_is_hidden(run):
    hidden = []
    run(username="AKIAEXAMPLE", secret_access_key="some+secret+key", hide=hidden.append)
    assert [len(password) for password in hidden] == [44]
