# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest
from ses_simulator import SimulatorError
from ses_simulator.wire import packets_of

COMMANDS = {
    "ehlo": "EHLO again",
    "auth": "AUTH LOGIN",
    "noop": "NOOP",
    "rset": "RSET",
    "quit": "QUIT",
}


def reach(dial, stage, port=587):
    """A client whose next reply is that of the stage."""
    client = dial(port)
    if stage in ("connect", "banner"):
        return client
    if stage == "starttls":
        client.reply()
        client.send("STARTTLS\r\n")
        return client
    client.secure()
    if stage in COMMANDS:
        client.send(COMMANDS[stage] + "\r\n")
        return client
    client.login()
    for name, command in (("mail", "MAIL FROM:<a@example.com>"), ("rcpt", "RCPT TO:<b@example.net>"), ("data", "DATA")):
        client.send(command + "\r\n")
        if stage == name:
            return client
        client.reply()
    client.send("Subject: x\r\n\r\n.\r\n")
    return client


STAGES = ["banner", "starttls", "auth", "mail", "rcpt", "data", "eod", "noop", "rset", "quit"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_reply_at_any_stage(sim, dial, stage):
    sim.fault(stage=stage, reply="451 Temporary service failure", times=1)
    assert reach(dial, stage).reply() == "451 Temporary service failure"
    assert sim.faults() == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_421_closes_the_connection(sim, dial, session, stage):
    sim.fault(stage=stage, reply="421 Too many concurrent SMTP connections")
    client = reach(dial, stage)
    assert client.reply() == "421 Too many concurrent SMTP connections"
    assert client.line() == ""
    assert session()["end"] == "limit"


@pytest.mark.parametrize("stage", ["connect", *STAGES])
@pytest.mark.parametrize("drop", [True, "reset"])
def test_drop_at_any_stage(sim, dial, session, stage, drop):
    sim.fault(stage=stage, drop=drop, times=1)
    # TLS or the kernel may call the missing goodbye an error.
    with contextlib.suppress(OSError):
        assert reach(dial, stage).line() == ""
    assert session()["end"] == "drop"
    assert sim.messages() == []


def test_drop_within_the_message(sim, dial, session):
    sim.fault(stage="data", drop=True, after=500)
    client = reach(dial, "data")
    assert client.reply().startswith("354 ")
    client.send(("x" * 70 + "\r\n") * 6)
    client.send(("x" * 70 + "\r\n") * 6)
    with contextlib.suppress(OSError):
        assert client.line() == ""
    assert session()["messages"] == []
    assert session()["end"] == "drop"


def test_drop_in_place_of_the_reply_to_a_message_that_is_kept(sim, dial, session):
    sim.fault(stage="eod", drop=True, kept=True, times=1)
    client = reach(dial, "data")
    assert client.reply().startswith("354 ")
    client.send("From: a@example.com\r\n\r\nHello\r\n.\r\n")
    with contextlib.suppress(OSError):
        assert client.line() == ""
    assert session()["end"] == "drop"
    assert len(sim.messages()) == 1


def test_multi_line_reply(sim, dial):
    sim.fault(stage="mail", reply="554-No.\n554-Not at all.\n554 Never.", times=1)
    assert reach(dial, "mail").reply() == "554-No.\n554-Not at all.\n554 Never."


def test_a_positive_reply_takes_effect(sim, dial):
    sim.fault(stage="eod", reply="250 2.0.0 Fine", times=1)
    sim.fault(stage="banner", reply="220-Welcome\n220 email-smtp.amazonaws.com ESMTP", times=1)
    client = dial()
    assert client.reply() == "220-Welcome\n220 email-smtp.amazonaws.com ESMTP"
    client = dial().secure()
    client.login()
    assert client.mail() == "250 2.0.0 Fine"
    assert client.mail().startswith("250 Ok ")
    assert len(sim.messages()) == 2


def test_limits_of_a_fault(sim, dial):
    sim.fault(stage="noop", reply="451 One", ports=[2587])
    sim.fault(stage="noop", reply="451 Two", region="eu-west-1")
    sim.fault(stage="noop", reply="451 Three", ports=[25], skip=1, times=1)

    def noop(port, address="127.0.0.1"):
        client = dial(port, address=address)
        client.reply()
        return client.command("NOOP")

    assert noop(587) == "250 Ok"
    assert noop(2587) == "451 One"
    assert noop(587, "127.0.0.2") == "451 Two"
    assert [noop(25) for _ in range(3)] == ["250 Ok", "451 Three", "250 Ok"]


def test_a_fault_for_some_commands_alone(sim, dial):
    sim.fault(stage="rcpt", reply="451 Not this one", matching="b+slow@", times=1)
    client = dial().secure()
    client.login()
    client.command("MAIL FROM:<a@example.com>")
    assert client.command("RCPT TO:<b@example.net>") == "250 Ok"
    assert client.command("RCPT TO:<b+slow@example.net>") == "451 Not this one"


def test_clear_one_or_all(sim):
    first, second = (sim.fault(stage="noop", reply="451 x") for _ in range(2))
    sim.clear(first)
    assert [fault["id"] for fault in sim.faults()] == [second]
    sim.clear()
    assert sim.faults() == []
    with pytest.raises(SimulatorError, match=f"no fault {first}"):
        sim.clear(first)


@pytest.mark.parametrize("stage", ["connect", "banner", "mail"])
def test_a_delay_holds_the_reply_back(sim, dial, stage):
    sim.fault(stage=stage, delay=0.3, times=1)
    start = time.monotonic()
    client = reach(dial, stage)
    assert client.reply()[:1] == "2"
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize("stage", ["connect", "tls"])
def test_a_silent_stage_answers_nothing(sim, dial, session, port, stage):
    sim.fault(stage=stage, silent=True)
    client = dial(port)
    if port == 587 and stage == "tls":
        client.reply()
        client.command("STARTTLS")
    client.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.handshake() if port == 465 or stage == "tls" else client.line()
    client.close()
    assert session()["end"] == "client"


@pytest.mark.parametrize(("value", "data"), [(True, bytes(range(128, 140))), ("00ff16", b"\x00\xff\x16")])
def test_garbage_is_sent_as_it_is(sim, dial, value, data):
    sim.fault(stage="banner", garbage=value)
    client = dial()
    assert client.sock.recv(len(data)) == data


def test_garbage_for_a_handshake(sim, dial, session):
    sim.fault(stage="tls", garbage=True, times=1)
    client = dial(465)
    with pytest.raises(OSError, match="(?i)wrong version|record layer|EOF"):
        client.handshake()
    assert session()["end"] == "drop"


@pytest.mark.parametrize(("value", "end"), [(True, b"250-endless\r\n"), ("line", b"xxxx")])
def test_an_endless_reply_goes_on_until_the_client_leaves(sim, dial, value, end):
    sim.fault(stage="ehlo", endless=value)
    client = dial()
    client.reply()
    client.send("EHLO host\r\n")
    data = b""
    while len(data) < 20000:
        data += client.sock.recv(65536)
    assert data.startswith(end)


@pytest.mark.parametrize(
    ("split", "packets"),
    [
        (None, [b"250-a\r\n250 b\r\n"]),
        ("lines", [b"250-a\r\n", b"250 b\r\n"]),
        ("bytes", [b"250", b"-a\r", b"\n25", b"0 b", b"\r\n"]),
    ],
)
def test_packets_of_a_reply(split, packets):
    assert packets_of(b"250-a\r\n250 b\r\n", split) == packets


def test_replies_can_come_in_pieces(sim, dial):
    sim.fault(stage="ehlo", split="bytes", times=1)
    client = dial()
    client.reply()
    client.send("EHLO host\r\n")
    assert len(client.sock.recv(65536, socket.MSG_PEEK)) < 50
    assert client.reply().endswith("250 Ok")


def test_auth_as_the_last_line(sim, dial):
    sim.fault(auth_last=True)
    client = dial()
    client.reply()
    assert client.command("EHLO host").endswith("\n250 AUTH PLAIN LOGIN")


def test_starttls_can_be_left_out(sim, dial):
    sim.fault(no_starttls=True)
    client = dial()
    client.reply()
    assert "STARTTLS" not in client.command("EHLO host")
    assert client.command("STARTTLS") == "502 Command not implemented"
    assert client.command("MAIL FROM:<a@example.com>") == "530 Must issue a STARTTLS command first"


def test_refuse_a_port(sim, dial):
    number = sim.fault(refuse=True, ports=[587])
    with pytest.raises(ConnectionRefusedError):
        dial(587)
    assert dial(2587).reply().startswith("220 ")
    sim.clear(number)
    assert dial(587).reply().startswith("220 ")


def test_refuse_a_region(sim, dial):
    sim.fault(refuse=True, region="eu-west-1")
    with pytest.raises(ConnectionRefusedError):
        dial(587, address="127.0.0.2")
    assert dial(587).reply().startswith("220 ")


def test_an_open_connection_survives_refusal(sim, dial):
    client = dial().secure()
    sim.fault(refuse=True)
    assert client.command("NOOP") == "250 Ok"


@pytest.mark.parametrize("where", [{}, {"region": "us-east-1"}])
def test_swallow_a_port(sim, dial, where):
    sim.fault(swallow=True, ports=[25], **where)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            dial(25, timeout=0.3)
    assert dial(587).reply().startswith("220 ")
    if where:
        assert dial(25, address="127.0.0.2").reply().startswith("220 ")
    sim.clear()
    assert dial(25).reply().startswith("220 ")


def test_a_fault_for_some_time(sim, dial):
    sim.fault(swallow=True, ports=[587], seconds=0.2)
    # The kernel sends the SYN again after a second: by then the port answers.
    assert dial(587).reply().startswith("220 ")
    assert sim.faults() == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "needs an action"),
        ({"stage": "mail"}, "needs an action"),
        ({"reply": "250 x"}, "stage must be one of connect, banner"),
        ({"stage": "helo", "reply": "250 x"}, "stage must be one of"),
        ({"stage": "mail", "certificate": "expired"}, "does not happen at the stage mail"),
        ({"certificate": "bad"}, "certificate must be one of other_name, load_balancer"),
        ({"stage": "mail", "drop": "soft"}, "drop must be one of true, reset"),
        ({"stage": "mail", "reply": "x", "ports": [26]}, "ports must be of 25, 587"),
        ({"stage": "mail", "reply": "x", "region": "mars"}, "there is no region mars"),
        ({"refuse": True, "times": 1}, "cannot be counted"),
        ({"stage": "data", "drop": True, "kept": True}, "kept goes with a drop at the stage eod"),
        ({"stage": "eod", "reply": "451 x", "kept": True}, "kept goes with a drop at the stage eod"),
        ({"stage": "mail", "explode": True}, "a fault has no explode"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(sim, values, message):
    with pytest.raises(SimulatorError, match=message):
        sim.fault(**values)
    assert sim.faults() == []


def test_refused_ports_are_kept(sim):
    sim.fault(refuse=True, ports=[587])
    with socket.socket() as sock, pytest.raises(OSError, match="in use"):
        sock.bind(("127.0.0.1", sim.ports[587]))
