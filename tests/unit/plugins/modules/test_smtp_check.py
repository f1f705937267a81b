# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mailops.ses.smtp_check as a task would run it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible_collections.mailops.ses.plugins.module_utils._ses.credentials import smtp_password
from ansible_collections.mailops.ses.plugins.module_utils._smtp import net as edge
from ansible_collections.mailops.ses.plugins.module_utils._smtp import resolver
from ansible_collections.mailops.ses.plugins.modules import smtp_check
from module_arguments import patch_module_args, printed
from ses_simulator import Simulator
from simulated import simulated

SECRET = "some+secret+key"
PASSWORD = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated(tmp_path_factory.mktemp("simulator"), {"AKIAEXAMPLE": PASSWORD}, "eu-central-1") as simulator:
        yield simulator


@pytest.fixture
def run(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> Run:
    simulator.wait(closed=simulator.counters()["total"])  # reset forgets only what has ended
    simulator.reset()

    def connect(address: str, port: int, timeout: float) -> Any:
        return edge.connect(address, simulator.ports[port], timeout)

    net = edge.Net(lambda _name: resolver.Resolved("lb.example", ["127.0.0.1"]), connect, time.monotonic, time.sleep)

    def run(**arguments: Any) -> dict[str, Any]:
        with patch_module_args({"ca_file": simulator.ca_file, **arguments}), pytest.raises(SystemExit):
            smtp_check.main(net)
        out, err = printed(capsys)
        assert SECRET not in out + err
        assert PASSWORD not in out + err
        result: dict[str, Any] = json.loads(out)
        return result

    return run


def test_it_checks_all_ports(run: Run) -> None:
    result = run(region="eu-central-1")
    assert result["changed"] is False
    assert result["reachable"] is True
    assert result["recommended_port"] == 587
    assert [port["port"] for port in result["ports"]] == [587, 2587, 465, 2465, 25]


@pytest.mark.parametrize("secret", [{"password": PASSWORD}, {"secret_access_key": SECRET}])
def test_credentials_and_addresses(run: Run, simulator: Simulator, secret: dict[str, str]) -> None:
    result = run(
        region="eu-central-1",
        ports=[587],
        username="AKIAEXAMPLE",
        sender="a@b.example",
        recipient="c@d.example",
        **secret,
    )
    assert [port["stage"] for port in result["ports"]] == ["recipient"]
    assert result["changed"] is False
    assert simulator.sessions()[0]["user"] == "AKIAEXAMPLE"
    assert simulator.messages() == []


@pytest.mark.parametrize(("check_mode", "stage", "messages"), [(True, "recipient", 0), (False, "data", 1)])
def test_a_message_is_sent_but_in_check_mode(
    run: Run, simulator: Simulator, check_mode: bool, stage: str, messages: int
) -> None:
    result = run(
        region="eu-central-1",
        ports=[465],
        username="AKIAEXAMPLE",
        password=PASSWORD,
        sender="a@b.example",
        recipient="c@d.example",
        send=True,
        _ansible_check_mode=check_mode,
    )
    assert result["changed"] is True
    assert [port["stage"] for port in result["ports"]] == [stage]
    assert len(simulator.messages()) == messages
    if messages:
        headers = dict(simulator.messages()[0]["headers"])
        assert headers["From"] == "<a@b.example>"
        assert headers["Subject"] == "Test message of smtp_check"


def test_it_fails_with_the_report_when_nothing_works(run: Run, simulator: Simulator) -> None:
    simulator.fault(refuse=True)
    result = run(region="eu-central-1")
    assert result["failed"] is True
    assert result["reachable"] is False
    assert result["recommended_port"] is None
    assert [diagnosis["id"] for diagnosis in result["diagnosis"]] == ["port_refused"]
    assert len(result["ports"]) == 5
    assert "Ports 587, 2587, 465, 2465, 25: The connection is refused" in result["msg"]


@pytest.mark.parametrize(("region", "cause"), [("eu-central-1", None), ("eu-west-1", "password_of_another_region")])
def test_a_password_beside_its_secret_tells_the_region(run: Run, region: str, cause: str | None) -> None:
    password = smtp_password(SECRET, region)
    secrets = {"password": password, "secret_access_key": SECRET}
    result = run(region="eu-central-1", ports=[587], username="AKIAEXAMPLE", **secrets)
    assert [diagnosis["id"] for diagnosis in result["diagnosis"]] == ([cause] if cause else [])
    assert password not in str(result)
    if cause:
        assert "the one for region eu-west-1, and this is eu-central-1" in result["msg"]


def test_a_derived_password_that_is_wrong_is_not_shown(run: Run) -> None:
    result = run(endpoint="email-smtp.eu-central-1.amazonaws.com", username="AKIAOTHER", secret_access_key=SECRET)
    assert [diagnosis["id"] for diagnosis in result["diagnosis"]] == ["credentials_invalid"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, ["region", "endpoint"]),
        ({"region": "us-east1"}, ["region lacks a hyphen"]),
        ({"region": "us-east-1", "ports": [26]}, ["ports has a port that SES does not listen on (26)"]),
        ({"region": "us-east-1", "timeout": 0}, ["timeout must be from 0.5 to 600 seconds"]),
        ({"region": "us-east-1", "timeout": "soon"}, ["timeout"]),
        ({"region": "us-east-1", "ca_file": "/no/such/file"}, ["ca_file /no/such/file is not there"]),
        ({"region": "us-east-1", "password": PASSWORD}, ["username"]),
        ({"region": "us-east-1", "username": "AKIAEXAMPLE"}, ["password or secret_access_key"]),
        ({"region": "us-east-1", "recipient": "a@b.example"}, ["sender"]),
        ({"region": "us-east-1", "send": True}, ["sender", "recipient"]),
        ({"region": "us-east-1", "username": "ASIAEXAMPLE", "password": PASSWORD}, ["username is a temporary key"]),
    ],
)
def test_faulty_options_fail_before_a_connection(
    run: Run, simulator: Simulator, arguments: dict[str, Any], words: list[str]
) -> None:
    result = run(**arguments)
    assert result["failed"] is True
    assert all(word in result["msg"] for word in words)
    assert simulator.sessions() == []


def test_a_fault_names_what_the_user_has_set(run: Run) -> None:
    result = run(password=PASSWORD, option_names={"region": "ses_region", "username": "ses_smtp_username"})
    assert result["msg"] == (
        "ses_region is missing: give the AWS region, or endpoint. "
        "ses_smtp_username is missing: password needs it, so give both."
    )
    assert result["diagnosis"] == []


def test_a_secret_access_key_as_password_has_its_diagnosis(run: Run) -> None:
    result = run(region="us-east-1", username="AKIAEXAMPLE", password="x" * 40)
    assert [diagnosis["id"] for diagnosis in result["diagnosis"]] == ["secret_access_key_as_password"]
    assert "mailops.ses.smtp_password" in result["msg"]


def test_the_documentation_has_the_options_and_the_results(run: Run) -> None:
    options = yaml.safe_load(smtp_check.DOCUMENTATION)["options"]
    assert {
        name: {key: value for key, value in option.items() if key not in ("description", "version_added")}
        for name, option in options.items()
    } == {
        name: {key: value for key, value in option.items() if key != "no_log"}
        for name, option in smtp_check.ARGUMENTS.items()
    }
    documented = yaml.safe_load(smtp_check.RETURN)
    result = run(region="eu-central-1")
    assert set(documented) == set(result) - {"changed", "invocation"}
    assert set(documented["ports"]["contains"]) == set(result["ports"][0])
    assert set(documented["ports"]["contains"]["certificate"]["contains"]) == set(result["ports"][0]["certificate"])


def test_the_module_is_a_script() -> None:
    assert Path(smtp_check.__file__).read_text().startswith("#!/usr/bin/python\n")
