# SPDX-License-Identifier: GPL-3.0-or-later
"""The round-trip time: what a client has to wait at least."""

from __future__ import annotations

import asyncio
import time

import pytest
from ses_simulator.link import Link

ROUND_TRIP = 0.1


def timed(work):
    begun = time.monotonic()
    work()
    return since(begun)


def since(begun):
    # The event loop's clock may be early by a millisecond.
    return time.monotonic() - begun + 0.002


def test_every_stage_takes_its_round_trips(sim, dial):
    sim.latency(ROUND_TRIP)
    begun = time.monotonic()
    client = dial()
    # The handshake of TCP, and the banner's way.
    client.reply()
    assert since(begun) >= 2 * ROUND_TRIP
    assert timed(lambda: client.command("EHLO host")) >= ROUND_TRIP
    assert timed(lambda: client.command("STARTTLS")) >= ROUND_TRIP
    assert timed(client.handshake) >= ROUND_TRIP
    assert timed(lambda: client.command("EHLO host")) >= ROUND_TRIP
    assert timed(client.login) >= ROUND_TRIP
    assert timed(client.mail) >= 4 * ROUND_TRIP
    assert client.command("QUIT") == "221 Bye"
    assert client.line() == ""
    assert sim.sessions()[-1]["peer"] == "127.0.0.1"


def test_a_wrapper_port_takes_its_round_trips(sim, dial):
    sim.latency(ROUND_TRIP)
    begun = time.monotonic()
    client = dial(465)
    # TCP and TLS 1.3; the banner follows the client's last flight. All that while the clock of the link runs.
    client.handshake()
    assert since(begun) >= 2 * ROUND_TRIP
    client.reply()
    assert since(begun) >= 3 * ROUND_TRIP
    assert client.login().startswith("503 ")


class Clock:
    """An event loop's, which the test moves on."""

    def __init__(self):
        self.now = 0.0
        self._timers = []

    def time(self):
        return self.now

    def call_at(self, when, call):
        self._timers.append((when, call))

    def reach(self, now):
        self.now = now
        while any(when <= now for when, _call in self._timers):
            due = [timer for timer in self._timers if timer[0] <= now]
            self._timers = [timer for timer in self._timers if timer[0] > now]
            for _when, call in due:
                call()


class Far(asyncio.Protocol):
    """The endpoint's end."""

    def __init__(self):
        self.connected = False
        self.size = 0

    def connection_made(self, transport):
        self.connected = True

    def data_received(self, data):
        self.size += len(data)


@pytest.fixture
def links():
    """Makes links by a clock of their own, all at its beginning: a busy machine does not count."""
    clock = Clock()

    def make(number):
        ends = [Far() for _ in range(number)]
        made = [Link(clock, ROUND_TRIP, far) for far in ends]
        for link in made:
            link.connection_made(asyncio.Transport())
        return clock, made, ends

    return make


def test_throughput_is_not_limited(links):
    """A window of 64 kB would take 92 round trips."""
    clock, (link,), (far,) = links(1)
    clock.reach(1.5 * ROUND_TRIP)
    for _ in range(100):
        link.data_received(b"y" * 60_000)
    clock.reach(1.9 * ROUND_TRIP)
    assert far.size == 0
    clock.reach(2 * ROUND_TRIP)
    assert far.size == 6_000_000


def test_connections_wait_at_the_same_time(links):
    clock, _links, ends = links(20)
    clock.reach(1.4 * ROUND_TRIP)
    assert not any(far.connected for far in ends)
    clock.reach(1.5 * ROUND_TRIP)
    assert all(far.connected for far in ends)


def test_a_large_mail_passes_over_the_link(sim, dial):
    sim.latency(ROUND_TRIP)
    client = dial().secure()
    client.login()
    size = 6_000_000
    assert client.mail("x" * 70 + "\r\n" + ("y" * 98 + "\r\n") * (size // 100)).startswith("250 ")
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


def test_twenty_connections_are_open_at_once(sim, dial):
    sim.latency(ROUND_TRIP)
    clients = [dial() for _ in range(20)]
    assert all(client.reply().startswith("220 ") for client in clients)
    assert sim.counters()["open"] == 20


def test_wrong_certificate_over_the_link(sim, dial, session):
    sim.latency(0.02)
    sim.fault(certificate="expired")
    client = dial(465)
    with pytest.raises(OSError, match="expired"):
        client.handshake()
    client.close()
    assert "alert" in session()["tls_error"]
