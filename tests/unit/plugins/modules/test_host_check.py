# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.host_check as a task would run it: against the simulator, on a host with a queue or none."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible_collections.mailops.ses.plugins.module_utils._probe import mail
from ansible_collections.mailops.ses.plugins.module_utils._queue import look, messages
from ansible_collections.mailops.ses.plugins.module_utils._smtp import net as edge
from ansible_collections.mailops.ses.plugins.module_utils._smtp import request, resolver
from ansible_collections.mailops.ses.plugins.modules import host_check, mail_queue_info, smtp_check
from module_arguments import patch_module_args, printed
from ses_simulator import Simulator
from simulated import simulated

SECRET = "some+secret+key"
PASSWORD = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
LOGIN = {"region": "eu-central-1", "username": "AKIAEXAMPLE", "secret_access_key": SECRET}
NAMES = {"region": "ses_region", "username": "ses_smtp_username", "recipient": "ses_probe_recipient"}
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated(tmp_path_factory.mktemp("simulator"), {"AKIAEXAMPLE": PASSWORD}, "eu-central-1") as simulator:
        yield simulator


@pytest.fixture
def run(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Run:
    """A module's result on a host that has Postfix, and a postqueue that says this."""
    simulator.wait(closed=simulator.counters()["total"])  # reset forgets only what has ended
    simulator.reset()

    def connect(address: str, port: int, timeout: float) -> Any:
        return edge.connect(address, simulator.ports[port], timeout)

    net = edge.Net(lambda _name: resolver.Resolved("lb.example", ["127.0.0.1"]), connect, time.monotonic, time.sleep)
    for module in (host_check, mail_queue_info):
        monkeypatch.setattr(module, "installed_mta", lambda _run: "postfix")
    for file in (look, messages):
        monkeypatch.setattr(file, "SEARCH_PATH", str(tmp_path))

    def run(module: Any = host_check, postqueue: str = "", **arguments: Any) -> dict[str, Any]:
        (tmp_path / "postqueue").write_text(f"#!/bin/sh\n{postqueue}\n")
        (tmp_path / "postqueue").chmod(0o755)
        given = arguments if module is mail_queue_info else {"ca_file": simulator.ca_file, **arguments}
        with patch_module_args(given), pytest.raises(SystemExit):
            module.main(*([] if module is mail_queue_info else [net]))
        out, err = printed(capsys)
        assert SECRET not in out + err
        assert PASSWORD not in out + err
        result: dict[str, Any] = json.loads(out)
        result.pop("invocation", None)
        return result

    return run


def shape(value: Any) -> Any:
    """A result without its numbers, which differ from run to run."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value).__name__ if isinstance(value, float) else value


@pytest.mark.parametrize("secret_access_key", [SECRET, "another+secret+key"])
def test_each_part_is_what_the_single_module_returns(run: Run, secret_access_key: str) -> None:
    login = {**LOGIN, "secret_access_key": secret_access_key}
    entry = {"queue_name": "deferred", "recipients": [{"address": "b@c.example", "delay_reason": "454 Throttling"}]}
    postqueue = f"echo '{json.dumps(entry)}'"
    found = run(postqueue=postqueue, **login)
    check, queue = run(smtp_check, **login), run(mail_queue_info, postqueue, endpoint=found["check"]["endpoint"])
    assert ("failed" in check) == (secret_access_key != SECRET)
    for single in (check, queue):
        single.pop("changed", None)
    assert shape(found) == {"changed": False, "check": shape(check), "queue": shape(queue), "probe": None}


def test_a_queue_that_cannot_be_read_does_not_stop_the_log_in(run: Run, simulator: Simulator) -> None:
    found = run(postqueue="echo postqueue: fatal: no >&2; exit 69", **LOGIN)
    assert "failed" not in found
    assert (found["check"]["reachable"], simulator.sessions()[0]["user"]) == (True, "AKIAEXAMPLE")
    assert (found["queue"]["failed"], "postqueue says: postqueue: fatal: no" in found["queue"]["msg"]) == (True, True)


def test_options_at_fault_are_named_as_the_user_calls_them_and_the_queue_is_read(
    run: Run, simulator: Simulator
) -> None:
    found = run(username="AKIAEXAMPLE", password=PASSWORD, recipient="nobody", option_names=NAMES)
    assert found["check"]["msg"] == "ses_region is missing: give the AWS region, or endpoint."
    assert found["probe"]["msg"].startswith("ses_probe_recipient 'nobody' is no mail address")
    assert found["queue"]["messages"] == 0
    assert simulator.sessions() == []


def test_in_check_mode_no_mail_is_sent(run: Run) -> None:
    found = run(recipient="a@b.example", _ansible_check_mode=True, **LOGIN)
    assert found["check"]["reachable"] is True
    assert (found["probe"]["state"], found["probe"]["msg"]) == (
        "skipped",
        "In check mode no mail is sent to a@b.example.",
    )
    assert found["changed"] is False


def test_a_broken_program_does_not_stop_the_log_in(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> None:
        raise RuntimeError(f"a fault of the program, near {SECRET}")

    monkeypatch.setattr(look, "summarize", broken)
    found = run(**LOGIN)
    assert found["check"]["reachable"] is True
    assert "RuntimeError: a fault of the program, near ********" in found["queue"]["module_stderr"]


def test_the_documentation_has_the_options_and_the_parts(run: Run) -> None:
    options = yaml.safe_load(host_check.DOCUMENTATION)["options"]
    ways = options["fallback"].pop("suboptions")
    asked = {**host_check.ARGUMENTS, "fallback": {**host_check.ARGUMENTS["fallback"]}}
    for documented, arguments in ((ways, asked["fallback"].pop("options")), (options, asked)):
        assert {
            name: {key: value for key, value in option.items() if key != "description"}
            for name, option in documented.items()
        } == {
            name: {key: value for key, value in option.items() if key != "no_log"} for name, option in arguments.items()
        }
    found = run(region="eu-central-1", fallback=[{"port": "2587"}])
    assert set(yaml.safe_load(host_check.RETURN)) == set(found) - {"changed"}
    assert yaml.safe_load(host_check.EXAMPLES)


def test_the_single_modules_have_its_options() -> None:
    single = {**mail.ARGUMENTS, **request.ARGUMENTS, "recipient": {"type": "str"}}
    assert {name: single[name] for name in host_check.ARGUMENTS if name != "fallback"} == {
        name: option for name, option in host_check.ARGUMENTS.items() if name != "fallback"
    }


def test_each_further_way_is_checked_at_its_port_by_its_own_log_in(run: Run, simulator: Simulator) -> None:
    found = run(**LOGIN, fallback=[{"port": "2587"}, {"region": "eu-west-1", "smtp_password": "B" + "x" * 43}])
    ways = [(way["name"], way["endpoint"], way["port"], way["reachable"]) for way in found["fallback"]]
    assert ways == [
        ("ses_fallback[0]", "email-smtp.eu-central-1.amazonaws.com", 2587, True),
        ("ses_fallback[1]", "email-smtp.eu-west-1.amazonaws.com", 587, False),
    ]
    assert found["check"]["reachable"]


def test_the_usual_port_can_be_a_further_way_of_a_relay_that_has_another_one(run: Run, simulator: Simulator) -> None:
    (way,) = run(**LOGIN, fallback=[{"port": "587"}])["fallback"]
    assert (way["port"], way["reachable"]) == (587, True)


def test_a_further_way_without_credentials_for_its_region_is_told_and_the_host_is_checked(run: Run) -> None:
    login = {**LOGIN, "secret_access_key": None, "password": PASSWORD}
    found = run(**login, fallback=[{"region": "eu-west-1"}])
    assert "has no credentials for eu-west-1" in found["fallback"][0]["msg"]
    assert found["check"]["reachable"]


def test_without_secrets_the_check_of_a_further_way_ends_after_tls(run: Run, simulator: Simulator) -> None:
    (way,) = run(region="eu-central-1", fallback=[{"port": "2465"}])["fallback"]
    assert way["reachable"]
    assert {session["user"] for session in simulator.sessions()} == {None}
