# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail's queue files, as 8.17 and 8.18 write them, and as nobody should write them."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import SUBMITTED, Message, QueueError, summarize
from ansible_collections.mailops.ses.plugins.module_utils._sendmail import mailq
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.mailq import (
    Queue,
    configured,
    directories,
    listed,
    parse,
    queue_paths,
    sendmail_queue,
)
from hypothesis import given
from hypothesis import strategies as st

MAIN = Queue("/var/spool/mqueue")
SES = "email-smtp.us-east-1.amazonaws.com"
DEFERRED = """V8
T1795538095
K1795538095
N1
P30298
MDeferred: Connection refused by email-smtp.us-east-1.amazonaws.com.
Fs
$_localhost [127.0.0.1]
$rESMTP
$ssm12.corp.test
${daemon_flags}
S<root@sm12.corp.test>
rRFC822; success@simulator.amazonses.com
RPFD:<success@simulator.amazonses.com>
rRFC822; bounce@simulator.amazonses.com
RPFD:<bounce@simulator.amazonses.com>
H?P?Return-Path: <\udc81g>
H??Received: from sm12.corp.test (localhost [127.0.0.1])
\tby sm12.corp.test (8.17.1.9/8.17.1.9/Debian-2+deb12u2) with ESMTP id 6AOGYttJ001692
MNo reason, but a line of a header
H??Subject: x
.
"""
FRESH = DEFERRED.replace("N1\n", "N0\n").replace(
    "MDeferred: Connection refused by email-smtp.us-east-1.amazonaws.com.\n", ""
)


def written(directory: Path, name: str, text: str = DEFERRED) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def read(*directories: Path, **states: str) -> list[Message]:
    return list(sendmail_queue([Queue(str(directory), **states) for directory in directories]))


def test_a_deferred_message(tmp_path: Path) -> None:
    written(tmp_path, "qf6AOGYttJ001692")
    written(tmp_path, "df6AOGYttJ001692", "hello\n")
    assert read(tmp_path) == [
        Message(
            state="deferred",
            arrived=1795538095.0,
            sender="root@sm12.corp.test",
            recipients=("success@simulator.amazonses.com", "bounce@simulator.amazonses.com"),
            reasons=("Deferred: Connection refused by email-smtp.us-east-1.amazonaws.com.",),
        )
    ]


@pytest.mark.parametrize(
    ("name", "text", "state"),
    [("qf1", FRESH, "incoming"), ("qf1", DEFERRED, "deferred"), ("hf1", DEFERRED, "hold"), ("Qf1", "V8\nZ", "lost")],
)
def test_a_files_name_and_text_say_its_state(tmp_path: Path, name: str, text: str, state: str) -> None:
    written(tmp_path, name, text)
    assert [message.state for message in read(tmp_path)] == [state]


@pytest.mark.parametrize("name", ["df1", "xf1", "tf1", "Tf1", "core", "sendmail.pid"])
def test_other_files_are_no_messages(tmp_path: Path, name: str) -> None:
    written(tmp_path, name)
    assert read(tmp_path) == []


def test_an_empty_queue_is_empty_and_one_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert read(tmp_path) == []
    with pytest.raises(QueueError, match="gone"):
        read(tmp_path / "gone")


def test_a_message_that_is_still_being_received_does_not_count(tmp_path: Path) -> None:
    written(tmp_path, "qf1", "")
    assert read(tmp_path) == []


def test_messages_are_listed_unread(tmp_path: Path) -> None:
    mta, client = tmp_path / "mqueue", tmp_path / "client"
    for path in (mta / "qf1", mta / "hf2", mta / "df1", mta / "Qf3", client / "qf4"):
        written(path.parent, path.name)
    written(mta, "qf5", "")
    (mta / "qf6").symlink_to(mta / "qf1")
    queues = [Queue(str(mta)), Queue(str(client), SUBMITTED, SUBMITTED), Queue(str(tmp_path / "gone"))]
    found = {os.path.basename(path): state for path, state in listed(queues).items()}
    assert found == {"qf1": "queued", "hf2": "hold", "Qf3": "lost", "qf4": "client"}


def test_a_file_without_its_time_has_that_of_the_file(tmp_path: Path) -> None:
    os.utime(written(tmp_path, "Qf1", "garbage"), (5, 5))
    assert [(message.state, message.arrived) for message in read(tmp_path)] == [("lost", 5.0)]


def test_links_and_pipes_of_users_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "qf1").symlink_to(written(tmp_path / "else", "secret"))
    os.mkfifo(tmp_path / "qf2")
    (tmp_path / "qf3").mkdir()
    assert read(tmp_path) == []


def test_files_that_vanish_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailq, "_names", lambda directory: ["qf1", "qf2"])
    written(tmp_path, "qf2")
    assert len(read(tmp_path)) == 1


def test_a_running_queue(tmp_path: Path) -> None:
    written(tmp_path, "qfstays")
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            for number in range(50):
                written(tmp_path, f"tf{number}").rename(tmp_path / f"qf{number}")
            for number in range(50):
                (tmp_path / f"qf{number}").unlink()

    runner = threading.Thread(target=run)
    runner.start()
    try:
        for _ in range(20):
            assert {message.arrived for message in read(tmp_path)} == {1795538095.0}
    finally:
        stop.set()
        runner.join()


@pytest.mark.parametrize("where", ["the directory", "a file", "the parent of a wildcard"])
def test_an_unreadable_queue_is_not_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    written(tmp_path / "q1", "qf1")

    # Root may read everything: what the kernel would say to others is said here.
    def refuse(*_arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open" if where == "a file" else "listdir", refuse)
    path = str(tmp_path / ("q*" if where == "the parent of a wildcard" else "q1"))
    with pytest.raises(QueueError, match="Permission denied.*become: true"):
        list(sendmail_queue([Queue(path)]))


def test_of_ten_thousand_messages_each_is_read_once_and_the_directory_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10_000):
        written(tmp_path, f"qf{number}")
    reads: Counter[str] = Counter()

    def count(name: str, call: Any) -> None:
        def counted(*arguments: Any) -> Any:
            reads[name] += 1
            return call(*arguments)

        monkeypatch.setattr(os, name, counted)

    count("open", os.open)
    count("listdir", os.listdir)
    found = summarize(sendmail_queue([Queue(str(tmp_path))]), 1795538100.0)
    assert [(entry["count"], entry["oldest_age_seconds"]) for entry in found["reasons"]] == [(10_000, 5)]
    assert reads == {"open": 10_000, "listdir": 1}


@pytest.mark.parametrize(
    ("line", "recipients"),
    [
        ("RPFD:<a@b.test>", ("a@b.test",)),
        ("R<a@b.test>", ("a@b.test",)),
        ("Ra@b.test", ("a@b.test",)),
        ('RPFD:<"a:b"@b.test>', ('"a:b"@b.test',)),
        ("RPFD:<>", ()),
        ("R", ()),
    ],
)
def test_a_recipients_line_is_read(line: str, recipients: tuple[str, ...]) -> None:
    assert parse(f"V8\n{line}\n.\n", MAIN).recipients == recipients


@pytest.mark.parametrize(
    ("of_the_message", "of_a_recipient", "told"),
    [
        # A silent server: the recipient's words would mean that no connection came about.
        (f"reply: read error from {SES}.", f"Deferred: Connection timed out with {SES}.", 1),
        ("Deferred: 454 Throttling failure: Daily", "Deferred: 454 Throttling failure: Daily", 1),
        ("Deferred: 454 Throttling failure: Daily", "Deferred: 451 Temporary service failure", 2),
    ],
)
def test_a_recipient_s_own_reason(of_the_message: str, of_a_recipient: str, told: int) -> None:
    text = f"V8\nN1\nM{of_the_message}\nFs\nS<a@corp.test>\nM{of_a_recipient}\nRPFD:<b@example.com>\n.\n"
    assert parse(text, MAIN).reasons == (of_the_message, of_a_recipient)[:told]


@pytest.mark.parametrize("line", ["T", "Tsoon", "T-5", "T99999999999999999999", "T٣"])
def test_a_time_that_is_none(line: str) -> None:
    assert parse(f"V8\n{line}\n.\n", MAIN).arrived is None


@given(st.text() | st.lists(st.sampled_from(DEFERRED.split("\n")) | st.text()).map("\n".join))
def test_any_text_is_a_message(text: str) -> None:
    message = parse(text, MAIN)
    assert message.state in {"incoming", "deferred"}
    assert summarize([message], 0.0)["messages"] == 1


@given(st.binary())
def test_any_file_is_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    directory = tmp_path_factory.mktemp("queue")
    (directory / "qf1").write_bytes(content)
    assert len(read(directory)) == bool(content)


@pytest.mark.parametrize(
    ("cf", "paths"),
    [
        ("O QueueDirectory=/var/spool/mqueue\n", ["/var/spool/mqueue"]),
        ("O QueueDirectory = /q/*\n#O QueueDirectory=/x\n", ["/q/*"]),
        ("OQ/var/spool/old\n", ["/var/spool/old"]),
        (
            "O QueueDirectory=/q\nQmqueue, P=/q, F=f, R=10, I=5s\nQfast, Path=fast*, R=4\nQplain, R=3\n",
            ["/q", "/q/fast*"],
        ),
        ("O QueueDirectory=/q/main*\nQslow, P=/q/slow, F=f\n", ["/q/main*", "/q/slow"]),
        ("", []),
        ("O QueueDirectory=relative\n", []),
    ],
)
def test_the_configuration_names_the_queues(cf: str, paths: list[str]) -> None:
    assert queue_paths(cf) == paths


def test_wildcards_and_directories_within(tmp_path: Path) -> None:
    for name in ("q1/qf", "q1/df", "q2", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "q3").touch()
    assert directories(str(tmp_path / "q*")) == [str(tmp_path / name) for name in ("q1", "q1/qf", "q2")]
    assert directories(str(tmp_path / "gone")) == []


def test_a_directory_of_two_names_is_read_once(tmp_path: Path) -> None:
    written(tmp_path / "q1", "qf1")
    assert len(read(tmp_path / "q*", tmp_path / "q1")) == 1


def test_the_host_s_queues(tmp_path: Path) -> None:
    written(tmp_path / "etc/mail", "sendmail.cf", "O QueueDirectory=/q\n")
    written(tmp_path / "q", "qf1")
    written(tmp_path / "var/spool/mqueue-client", "qf2")
    assert sorted(message.state for message in sendmail_queue(configured(str(tmp_path)))) == ["client", "deferred"]


def test_the_queues_whose_configuration_is_gone(tmp_path: Path) -> None:
    for name in ("mqueue", "mqueue/bursts", "mqueue-client"):
        written(tmp_path / "var/spool" / name, "qf1")
    assert sorted(listed(configured(str(tmp_path))).values()) == ["client", "queued", "queued"]
