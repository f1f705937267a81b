# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket, its client, the records and the command."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from ses_simulator import Control, Region, Simulator, SimulatorError
from ses_simulator.model import PORTS

TESTS = Path(__file__).resolve().parents[2]


def raw(path, line):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(line.encode() + b"\n")
        return json.loads(sock.makefile().readline())


def test_mode_of_the_socket(sim):
    assert sim.socket.stat().st_mode & 0o777 == 0o600


def test_an_object_a_line(sim):
    assert raw(sim.socket, '{"op": "fault", "stage": "noop", "reply": "451 x"}') == {
        "ok": True,
        "id": sim.faults()[0]["id"],
    }
    assert raw(sim.socket, '{"op": "ping"}')["ports"] == {str(port): real for port, real in sim.ports.items()}


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("nonsense", "that is no JSON"),
        ("[]", "a request is a JSON object"),
        ("{}", "a request is a JSON object"),
        ('{"op": "explode"}', "there is no operation explode; there are clear, counters"),
        ('{"op": "sessions", "until": 3}', "sessions: .*until"),
        ('{"op": "fault", "stage": "noop"}', "a fault needs an action"),
        ('{"op": "limits", "idle": "long"}', "the limit idle must be a number"),
        ('{"op": "limits", "idle": null}', "the limit idle must be a number"),
        ('{"op": "limits", "depth": 1}', "there is no limit named depth; there are idle"),
        ('{"op": "latency", "seconds": -1}', "latency must not be negative"),
        ('{"op": "credentials", "credentials": {"AKIA": 3}}', "the credential of AKIA needs a password"),
        ('{"op": "identities", "verified": "example.com"}', "verified is a list"),
        ('{"op": "wait"}', "wait takes a timeout"),
        ('{"op": "clear", "id": 99999}', "there is no fault 99999"),
    ],
)
def test_errors_are_sentences(sim, line, error):
    answer = raw(sim.socket, line)
    assert answer["ok"] is False
    assert re.match(error, answer["error"])


def test_the_client_has_the_same_methods(sim, dial):
    control = Control(sim.socket)
    number = control.fault(stage="noop", reply="451 x", times=1)
    assert control.faults()[0]["id"] == number
    client = dial()
    client.reply()
    assert client.command("NOOP") == "451 x"
    control.credentials({"AKIANEW": "new"})
    client = dial().secure()
    assert client.login().startswith("535 ")
    assert client.login("AKIANEW", "new").startswith("235 ")
    with pytest.raises(SimulatorError, match="no operation dance"):
        control.call("dance")
    control.reset()
    assert client.login().startswith("503 ")


def test_client_as_a_command(sim):
    def run(*arguments):
        command = [sys.executable, "-m", "ses_simulator.client", "--socket", str(sim.socket), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment())

    done = run("fault", '{"stage": "noop", "reply": "451 x"}')
    assert json.loads(done.stdout) == {"id": sim.faults()[0]["id"]}
    failed = run("dance")
    assert failed.returncode == 1
    assert failed.stderr.startswith("dance: there is no operation dance")


def test_open_sessions_and_since(sim, dial):
    first = dial()
    first.reply()
    (record,) = sim.sessions()
    assert record["closed"] is None
    assert record["end"] is None
    second = dial(2587)
    second.reply()
    assert [session["port"] for session in sim.sessions(since=record["session"])] == [2587]
    first.close()
    second.close()
    assert sim.wait(closed=2)
    counters = sim.counters()
    assert counters["ports"] == {"587": 1, "2587": 1}
    assert (counters["total"], counters["open"], counters["max_open"]) == (2, 0, 2)


def test_wait_gives_up(sim):
    assert sim.wait(timeout=0.05, messages=1) is False


def test_records_on_disk_never_hold_credentials(sim, dial, session):
    client = dial().secure()
    client.command("AUTH LOGIN")
    client.command("QUtJQUVYQU1QTEU=")
    client.command("c2VjcmV0LWluLWJhc2U2NA==")
    client.command("AUTH PLAIN AEFLSUEAc2VjcmV0")
    client.command("c2VjcmV0LWFzLWNvbW1hbmQ=")
    client.command("QUIT")
    record = session()
    assert [command for command, _reply in record["commands"]] == [
        "EHLO host.example.com",
        "STARTTLS",
        "EHLO host.example.com",
        "AUTH LOGIN",
        "(credential)",
        "(credential)",
        "AUTH PLAIN",
        "(unknown command)",
        "QUIT",
    ]
    assert record["client_name"] == "host.example.com"
    last = (sim.socket.parent / "sessions.jsonl").read_text().splitlines()[-1]
    assert json.loads(last) == record
    assert "c2Vj" not in last


def test_a_reset_forgets_what_was_set_and_seen(sim, dial):
    dial().reply()
    sim.fault(refuse=True)
    sim.latency(3)
    sim.limits(idle=1)
    sim.identities(verified=[])
    sim.reset()
    assert sim.faults() == []
    assert sim.limits()["idle"] == 10.0
    assert sim.call("latency") == {"seconds": 0.0}
    assert sim.counters()["total"] == 0
    client = dial().secure()
    client.login()
    assert client.mail().startswith("250 Ok ")


def test_a_long_state_directory(tmp_path):
    state = tmp_path / ("long" * 20) / ("longer" * 10)
    with Simulator(state_dir=state) as sim:
        assert Control(sim.socket).ping() == sim.ping()


@pytest.mark.parametrize(
    ("options", "message"), [({"regions": []}, "needs a region"), ({"ports": "odd"}, "ports must be")]
)
def test_a_simulator_that_cannot_be_is_refused(tmp_path, options, message):
    with pytest.raises(SimulatorError, match=message), Simulator(state_dir=tmp_path, **options):
        pass


def environment():
    return {**os.environ, "PYTHONPATH": str(TESTS), "PYTHONUNBUFFERED": "1"}


def test_the_command_runs_a_simulator(tmp_path):
    credentials = tmp_path / "credentials.json"
    credentials.write_text('{"AKIAEXAMPLE": "password"}')
    state = tmp_path / "state"
    command = [sys.executable, "-m", "ses_simulator", "--state-dir", str(state), "--host", "127.0.0.1"]
    command += ["--region", "us-east-1=127.0.0.1", "--region", "eu-west-1=127.0.0.2", "--ports", "ephemeral"]
    command += ["--credential-file", str(credentials), "--dns", "127.0.0.1:0", "--name", "web1.corp.test=10.0.0.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        word, _, ports = process.stdout.readline().partition(" ")
        assert word == "ready"
        assert set(json.loads(ports)) == {str(port) for port in PORTS}
        ready = json.loads((state / "ready").read_text())
        assert ready["ports"] == json.loads(ports)
        assert ready["dns"]
        control = Control(state / "control.sock")
        assert set(control.dns()["regions"]) == {"us-east-1", "eu-west-1"}
        assert control.call("credentials") == {"users": ["AKIAEXAMPLE"]}
        with socket.create_connection(("127.0.0.2", ready["ports"]["587"]), 10) as open_one:
            assert open_one.recv(4) == b"220 "
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    (record,) = map(json.loads, (state / "sessions.jsonl").read_text().splitlines())
    assert (record["region"], record["end"]) == ("eu-west-1", "drop")
    assert sorted(path.name for path in state.iterdir()) == ["ca.key", "ca.pem", "sessions.jsonl"]


def test_the_command_says_what_is_wrong(tmp_path):
    command = [sys.executable, "-m", "ses_simulator", "--state-dir", str(tmp_path), "--host", "203.0.113.1", "--no-dns"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 1
    assert done.stderr.startswith("ses_simulator: ")
    assert "Traceback" not in done.stderr


def test_wildcard_host_refuses_for_a_region(tmp_path):
    regions = [Region("us-east-1", ["127.0.0.1"]), Region("eu-west-1", ["127.0.0.2"])]
    with Simulator(regions=regions, state_dir=tmp_path, host="0.0.0.0") as sim:

        def connect(address):
            with socket.create_connection((address, sim.ports[587]), 10) as sock:
                assert sock.recv(4) == b"220 "

        connect("127.0.0.3")
        sim.fault(refuse=True, region="eu-west-1")
        connect("127.0.0.1")
        with pytest.raises(ConnectionRefusedError):
            connect("127.0.0.2")
        sim.clear()
        connect("127.0.0.2")
