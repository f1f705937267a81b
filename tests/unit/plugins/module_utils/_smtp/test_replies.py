# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies from a stream of bytes, however they are cut into packets."""

from __future__ import annotations

import socket
from collections.abc import Iterable

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._smtp.failure import Failure
from ansible_collections.mailops.ses.plugins.module_utils._smtp.replies import (
    MAX_LINE,
    MAX_REPLY,
    Reply,
    ReplyReader,
    capabilities,
)
from hypothesis import given
from hypothesis import strategies as st

EHLO = b"250-email-smtp.amazonaws.com\r\n250-8BITMIME\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250 Ok\r\n"


def reader(packets: Iterable[bytes]) -> ReplyReader:
    """Yields the packets, then the end of the stream."""
    source = iter([*packets, b""])
    return ReplyReader(lambda: next(source))


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place for place in at if place < len(data))})
    return [data[begin:end] for begin, end in zip(places, places[1:])]


@given(st.lists(st.integers(1, 300)))
def test_packets_do_not_matter(at: list[int]) -> None:
    replies = reader(cut(b"220 mail ESMTP\r\n" + EHLO + b"235 Authentication successful.\r\n", at))
    assert replies.read() == Reply(220, "mail ESMTP")
    assert replies.read() == Reply(250, "email-smtp.amazonaws.com\n8BITMIME\nSTARTTLS\nAUTH PLAIN LOGIN\nOk")
    assert replies.read() == Reply(235, "Authentication successful.")
    assert replies.pending == b""


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"250 Ok\r\n", Reply(250, "Ok")),
        (b"250 Ok\n", Reply(250, "Ok")),
        (b"250\r\n", Reply(250, "")),
        (b"250 \r\n", Reply(250, "")),
        (b"220 caf\xe9 \x1b[31m\r\n", Reply(220, "caf? ?[31m")),
        (b"220 caf\xc3\xa9\r\n", Reply(220, "café")),
        (b"250-one\r\n250 two\r\n", Reply(250, "one\ntwo")),
    ],
)
def test_forms_of_a_reply(line: bytes, reply: Reply) -> None:
    assert reader([line]).read() == reply


def test_what_follows_a_reply_stays_pending() -> None:
    replies = reader([b"220 Ready to start TLS\r\n250 injected\r\n"])
    replies.read()
    assert replies.pending == b"250 injected\r\n"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "closed"),
        (b"220-begun\r\n", "closed"),
        (b"HTTP/1.1 400 Bad Request\r\n", "garbage"),
        (b"\x16\x03\x01\x02\x00\n", "garbage"),
        (b"2200 Ok\r\n", "garbage"),
        (b"99 Ok\r\n", "garbage"),
        (b"650 Ok\r\n", "garbage"),
        (b"\r\n", "garbage"),
        (b"220 " + b"x" * MAX_LINE + b"\r\n", "flood"),
        (b"\x00" * 10_000_000, "flood"),
        (b"220-" + b"x" * 1000 + b"\r\n", "flood"),
    ],
)
def test_what_is_no_reply(data: bytes, kind: str) -> None:
    packets = [data] * (MAX_REPLY // 1000 + 1) if data.startswith(b"220-x") else [data]
    with pytest.raises(Failure) as failure:
        reader(packets).read()
    assert failure.value.kind == kind
    assert len(failure.value.text) < 200


def test_a_stream_without_an_end_is_not_read_to_it() -> None:
    taken = 0

    def receive() -> bytes:
        nonlocal taken
        taken += 8192
        return b"x" * 8192

    with pytest.raises(Failure):
        ReplyReader(receive).read()
    assert taken <= MAX_REPLY


@pytest.mark.parametrize(
    ("packets", "kind"), [([], "timeout"), ([b"22"], "unfinished"), ([b"220-a\r\n"], "unfinished")]
)
def test_a_time_out_tells_whether_a_reply_had_begun(packets: list[bytes], kind: str) -> None:
    source = iter(packets)

    def receive() -> bytes:
        try:
            return next(source)
        except StopIteration:
            raise socket.timeout from None

    with pytest.raises(Failure) as failure:
        ReplyReader(receive).read()
    assert failure.value.kind == kind


@given(st.binary())
def test_any_bytes_give_a_reply_or_a_failure(data: bytes) -> None:
    try:
        reply = reader([data]).read()
    except Failure as failure:
        assert failure.kind in ("closed", "garbage", "flood")  # noqa: PT017 - a reply is as good an outcome
    else:
        assert 200 <= reply.code < 600
        assert all(char.isprintable() or char == "\n" for char in reply.text)


@pytest.mark.parametrize(
    "data", [b"535 no secret here\r\n", b"no secret here\r\n", b"x" * 20 + b"secret" + b"x" * 9999]
)
def test_secrets_are_masked_before_anything_is_cut(data: bytes) -> None:
    replies = ReplyReader(iter([data, b""]).__next__, lambda text: text.replace("secret", "***"))
    try:
        text = replies.read().text
    except Failure as failure:
        text = failure.text
    assert "sec" not in text
    assert "***" in text


@pytest.mark.parametrize(
    ("lines", "mechanisms"),
    [
        (["AUTH PLAIN LOGIN", "Ok"], ["PLAIN", "LOGIN"]),
        (["8BITMIME", "AUTH PLAIN LOGIN"], ["PLAIN", "LOGIN"]),
        (["auth plain login"], ["PLAIN", "LOGIN"]),
        (["AUTH=LOGIN"], ["LOGIN"]),
        (["AUTH PLAIN", "AUTH=PLAIN LOGIN"], ["PLAIN", "LOGIN"]),
        (["AUTH"], []),
        ([], []),
    ],
)
def test_mechanisms_are_read_from_the_reply_to_ehlo(lines: list[str], mechanisms: list[str]) -> None:
    assert capabilities("\n".join(["AUTH.example", *lines])).get("AUTH", []) == mechanisms
