# SPDX-License-Identifier: GPL-3.0-or-later
"""The check against servers that are not SES: each ends in a diagnosis, in time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._smtp.check import check
from ansible_collections.mailops.ses.plugins.module_utils._smtp.request import Request
from ansible_collections.mailops.ses.plugins.module_utils._smtp.session import Credentials
from smtp_servers import NAME, PATIENCE, Authority, Client, Script, net, outcome, serve

CREDENTIALS = Credentials("AKIAEXAMPLE", "SES+pass/word")


def trickle(client: Client) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        client.send(b"220-still talking\r\n")
        client.pause(0.05)


def flood(client: Client) -> None:
    client.send(b"220 " + b"x" * 10_000_000 + b"\r\n")


def http(client: Client) -> None:
    client.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    client.silence()


def binary(client: Client) -> None:
    client.send(bytes(range(256)) * 40)
    client.silence()


def nothing(client: Client) -> None:
    client.silence()


def gone(_client: Client) -> None:
    pass


def half(client: Client) -> None:
    client.send(b"220")
    client.silence()


def half_a_go(client: Client) -> None:
    client.send(b"220 mail ESMTP\r\n")
    client.answer(b"250-mail\r\n250 STARTTLS\r\n")
    client.answer(b"220 g")
    client.silence()


def deaf_after_ehlo(client: Client) -> None:
    client.send(b"220 mail ESMTP\r\n")
    client.silence()


def at_once(client: Client) -> None:
    client.send(b"220 mail ESMTP\r\n250 mail\r\n")
    client.silence()


def injector(client: Client) -> None:
    client.send(b"220 mail ESMTP\r\n")
    client.answer(b"250-mail\r\n250 STARTTLS\r\n")
    client.answer(b"220 go\r\n250-mail\r\n250 AUTH PLAIN\r\n")
    client.silence()


def plain_in_place_of_tls(client: Client) -> None:
    client.send(b"220 mail ESMTP\r\n")
    client.answer(b"250-mail\r\n250 STARTTLS\r\n")
    client.answer(b"220 go\r\n")
    client.send(b"220 still in clear\r\n" * 10)
    client.silence()


LASTING = (trickle, nothing, half, half_a_go, deaf_after_ehlo)  # a check takes all its time for them


@contextlib.contextmanager
def reports(script: Script, authority: Authority, port: int, **values: Any) -> Iterator[dict[str, Any]]:
    given = {"timeout": 5.0, "context": authority.client(), "credentials": CREDENTIALS, **values}
    with serve(script) as server:
        task = Request(endpoint=NAME, region=None, client_name="web1", ports=[port], **given)
        yield check(task, net({port: server.port}))


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.mark.parametrize(
    ("script", "port", "causes"),
    [
        (trickle, 587, {"reply_unfinished"}),
        (flood, 587, {"not_smtp"}),
        (flood, 465, {"starttls_on_wrapper_port"}),
        (http, 587, {"not_smtp"}),
        pytest.param(
            http, 465, {"starttls_on_wrapper_port"}, marks=pytest.mark.cause("starttls_on_wrapper_port"), id="http-465"
        ),
        (binary, 587, {"not_smtp"}),
        (binary, 465, {"starttls_on_wrapper_port", "tls_failed"}),
        (nothing, 587, {"server_silent"}),
        (nothing, 465, {"tls_timeout"}),
        (gone, 587, {"connection_lost"}),
        (gone, 465, {"connection_lost"}),
        (half, 587, {"reply_unfinished"}),
        (half_a_go, 587, {"reply_unfinished"}),
        (deaf_after_ehlo, 587, {"server_silent"}),
        (deaf_after_ehlo, 465, {"starttls_on_wrapper_port"}),
        (at_once, 587, {"starttls_not_offered"}),
        pytest.param(injector, 587, {"starttls_injected"}, marks=pytest.mark.cause("starttls_injected"), id="injector"),
        (plain_in_place_of_tls, 587, {"starttls_on_wrapper_port", "starttls_injected"}),
    ],
)
def test_a_hostile_server_has_its_cause(authority: Authority, script: Script, port: int, causes: set[str]) -> None:
    # A check that went on waiting would tell of the connection's end: the servers wait for PATIENCE.
    with reports(script, authority, port, timeout=2.0 if script in LASTING else 5.0) as report:
        found = {diagnosis["id"] for diagnosis in report["diagnosis"]}
    assert found
    assert found <= causes
    assert CREDENTIALS.password not in str(report)


@pytest.mark.cause("wrapper_on_starttls_port")
def test_a_server_that_speaks_tls_from_the_first_byte_on_a_starttls_port(authority: Authority) -> None:
    def wrapper(client: Client) -> None:
        client.start_tls(authority.server())
        client.send(b"220 mail ESMTP\r\n")
        client.silence()

    with reports(wrapper, authority, 587, timeout=4) as report:
        assert outcome(report) == [(587, "connect", ["wrapper_on_starttls_port"])]


@pytest.mark.parametrize("form", [b"535 what is %s?\r\n", b"%s\r\n", b"535-%s\r\n535 no\r\n", b"535 %s" + b"x" * 9999])
def test_a_server_that_repeats_secrets(authority: Authority, form: bytes) -> None:
    def parrot(client: Client) -> None:
        client.start_tls(authority.server())
        client.send(b"220 mail ESMTP\r\n")
        client.answer(b"250-mail\r\n250 AUTH PLAIN\r\n")
        secret = client.line().split()[-1]
        client.send(form % secret)
        client.silence()

    with reports(parrot, authority, 465) as report:
        assert report["ports"][0]["stage"] == "ehlo"
        assert report["ports"][0]["diagnosis"]
    secret = CREDENTIALS.encoded()["PLAIN"]
    assert not any(secret[at : at + 12] in str(report) for at in range(0, len(secret) - 12))
