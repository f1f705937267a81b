# SPDX-License-Identifier: GPL-3.0-or-later
"""The round-trip time: what a client has to wait at least."""

from __future__ import annotations

import time

import pytest

ROUND_TRIP = 0.1


def timed(work):
    start = time.monotonic()
    work()
    # The event loop's clock may be early by a millisecond.
    return time.monotonic() - start + 0.002


def test_every_stage_takes_its_round_trips(sim, dial):
    sim.latency(ROUND_TRIP)
    client = dial()
    # The handshake of TCP, and the banner's way.
    assert timed(client.reply) >= 2 * ROUND_TRIP
    assert timed(lambda: client.command("EHLO host")) >= ROUND_TRIP
    assert timed(lambda: client.command("STARTTLS")) >= ROUND_TRIP
    assert timed(client.handshake) >= ROUND_TRIP
    assert timed(lambda: client.command("EHLO host")) >= ROUND_TRIP
    assert timed(client.login) >= ROUND_TRIP
    assert timed(client.mail) >= 4 * ROUND_TRIP
    assert client.command("QUIT") == "221 Bye"
    assert client.line() == ""
    assert sim.sessions()[-1]["peer"] == "127.0.0.1"


def test_wrapper_port(sim, dial):
    sim.latency(ROUND_TRIP)
    client = dial(465)
    # TCP and TLS 1.3; the banner follows the client's last flight.
    assert timed(client.handshake) >= 2 * ROUND_TRIP
    assert timed(client.reply) >= ROUND_TRIP
    assert client.login().startswith("503 ")


def test_throughput_is_not_limited(sim, dial):
    sim.latency(ROUND_TRIP)
    client = dial().secure()
    client.login()
    size = 6_000_000
    took = timed(lambda: client.mail("x" * 70 + "\r\n" + ("y" * 98 + "\r\n") * (size // 100)))
    # A window of 64 kB would take 92 round trips.
    assert took < 60 * ROUND_TRIP
    assert sim.messages()[-1]["size"] >= size


@pytest.mark.parametrize("drop", [True, "reset"])
def test_drop_over_the_link(sim, dial, session, drop):
    sim.latency(0.02)
    sim.fault(stage="mail", drop=drop)
    client = dial().secure()
    client.login()
    start = time.monotonic()
    try:
        line = client.command("MAIL FROM:<a@example.com>")
    except OSError:
        line = ""
    assert line == ""
    assert time.monotonic() - start >= 0.018
    assert session()["end"] == "drop"


def test_a_client_that_leaves(sim, dial, session):
    sim.latency(0.02)
    client = dial().secure()
    client.send("QUIT\r\n")
    client.close()
    assert session()["end"] == "quit"


def test_connections_at_once(sim, dial):
    sim.latency(ROUND_TRIP)
    start = time.monotonic()
    clients = [dial() for _ in range(20)]
    for client in clients:
        client.reply()
    # They wait together, not one after the other.
    assert time.monotonic() - start < 20 * ROUND_TRIP


def test_wrong_certificate_over_the_link(sim, dial, session):
    sim.latency(0.02)
    sim.fault(certificate="expired")
    client = dial(465)
    with pytest.raises(OSError, match="expired"):
        client.handshake()
    client.close()
    assert "alert" in session()["tls_error"]
